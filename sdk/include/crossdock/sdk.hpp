#pragma once

/// Everything that the author of a plugin needs: derive from SupplierAdapter or NotificationChannel, then export the class.
#include <crossdock/abi.h>
#include <crossdock/documents.hpp>
#include <crossdock/encoding.hpp>
#include <crossdock/export.hpp>
#include <crossdock/host.hpp>
#include <crossdock/json.hpp>
#include <crossdock/manifest.hpp>
#include <crossdock/plugin.hpp>
#include <crossdock/url.hpp>
