#include "library.hpp"

#include "crypto/crypto.hpp"

#include <boost/dll/shared_library.hpp>

#include <dlfcn.h>
#include <cstddef>
#include <memory>

namespace crossdock::worker {
namespace {

std::string_view view(xd_text text) {
    return text.size == 0 || text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

Fault abi_fault(const std::filesystem::path& file, std::uint32_t version) {
    const bool old = version < CROSSDOCK_ABI_OLDEST;
    const std::string range = CROSSDOCK_ABI_OLDEST == CROSSDOCK_ABI_VERSION
                                  ? std::to_string(CROSSDOCK_ABI_VERSION)
                                  : std::to_string(CROSSDOCK_ABI_OLDEST) + " to " + std::to_string(CROSSDOCK_ABI_VERSION);
    return Fault{std::string("the plugin is too ") + (old ? "old" : "new") + ": it was built for ABI version " +
                     std::to_string(version) + ", this Crossdock takes " + range +
                     (old ? "; rebuild the plugin" : "; update Crossdock"),
                 file.string()};
}

/// Which of the known interfaces a plugin has, for the message about the one that it lacks.
std::string offered(const xd_plugin& plugin) {
    std::string list;
    for (const std::string_view id : {CROSSDOCK_SUPPLIER_ID, CROSSDOCK_CHANNEL_ID}) {
        if (plugin.get_interface({id.data(), id.size()}) != nullptr) { list += (list.empty() ? "" : ", ") + std::string(id); }
    }
    return list.empty() ? "none that is known here" : list;
}

/// The operation at `offset` when the table is long enough to have it.
xd_operation member(const xd_instance_v1* base, std::size_t offset) {
    if (base->size < offset + sizeof(xd_operation)) { return nullptr; }
    return *reinterpret_cast<const xd_operation*>(reinterpret_cast<const char*>(base) + offset);
}

void read_operations(Library& library, const std::string& interface) {
    const auto add = [&library](std::string_view name, std::size_t offset) {
        library.operations.emplace_back(name, member(library.base, offset));
    };
    if (interface == CROSSDOCK_CHANNEL_ID) {
        add("deliver", offsetof(xd_channel_v1, deliver));
        return;
    }
    add("create_order", offsetof(xd_supplier_v1, create_order));
    add("find_order", offsetof(xd_supplier_v1, find_order));
    add("get_order_status", offsetof(xd_supplier_v1, get_order_status));
    add("cancel_order", offsetof(xd_supplier_v1, cancel_order));
    add("sync_inventory", offsetof(xd_supplier_v1, sync_inventory));
    add("handle_webhook", offsetof(xd_supplier_v1, handle_webhook));
}

Result<> read_manifest(Library& library, const std::filesystem::path& file) {
    Collected collected;
    const auto reply = collected.reply();
    if (library.base->manifest(&reply) != XD_OK) {
        return Fault{"the plugin gives no manifest: " + collected.fault, file.string()};
    }
    auto manifest = Json::parse(collected.document);
    if (!manifest) { return Fault{"the plugin's manifest is no JSON: " + manifest.error().text(), file.string()}; }
    const auto* classes = manifest->find("classes");
    const auto* schema = manifest->find("settings");
    if (classes == nullptr || !classes->is_object() || schema == nullptr || !schema->is_array()) {
        return Fault{"the plugin's manifest lacks \"classes\" or \"settings\"", file.string()};
    }
    library.classes = *classes;
    library.schema = *schema;
    return {};
}

}  // namespace

xd_reply Collected::reply() {
    return {sizeof(xd_reply), 0, this,
            [](void* context, xd_text json) { static_cast<Collected*>(context)->document = view(json); },
            [](void* context, xd_text what) { static_cast<Collected*>(context)->fault = view(what); }};
}

xd_operation Library::operation(std::string_view wanted) const {
    for (const auto& [known, function] : operations) {
        if (known == wanted) { return function; }
    }
    return nullptr;
}

Result<Library> load_library(const std::filesystem::path& file, const std::string& interface) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) { return Fault{"there is no such plugin file", file.string()}; }
    auto digest = crypto::sha256_file(file);
    if (!digest) { return digest.error(); }
    // Never destroyed, so never unloaded: threads of the plugin may still be inside.
    auto* shared = new boost::dll::shared_library();
    boost::dll::fs::error_code load_error;
    shared->load(boost::dll::fs::path(file), load_error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (load_error || !shared->is_loaded()) {
        // Boost.DLL answers one error code for all; the loader's own words say which it was.
        const char* reason = ::dlerror();
        return Fault{"the plugin cannot be loaded: " + (reason != nullptr ? std::string(reason) : load_error.message()),
                     file.string()};
    }
    if (!shared->has("crossdock_plugin")) {
        return Fault{"this is no Crossdock plugin: it does not export the symbol crossdock_plugin", file.string()};
    }
    const auto& plugin = shared->get<const xd_plugin>("crossdock_plugin");
    if (plugin.abi_version < CROSSDOCK_ABI_OLDEST || plugin.abi_version > CROSSDOCK_ABI_VERSION) {
        return abi_fault(file, plugin.abi_version);
    }
    if (plugin.size < sizeof(xd_plugin) || plugin.get_interface == nullptr) {
        return Fault{"the plugin's descriptor is too short for ABI version " + std::to_string(plugin.abi_version), file.string()};
    }
    Library library;
    library.name = view(plugin.name);
    library.version = view(plugin.version);
    library.digest = std::move(*digest);
    library.base = static_cast<const xd_instance_v1*>(plugin.get_interface({interface.data(), interface.size()}));
    if (library.base == nullptr) {
        return Fault{"the plugin does not offer the interface " + interface + "; it offers " + offered(plugin), file.string()};
    }
    if (library.base->size < sizeof(xd_instance_v1)) { return Fault{"the plugin's interface table is too short", file.string()}; }
    if (const auto manifest = read_manifest(library, file); !manifest) { return manifest.error(); }
    read_operations(library, interface);
    return library;
}

}  // namespace crossdock::worker
