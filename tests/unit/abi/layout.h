/* Writes the layout of an ABI header, a line for each struct and member: "xd_text 16", "xd_text.size 8". Compiled as C and as
 * C++, over today's header and over the frozen ones. */
#include <crossdock/abi.h>
#include <stdio.h>

static size_t write_layout(char* out, size_t size) {
    size_t at = 0;
#define XD_STRUCT(type) at += (size_t)snprintf(out + at, size - at, "%s %zu\n", #type, sizeof(type));
#define XD_MEMBER(type, member) \
    at += (size_t)snprintf(out + at, size - at, "%s.%s %zu\n", #type, #member, offsetof(type, member));
#include MEMBERS
#undef XD_STRUCT
#undef XD_MEMBER
    return at;
}
