#include "model.hpp"

extern "C" __attribute__((visibility("default"))) int acme_debug() {
    return 0;
}

CROSSDOCK_EXPORT_SUPPLIER(model::Model)
