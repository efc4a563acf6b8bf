/* What the author of a plugin in plain C writes: compiled as pedantic C11. */
#include <crossdock/c_json.h>

size_t c_json_order_in_c(xd_text input, char* out, size_t room);

/* Writes {"reference", "items": [{"sku", "quantity", "unit_price"}], "lines"} from a create_order input into `out`; its size, 0
 * when something is missing or does not fit. */
size_t c_json_order_in_c(xd_text input, char* out, size_t room) {
    xd_json_writer writer;
    xd_json_items items;
    xd_text item, written;
    size_t size = 0;
    int64_t lines = 0;
    char reference[64];
    if (!xd_json_valid(input)) { return 0; }
    if (xd_json_string(xd_json_at(input, "/reference"), reference, sizeof(reference), NULL) != XD_JSON_DECODED) { return 0; }
    xd_json_init(&writer, room);
    xd_json_begin_object(&writer, NULL);
    xd_json_add_string(&writer, "reference", xd_text_of(reference));
    xd_json_begin_array(&writer, "items");
    items = xd_json_items_of(xd_json_at(input, "/order/items"));
    while (xd_json_next(&items, NULL, &item)) {
        xd_json_begin_object(&writer, NULL);
        xd_json_add_raw(&writer, "sku", xd_json_at(item, "/sku"));
        xd_json_add_raw(&writer, "quantity", xd_json_at(item, "/quantity"));
        xd_json_add_raw(&writer, "unit_price", xd_json_at(item, "/unit_price"));
        xd_json_end(&writer);
        ++lines;
    }
    xd_json_end(&writer);
    xd_json_add_integer(&writer, "lines", lines);
    xd_json_end(&writer);
    written = xd_json_written(&writer);
    if (written.size != 0) {
        memcpy(out, written.data, written.size);
        size = written.size;
    }
    xd_json_free(&writer);
    return size;
}
