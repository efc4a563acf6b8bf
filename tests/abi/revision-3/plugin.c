/* A plugin of ABI revision 3, built from that revision's header: what was built then must load and work for as long as
 * CROSSDOCK_ABI_OLDEST is at most 3. Uses what revision 3 brought. */
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
    reply->document(reply->context, text("{\"classes\":{},\"settings\":[]}"));
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

/* Answers with what `.reference | length` gives for its input, as the supplier's id. */
static uint32_t create_order(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    xd_text value;
    char out[256];
    const uint32_t status = host->evaluate(host->context, text(".reference | length"), input, &value);
    if (status == XD_CANCELED) { return XD_CANCELED; }
    if (status != XD_OK) {
        reply->fault(reply->context, host->problem(host->context));
        return XD_FAULT;
    }
    snprintf(out, sizeof(out),
             "{\"transport\":\"answered\",\"status\":200,\"supplier_order_id\":\"OLD-3\",\"exchange\":\"%.*s %u\"}",
             (int)value.size, value.data, (unsigned)host->size);
    reply->document(reply->context, text(out));
    return XD_OK;
}

static const xd_supplier_v1 supplier = {
    {sizeof(xd_supplier_v1), 0, manifest, create, destroy}, create_order, NULL, NULL, NULL, NULL, NULL};

static const void* get_interface(xd_text id) {
    return id.size == strlen(CROSSDOCK_SUPPLIER_ID) && memcmp(id.data, CROSSDOCK_SUPPLIER_ID, id.size) == 0 ? &supplier : NULL;
}

CROSSDOCK_EXPORT const xd_plugin crossdock_plugin = {
    sizeof(xd_plugin), CROSSDOCK_ABI_REVISION, {"revision-3", 10}, {"1.0.0", 5}, get_interface, 0, 0};
