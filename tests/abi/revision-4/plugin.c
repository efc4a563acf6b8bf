/* A plugin of ABI revision 4, built from that revision's header: what was built then must load and work for as long as
 * CROSSDOCK_ABI_OLDEST is at most 4. Uses what revision 4 brought. */
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

/* Answers with the first byte of an HMAC and its length, as the exchange. */
static uint32_t create_order(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    xd_text mac;
    char out[256];
    if (host->hmac(host->context, XD_HMAC_SHA256, text("key"), input, &mac) != XD_OK) {
        reply->fault(reply->context, host->problem(host->context));
        return XD_FAULT;
    }
    snprintf(out, sizeof(out),
             "{\"transport\":\"answered\",\"status\":200,\"supplier_order_id\":\"OLD-4\",\"exchange\":\"%u %u\"}",
             (unsigned)mac.size, (unsigned)host->size);
    reply->document(reply->context, text(out));
    return XD_OK;
}

static const xd_supplier_v1 supplier = {
    {sizeof(xd_supplier_v1), 0, manifest, create, destroy}, create_order, NULL, NULL, NULL, NULL, NULL};

static const void* get_interface(xd_text id) {
    return id.size == strlen(CROSSDOCK_SUPPLIER_ID) && memcmp(id.data, CROSSDOCK_SUPPLIER_ID, id.size) == 0 ? &supplier : NULL;
}

CROSSDOCK_EXPORT const xd_plugin crossdock_plugin = {
    sizeof(xd_plugin), CROSSDOCK_ABI_REVISION, {"revision-4", 10}, {"1.0.0", 5}, get_interface, 0, 0};
