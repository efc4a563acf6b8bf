#include <crossdock/abi.h>

/// As a plugin of another ABI revision would look: nothing behind the revision can be relied on.
extern "C" CROSSDOCK_EXPORT const xd_plugin crossdock_plugin = {
    sizeof(xd_plugin), CROSSDOCK_ABI_REVISION + 1, {"other", 5}, {"1", 1}, nullptr, 0, 0};
