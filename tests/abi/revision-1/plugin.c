/* A plugin of ABI revision 1, built from that revision's header: what was built then must load and work for as long as
 * CROSSDOCK_ABI_OLDEST is 1. */
#include <crossdock/abi.h>

#include <stdio.h>
#include <string.h>

static xd_text text(const char* words) {
    xd_text made;
    made.data = words;
    made.size = strlen(words);
    return made;
}

static uint32_t manifest(const xd_reply* reply) {
    reply->document(reply->context, text("{\"classes\":{\"create_order\":\"lookup\"},\"settings\":["
                                         "{\"name\":\"base_url\",\"type\":\"url\",\"description\":\"Root\",\"required\":true},"
                                         "{\"name\":\"api_key\",\"type\":\"string\",\"description\":\"Key\",\"required\":true,"
                                         "\"secret\":true}]}"));
    return XD_OK;
}

static uint32_t create(const xd_host* host, const xd_reply* reply, void** instance) {
    (void)host;
    (void)reply;
    *instance = NULL;
    return XD_OK;
}

static void destroy(void* instance) {
    (void)instance;
}

/* Answers with its settings, in which revision 1 has the secrets too, and with what a GET of base_url gave. */
static uint32_t create_order(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    (void)input;
    const xd_text settings = host->settings(host->context);
    char url[256];
    const char* const key = "\"base_url\":\"";
    const char* at = strstr(settings.data, key);
    if (at == NULL) {
        reply->fault(reply->context, text("there is no base_url"));
        return XD_FAULT;
    }
    at += strlen(key);
    size_t size = 0;
    while (at[size] != '"' && size + 1 < sizeof(url)) { ++size; }
    memcpy(url, at, size);
    url[size] = '\0';
    xd_http_request request;
    memset(&request, 0, sizeof(request));
    request.size = sizeof(request);
    request.method = text("GET");
    request.url = text(url);
    xd_http_reply answer;
    memset(&answer, 0, sizeof(answer));
    answer.size = sizeof(answer);
    host->http(host->context, &request, &answer);
    const char* const secret = strstr(settings.data, "sesame") != NULL ? "with the secret" : "without the secret";
    char out[512];
    snprintf(out, sizeof(out), "{\"transport\":\"%s\",\"status\":%d,\"supplier_order_id\":\"OLD-1\",\"exchange\":\"%s\"}",
             answer.transport == XD_ANSWERED ? "answered" : "not_sent", (int)answer.status, secret);
    reply->document(reply->context, text(out));
    return XD_OK;
}

static uint32_t sync_inventory(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    (void)input;
    xd_inventory_row rows[2];
    memset(rows, 0, sizeof(rows));
    rows[0].size = rows[1].size = sizeof(xd_inventory_row);
    rows[0].sku = text("A");
    rows[0].quantity = 3;
    rows[0].price = text("231.00");
    rows[1].sku = text("B");
    rows[1].flags = XD_ROW_LOWER_BOUND;
    rows[1].quantity = 100;
    const uint32_t stored = host->emit_rows(host->context, rows, sizeof(rows[0]), 2);
    if (stored != XD_OK) { return stored; }
    reply->document(reply->context, text("{\"complete\":true,\"rows\":2,\"exchange\":\"none\"}"));
    return XD_OK;
}

static const xd_supplier_v1 supplier = {
    {sizeof(xd_supplier_v1), 0, manifest, create, destroy}, create_order, NULL, NULL, NULL, sync_inventory, NULL};

static const void* get_interface(xd_text id) {
    return id.size == strlen(CROSSDOCK_SUPPLIER_ID) && memcmp(id.data, CROSSDOCK_SUPPLIER_ID, id.size) == 0 ? &supplier : NULL;
}

CROSSDOCK_EXPORT const xd_plugin crossdock_plugin = {
    sizeof(xd_plugin), CROSSDOCK_ABI_VERSION, {"revision-1", 10}, {"1.0.0", 5}, get_interface};
