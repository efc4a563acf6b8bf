/* Reports the same whatever it is asked: its input is never looked at. */
#include <crossdock/c_json.h>

static uint32_t manifest(const xd_reply* reply) {
    reply->document(reply->context,
                    xd_text_of("{\"classes\":{},\"settings\":["
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

static uint32_t get_order_status(void* instance, const xd_host* host, xd_text input, const xd_reply* reply) {
    (void)instance;
    (void)host;
    (void)input;
    reply->document(reply->context,
                    xd_text_of("{\"evidence\":[{\"supplier_status\":\"shipped\",\"supplier_order_id\":\"S-1\"}]}"));
    return XD_OK;
}

static const xd_supplier_v1 supplier = {
    {sizeof(xd_supplier_v1), 0, manifest, create, destroy}, NULL, NULL, get_order_status, NULL, NULL, NULL};

static const void* get_interface(xd_text id) {
    return xd_text_same(id, xd_text_of(CROSSDOCK_SUPPLIER_ID)) ? &supplier : NULL;
}

CROSSDOCK_EXPORT const xd_plugin crossdock_plugin = {sizeof(xd_plugin),
                                                     CROSSDOCK_ABI_REVISION,
                                                     {"takes_anything", sizeof("takes_anything") - 1},
                                                     {"1.0.0", 5},
                                                     get_interface,
                                                     0,
                                                     0};
