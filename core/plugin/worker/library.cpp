#include "library.hpp"

#include "base/joined.hpp"
#include "crypto/crypto.hpp"
#include "jq/interface.hpp"

#include <crossdock/structs.hpp>

#include <boost/dll/shared_library.hpp>

#include <dlfcn.h>
#include <cstddef>
#include <deque>
#include <mutex>

namespace crossdock::worker {
namespace {

/// The members that a descriptor has had since revision 1.
constexpr std::size_t first_descriptor_size = offsetof(xd_plugin, get_interface) + sizeof(xd_plugin::get_interface);

/// Never destroyed, so never unloaded: threads of the plugin may still be inside.
boost::dll::shared_library& kept_library() {
    static std::mutex mutex;
    static auto& kept = *new std::deque<boost::dll::shared_library>();
    const std::scoped_lock lock(mutex);
    return kept.emplace_back();
}

std::string revisions() {
    return CROSSDOCK_ABI_OLDEST == CROSSDOCK_ABI_REVISION
               ? std::to_string(CROSSDOCK_ABI_REVISION)
               : std::to_string(CROSSDOCK_ABI_OLDEST) + " to " + std::to_string(CROSSDOCK_ABI_REVISION);
}

/// Why this host cannot serve the plugin, by the revisions alone.
std::optional<Fault> misfit(const std::filesystem::path& file, std::uint32_t built_for, std::uint32_t needs) {
    if (built_for < CROSSDOCK_ABI_OLDEST) {
        return Fault{"the plugin is too old: it was built for ABI revision " + std::to_string(built_for) +
                         ", this Crossdock takes " + revisions() + "; rebuild the plugin",
                     file.string()};
    }
    if (needs > CROSSDOCK_ABI_REVISION) {
        return Fault{"the plugin is too new: it needs ABI revision " + std::to_string(needs) + ", this Crossdock takes " +
                         revisions() + "; update Crossdock",
                     file.string()};
    }
    return {};
}

const xd_instance_v1* table_of(const xd_plugin& plugin, std::string_view interface) {
    return static_cast<const xd_instance_v1*>(plugin.get_interface({interface.data(), interface.size()}));
}

/// What a plugin can be used for; the expression evaluator's interface is for Crossdock itself.
std::vector<std::string> offered(const xd_plugin& plugin) {
    std::vector<std::string> list;
    for (const std::string_view id : {CROSSDOCK_SUPPLIER_ID, CROSSDOCK_CHANNEL_ID, CROSSDOCK_SECRETS_ID}) {
        if (table_of(plugin, id) != nullptr) { list.emplace_back(id); }
    }
    return list;
}

/// The operation at `offset` when the table is long enough to have it.
xd_operation member(const xd_instance_v1* base, std::size_t offset) {
    if (base->size < offset + sizeof(xd_operation)) { return nullptr; }
    return *reinterpret_cast<const xd_operation*>(reinterpret_cast<const char*>(base) + offset);
}

void read_operations(Library& library, const std::string& interface) {
    const auto add = [&library](std::string_view name, std::size_t offset) {
        if (const auto operation = member(library.base, offset); operation != nullptr) {
            library.operations.emplace_back(name, operation);
        }
    };
    if (interface == CROSSDOCK_CHANNEL_ID) {
        add("deliver", offsetof(xd_channel_v1, deliver));
        return;
    }
    if (interface == CROSSDOCK_SECRETS_ID) {
        add("read", offsetof(xd_secrets_v1, read));
        return;
    }
    if (interface == CROSSDOCK_EXPRESSIONS_ID) {
        add("check", offsetof(xd_expressions_v1, check));
        add("evaluate", offsetof(xd_expressions_v1, evaluate));
        add("evaluate_one", offsetof(xd_expressions_v1, evaluate_one));
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
    return {sizeof(xd_reply),
            0,
            this,
            [](void* context, xd_text json) {
                auto& collected = *static_cast<Collected*>(context);
                collected.document = sdk::view(json);
                ++collected.documents;
            },
            [](void* context, xd_text what) { static_cast<Collected*>(context)->fault = sdk::view(what); },
            [](void* context, std::int64_t delay_ms) { static_cast<Collected*>(context)->retry_after_ms = delay_ms; }};
}

Json Library::manifest() const {
    Json names = Json::array();
    for (const auto& operation : operations) { names.push(operation.first); }
    Json ids = Json::array();
    for (const auto& id : interfaces) { ids.push(id); }
    Json made = Json::object({{"name", name}, {"version", version}, {"interface", interface}, {"digest", digest}});
    made.set("abi_revision", static_cast<std::int64_t>(abi_revision)).set("abi_needs", static_cast<std::int64_t>(abi_needs));
    made.set("interfaces", std::move(ids)).set("operations", std::move(names)).set("serial_calls", serial_calls);
    return std::move(made.set("classes", classes).set("settings", schema));
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
    auto* shared = &kept_library();
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
    Library library;
    library.abi_revision = plugin.abi_revision;
    library.abi_needs = XD_HAS(&plugin, xd_plugin, abi_needs) && plugin.abi_needs != 0 ? plugin.abi_needs : plugin.abi_revision;
    if (auto fault = misfit(file, library.abi_revision, library.abi_needs)) { return *fault; }
    if (plugin.size < first_descriptor_size || plugin.get_interface == nullptr) {
        return Fault{"the plugin's descriptor is cut short: it says that it has " + std::to_string(plugin.size) +
                         " bytes, and revision 1 has " + std::to_string(first_descriptor_size),
                     file.string()};
    }
    library.name = sdk::view(plugin.name);
    library.version = sdk::view(plugin.version);
    library.digest = std::move(*digest);
    library.interfaces = offered(plugin);
    library.interface = interface.empty() && !library.interfaces.empty() ? library.interfaces.front() : interface;
    library.base = table_of(plugin, library.interface);
    if (library.base == nullptr) {
        return Fault{"the plugin does not offer the interface " + library.interface + "; it offers " +
                         (library.interfaces.empty() ? "none that is known here" : joined(library.interfaces)),
                     file.string()};
    }
    if (library.base->size < sizeof(xd_instance_v1) || library.base->manifest == nullptr || library.base->create == nullptr ||
        library.base->destroy == nullptr) {
        return Fault{"the plugin's interface table is cut short", file.string()};
    }
    library.serial_calls = library.abi_revision >= 2 && (library.base->flags & XD_SERIAL_CALLS) != 0;
    if (const auto manifest = read_manifest(library, file); !manifest) { return manifest.error(); }
    read_operations(library, library.interface);
    return library;
}

}  // namespace crossdock::worker
