#include <crossdock/abi.h>

/* What C takes the layout for; compared with C++'s in exports_test.cpp. */
size_t abi_sizes_in_c(void);

size_t abi_sizes_in_c(void) {
    return sizeof(xd_plugin) + 100 * sizeof(xd_host) + 10000 * sizeof(xd_supplier_v1) + 1000000 * sizeof(xd_inventory_row) +
           100000000 * sizeof(xd_http_reply);
}
