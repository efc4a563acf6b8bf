#include "layout.h"

#include <string>
#include <type_traits>

static_assert(std::is_standard_layout_v<xd_plugin> && std::is_trivially_copyable_v<xd_plugin>);
static_assert(std::is_standard_layout_v<xd_host> && std::is_trivially_copyable_v<xd_host>);
static_assert(std::is_standard_layout_v<xd_supplier_v1> && std::is_trivially_copyable_v<xd_supplier_v1>);

std::string layout_in_cpp();

std::string layout_in_cpp() {
    std::string out(65536, '\0');
    out.resize(write_layout(out.data(), out.size()));
    return out;
}
