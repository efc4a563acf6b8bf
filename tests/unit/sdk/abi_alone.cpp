#include <crossdock/abi.h>

#include <type_traits>

static_assert(std::is_standard_layout_v<xd_plugin> && std::is_trivially_copyable_v<xd_plugin>);
static_assert(std::is_standard_layout_v<xd_host> && std::is_trivially_copyable_v<xd_host>);
static_assert(std::is_standard_layout_v<xd_supplier_v1> && std::is_trivially_copyable_v<xd_supplier_v1>);

size_t abi_sizes_in_cpp();

size_t abi_sizes_in_cpp() {
    return sizeof(xd_plugin) + 100 * sizeof(xd_host) + 10000 * sizeof(xd_supplier_v1) + 1000000 * sizeof(xd_inventory_row) +
           100000000 * sizeof(xd_http_reply);
}
