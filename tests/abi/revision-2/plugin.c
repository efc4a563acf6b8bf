/* A plugin of ABI revision 2, built from that revision's header: what was built then must load and work for as long as
 * CROSSDOCK_ABI_OLDEST is at most 2. Uses what revision 2 brought. */
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

/* Answers with the size of its secret, and with what its file held before it wrote there. */
static uint32_t create_order(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    (void)input;
    xd_text key;
    xd_text held;
    char out[256];
    const char* held_text = "nothing";
    size_t held_size = strlen(held_text);
    char kept[64];
    if (host->secret(host->context, text("api_key"), &key) != XD_OK) {
        reply->fault(reply->context, text("there is no api_key"));
        return XD_FAULT;
    }
    const size_t key_size = key.size;
    const uint32_t status = host->file_read(host->context, text("cursor"), &held);
    if (status == XD_OK && held.size < sizeof(kept)) {
        memcpy(kept, held.data, held.size);
        held_text = kept;
        held_size = held.size;
    }
    if (status == XD_FAULT || host->file_write(host->context, text("cursor"), text("17")) != XD_OK) {
        reply->fault(reply->context, host->problem(host->context));
        return XD_FAULT;
    }
    snprintf(out, sizeof(out),
             "{\"transport\":\"answered\",\"status\":200,\"supplier_order_id\":\"OLD-2\",\"exchange\":\"%u %.*s %u\"}",
             (unsigned)key_size, (int)held_size, held_text, (unsigned)host->size);
    reply->document(reply->context, text(out));
    return XD_OK;
}

/* It is busy: a fault with a pause. */
static uint32_t find_order(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    (void)host;
    (void)input;
    reply->fault(reply->context, text("busy"));
    if (XD_HAS(reply, xd_reply, retry_after)) { reply->retry_after(reply->context, 7000); }
    return XD_FAULT;
}

static const xd_supplier_v1 supplier = {
    {sizeof(xd_supplier_v1), XD_SERIAL_CALLS, manifest, create, destroy}, create_order, find_order, NULL, NULL, NULL, NULL};

static const void* get_interface(xd_text id) {
    return id.size == strlen(CROSSDOCK_SUPPLIER_ID) && memcmp(id.data, CROSSDOCK_SUPPLIER_ID, id.size) == 0 ? &supplier : NULL;
}

CROSSDOCK_EXPORT const xd_plugin crossdock_plugin = {
    sizeof(xd_plugin), CROSSDOCK_ABI_REVISION, {"revision-2", 10}, {"1.0.0", 5}, get_interface, 0, 0};
