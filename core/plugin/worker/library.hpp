#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <crossdock/abi.h>

#include <filesystem>
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
    Json classes;
    Json schema;
    const xd_instance_v1* base = nullptr;
    /// Null when the plugin does not have it.
    [[nodiscard]] xd_operation operation(std::string_view name) const;

    std::vector<std::pair<std::string_view, xd_operation>> operations = {};
};

/// Loads it, checks the ABI version, and reads the manifest.
/// Errors: missing file, no library, no descriptor, too old, too new, without that interface, a manifest that makes no sense.
[[nodiscard]] Result<Library> load_library(const std::filesystem::path& file, const std::string& interface);

/// Collects what a plugin hands to an xd_reply. The text lives as long as this.
struct Collected {
    std::string document;
    std::string fault;
    [[nodiscard]] xd_reply reply();
};

}  // namespace crossdock::worker
