#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <crossdock/abi.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::worker {

/// A plugin's library with one of its interfaces. Never unloaded.
struct Library {
    std::string name;
    std::string version;
    std::string digest;  ///< SHA-256 of the file, lower-case hex
    std::uint32_t abi_revision = 0;
    std::uint32_t abi_needs = 0;          ///< the oldest host that it runs on
    std::string interface;                ///< the one that is served
    std::vector<std::string> interfaces;  ///< all known ones that it offers
    bool serial_calls = false;
    Json classes;
    Json schema;
    const xd_instance_v1* base = nullptr;
    std::vector<std::pair<std::string_view, xd_operation>> operations = {};

    /// Null when the plugin does not have it.
    [[nodiscard]] xd_operation operation(std::string_view name) const;
    /// What the handshake says of it.
    [[nodiscard]] Json manifest() const;
};

/// Loads it, checks the ABI revision, and reads the manifest. An empty `interface` takes the first one that the plugin offers.
/// Errors: missing file, no library, no descriptor, too old, too new, without that interface, a manifest that makes no sense.
[[nodiscard]] Result<Library> load_library(const std::filesystem::path& file, const std::string& interface);

/// Collects what a plugin hands to an xd_reply. The text lives as long as this.
struct Collected {
    std::string document;
    std::string fault;
    std::optional<std::int64_t> retry_after_ms;
    int documents = 0;  ///< more than one: the plugin does not know itself what its answer is
    [[nodiscard]] xd_reply reply();
};

}  // namespace crossdock::worker
