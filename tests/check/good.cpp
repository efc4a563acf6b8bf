#include "model.hpp"

CROSSDOCK_EXPORT_SUPPLIER(model::Model)
