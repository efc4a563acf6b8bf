#pragma once

#include <crossdock/abi.h>
#include <crossdock/host.hpp>
#include <crossdock/json.hpp>
#include <crossdock/testing/fake_host.hpp>
#include <crossdock/testing/settings.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::sdk::testing {

/// How an operation ended.
enum class Status : std::uint32_t {
    ok = XD_OK,
    fault = XD_FAULT,
    not_supported = XD_NOT_SUPPORTED,
    canceled = XD_CANCELED,
};

[[nodiscard]] constexpr std::string_view name(Status status) {
    switch (status) {
        case Status::ok: return "ok";
        case Status::not_supported: return "not_supported";
        case Status::canceled: return "canceled";
        case Status::fault: break;
    }
    return "fault";
}

/// What an operation answered, as the engine gets to see it: secrets are blotted out of faults, reasons and exchanges.
struct Answer {
    Status status = Status::fault;
    Json document = {};      ///< null unless ok
    std::string fault = {};  ///< why it is not ok
    std::optional<std::int64_t> retry_after_ms = {};

    [[nodiscard]] bool ok() const { return status == Status::ok; }
};

/// The operations of both interfaces, and which of them are effects.
struct OperationInfo {
    std::string_view name;
    std::string_view interface;
    std::size_t offset;
    bool effect;
};
inline constexpr std::array<OperationInfo, 8> known_operations{{
    {"create_order", CROSSDOCK_SUPPLIER_ID, offsetof(xd_supplier_v1, create_order), true},
    {"find_order", CROSSDOCK_SUPPLIER_ID, offsetof(xd_supplier_v1, find_order), false},
    {"get_order_status", CROSSDOCK_SUPPLIER_ID, offsetof(xd_supplier_v1, get_order_status), false},
    {"cancel_order", CROSSDOCK_SUPPLIER_ID, offsetof(xd_supplier_v1, cancel_order), true},
    {"sync_inventory", CROSSDOCK_SUPPLIER_ID, offsetof(xd_supplier_v1, sync_inventory), false},
    {"handle_webhook", CROSSDOCK_SUPPLIER_ID, offsetof(xd_supplier_v1, handle_webhook), false},
    {"deliver", CROSSDOCK_CHANNEL_ID, offsetof(xd_channel_v1, deliver), true},
    {"read", CROSSDOCK_SECRETS_ID, offsetof(xd_secrets_v1, read), false},
}};

[[nodiscard]] inline const OperationInfo* find_operation(std::string_view operation) {
    const auto* const found = std::find_if(known_operations.begin(), known_operations.end(),
                                           [&](const OperationInfo& one) { return one.name == operation; });
    return found == known_operations.end() ? nullptr : found;
}

namespace detail {

/// One interface of a plugin.
struct Interface {
    std::string id;
    const xd_instance_v1* base;
    Json manifest;
    Json schema;

    /// Null when the plugin does not have it.
    [[nodiscard]] xd_operation operation(const OperationInfo& info) const {
        if (info.interface != id || base->size < info.offset + sizeof(xd_operation)) { return nullptr; }
        return *reinterpret_cast<const xd_operation*>(reinterpret_cast<const char*>(base) + info.offset);
    }
};

struct LoadedPlugin {
    std::string file;  ///< or the plugin's name; begins each error
    std::string name;
    std::string version;
    std::uint32_t abi_revision = 0;
    std::uint32_t abi_needs = 0;
    std::vector<Interface> interfaces = {};
};

/// Collects what a plugin hands to its xd_reply.
struct Collected {
    std::string document;
    std::string fault;
    std::optional<std::int64_t> retry_after_ms;

    /// As a host of that revision makes it.
    [[nodiscard]] xd_reply reply(std::uint32_t revision) {
        xd_reply made{sizeof(xd_reply),
                      0,
                      this,
                      [](void* self, xd_text json) { static_cast<Collected*>(self)->document = view(json); },
                      [](void* self, xd_text what) { static_cast<Collected*>(self)->fault = view(what); },
                      [](void* self, std::int64_t delay) { static_cast<Collected*>(self)->retry_after_ms = delay; }};
        if (revision < 2) {
            made.size = offsetof(xd_reply, retry_after);
            made.retry_after = nullptr;
        }
        return made;
    }
};

}  // namespace detail

/// One object of the plugin, for one account. Made by Plugin::start.
/// Threads: one. Lifetime: the plugin's object goes with it.
class Instance {
public:
    Instance(Instance&& other) noexcept
        : plugin_(std::move(other.plugin_)),
          interface_(other.interface_),
          account_(std::move(other.account_)),
          raw_(std::exchange(other.raw_, nullptr)),
          alive_(std::exchange(other.alive_, false)) {}
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    Instance& operator=(Instance&&) = delete;
    ~Instance() {
        if (alive_) { interface_->base->destroy(raw_); }
    }

    /// Calls one operation, "create_order" for example, as the engine does.
    /// Errors: std::runtime_error for a name that is no operation. All else is in the answer.
    [[nodiscard]] Answer call(std::string_view operation, const Document& input, FakeHost& host) {
        const auto* const info = find_operation(operation);
        if (info == nullptr) { throw std::runtime_error("there is no operation \"" + std::string(operation) + "\""); }
        const std::string not_supported = std::string(operation) + " is not supported by the plugin " + plugin_->name;
        const auto function = interface_->operation(*info);
        if (function == nullptr) { return {.status = Status::not_supported, .fault = not_supported}; }
        const auto kind = info->effect ? FakeHost::Call::Kind::effect : FakeHost::Call::Kind::plain;
        const FakeHost::Call call(host, kind, account_, plugin_->abi_revision < 2);
        detail::Collected collected;
        const auto reply = collected.reply(host.revision());
        detail::Lent lent;
        const auto status = function(raw_, call.table(), lent.text(input.text()), &reply);
        if (!call.host_fault().empty()) { return {.fault = call.host_fault()}; }
        switch (status) {
            case XD_OK: return read(collected.document, host, info->effect && call.on_wire());
            case XD_NOT_SUPPORTED: return {.status = Status::not_supported, .fault = not_supported};
            case XD_CANCELED: return {.status = Status::canceled, .fault = "canceled"};
            default: break;
        }
        const bool silent = collected.fault.empty();
        return {.fault = silent ? "the plugin failed without a text" : host.redacted(collected.fault),
                .retry_after_ms = collected.retry_after_ms};
    }

private:
    friend class Plugin;
    Instance(std::shared_ptr<const detail::LoadedPlugin> plugin, const detail::Interface& interface, const Json& settings,
             FakeHost& host)
        : plugin_(std::move(plugin)), interface_(&interface) {
        const auto refuse = [this](const std::string& what) { throw std::runtime_error(plugin_->file + ": " + what); };
        try {
            account_ = Account(interface.schema, settings);
        } catch (const std::runtime_error& error) { refuse(error.what()); }
        const FakeHost::Call call(host, FakeHost::Call::Kind::create, account_, plugin_->abi_revision < 2);
        detail::Collected collected;
        const auto reply = collected.reply(host.revision());
        if (interface.base->create(call.table(), &reply, &raw_) != XD_OK) {
            refuse("the plugin does not start: " + host.redacted(collected.fault));
        }
        alive_ = true;
    }

    static Answer read(const std::string& document, const FakeHost& host, bool left) {
        Answer answer{.status = Status::ok};
        try {
            answer.document = Json::parse(document);
        } catch (const JsonError& error) { return {.fault = std::string("the plugin's answer is no JSON: ") + error.what()}; }
        // The host saw the request leave; a plugin that denies it would have the engine send again.
        if (left && answer.document.text("transport") == "not_sent") {
            return {.fault = "the plugin says that nothing was sent, but a request left"};
        }
        for (const char* const shown : {"reason", "exchange"}) {
            if (const auto text = answer.document.text(shown)) { answer.document.set(shown, host.redacted(*text)); }
        }
        return answer;
    }

    std::shared_ptr<const detail::LoadedPlugin> plugin_;
    const detail::Interface* interface_;
    Account account_;
    void* raw_ = nullptr;
    bool alive_ = false;
};

/// A plugin, seen as the engine sees it: through the C ABI alone, whatever it is written in.
///
/// Threads:  one.
/// Lifetime: a library is never unloaded; copies share it.
/// Errors:   std::runtime_error that names the file. Where an interface may be named, empty means the first that it offers.
class Plugin {
public:
    /// Errors: no file, no library, no plugin, too old, too new, a manifest that makes no sense.
    [[nodiscard]] static Plugin load(const std::filesystem::path& file) {
        const auto refuse = [&file](const std::string& what) { throw std::runtime_error(file.string() + ": " + what); };
        if (!std::filesystem::exists(file)) { refuse("there is no such plugin file"); }
        // Never closed: threads of the plugin may still be inside. An absolute path, or the loader would search its folders.
        void* const library = ::dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) { refuse(std::string("the plugin cannot be loaded: ") + ::dlerror()); }
        const auto* const descriptor = static_cast<const xd_plugin*>(::dlsym(library, "crossdock_plugin"));
        if (descriptor == nullptr) { refuse("this is no Crossdock plugin: it does not export the symbol crossdock_plugin"); }
        return Plugin(*descriptor, file.string());
    }
    /// From a descriptor that is part of the test program, and outlives this. Errors: as load.
    [[nodiscard]] static Plugin from(const xd_plugin& descriptor) { return Plugin(descriptor, ""); }

    [[nodiscard]] const std::string& name() const { return loaded_->name; }
    [[nodiscard]] const std::string& version() const { return loaded_->version; }
    /// The one that it was built with, and the oldest host that it runs on.
    [[nodiscard]] std::uint32_t abi_revision() const { return loaded_->abi_revision; }
    [[nodiscard]] std::uint32_t abi_needs() const { return loaded_->abi_needs; }

    [[nodiscard]] std::vector<std::string> interfaces() const {
        std::vector<std::string> ids;
        for (const auto& one : loaded_->interfaces) { ids.push_back(one.id); }
        return ids;
    }
    /// The names of those that it has.
    [[nodiscard]] std::vector<std::string> operations(std::string_view interface = "") const {
        std::vector<std::string> names;
        for (const auto& info : known_operations) {
            if (offered(interface).operation(info) != nullptr) { names.emplace_back(info.name); }
        }
        return names;
    }
    [[nodiscard]] bool serial_calls(std::string_view interface = "") const {
        return abi_revision() >= 2 && (offered(interface).base->flags & XD_SERIAL_CALLS) != 0;
    }
    /// {"classes": {operation: strongest effect class}, "settings": [schema rows]}
    [[nodiscard]] const Json& manifest(std::string_view interface = "") const { return offered(interface).manifest; }
    [[nodiscard]] const Json& schema(std::string_view interface = "") const { return offered(interface).schema; }

    /// Makes an object for an account with these settings, which are checked and completed first.
    /// Errors: settings that do not fit, a plugin that refuses to start.
    [[nodiscard]] Instance start(const Document& settings, std::string_view interface = "") const {
        FakeHost host;
        return start(settings, host, interface);
    }
    /// The same, with the host that serves while it is made: for its log, its clock, its revision.
    [[nodiscard]] Instance start(const Document& settings, FakeHost& host, std::string_view interface = "") const {
        Json given;
        try {
            given = settings.json();
        } catch (const JsonError& error) { refuse(std::string("the settings are no JSON: ") + error.what()); }
        return {loaded_, offered(interface), given, host};
    }

private:
    Plugin(const xd_plugin& descriptor, std::string file);

    [[noreturn]] void refuse(const std::string& what) const { throw std::runtime_error(loaded_->file + ": " + what); }
    [[nodiscard]] const detail::Interface& offered(std::string_view id) const {
        for (const auto& one : loaded_->interfaces) {
            if (id.empty() || one.id == id) { return one; }
        }
        refuse("the plugin does not offer the interface " + std::string(id) + "; it offers " +
               detail::listed(interfaces(), "none that is known here"));
    }
    [[nodiscard]] detail::Interface read(std::string_view id, const xd_instance_v1* base) const;

    std::shared_ptr<detail::LoadedPlugin> loaded_ = std::make_shared<detail::LoadedPlugin>();
};

inline Plugin::Plugin(const xd_plugin& descriptor, std::string file) {
    auto& loaded = *loaded_;
    loaded.file = file.empty() ? "the plugin" : std::move(file);
    loaded.abi_revision = descriptor.abi_revision;
    loaded.abi_needs =
        XD_HAS(&descriptor, xd_plugin, abi_needs) && descriptor.abi_needs != 0 ? descriptor.abi_needs : descriptor.abi_revision;
    const auto taken =
        ", this SDK takes " + std::to_string(CROSSDOCK_ABI_OLDEST) + " to " + std::to_string(CROSSDOCK_ABI_REVISION);
    if (loaded.abi_revision < CROSSDOCK_ABI_OLDEST) {
        refuse("the plugin is too old: it was built for ABI revision " + std::to_string(loaded.abi_revision) + taken +
               "; rebuild the plugin");
    }
    if (loaded.abi_needs > CROSSDOCK_ABI_REVISION) {
        refuse("the plugin is too new: it needs ABI revision " + std::to_string(loaded.abi_needs) + taken + "; update the SDK");
    }
    constexpr std::size_t first_size = offsetof(xd_plugin, get_interface) + sizeof(xd_plugin::get_interface);
    if (descriptor.size < first_size || descriptor.get_interface == nullptr) {
        refuse("the plugin's descriptor is cut short: it says that it has " + std::to_string(descriptor.size) +
               " bytes, and revision 1 has " + std::to_string(first_size));
    }
    loaded.name = view(descriptor.name);
    loaded.version = view(descriptor.version);
    for (const std::string_view id : {CROSSDOCK_SUPPLIER_ID, CROSSDOCK_CHANNEL_ID, CROSSDOCK_SECRETS_ID}) {
        const auto* const base = static_cast<const xd_instance_v1*>(descriptor.get_interface(text(id)));
        if (base != nullptr) { loaded.interfaces.push_back(read(id, base)); }
    }
    if (loaded.interfaces.empty()) {
        refuse("the plugin offers none of " CROSSDOCK_SUPPLIER_ID ", " CROSSDOCK_CHANNEL_ID " and " CROSSDOCK_SECRETS_ID);
    }
}

inline detail::Interface Plugin::read(std::string_view id, const xd_instance_v1* base) const {
    if (base->size < sizeof(xd_instance_v1) || base->manifest == nullptr || base->create == nullptr || base->destroy == nullptr) {
        refuse("the plugin's interface table is cut short");
    }
    detail::Collected collected;
    const auto reply = collected.reply(CROSSDOCK_ABI_REVISION);
    if (base->manifest(&reply) != XD_OK) { refuse("the plugin gives no manifest: " + collected.fault); }
    detail::Interface made{.id = std::string(id), .base = base, .manifest = {}, .schema = {}};
    try {
        made.manifest = Json::parse(collected.document);
    } catch (const JsonError& error) { refuse(std::string("the plugin's manifest is no JSON: ") + error.what()); }
    const auto* classes = made.manifest.find("classes");
    const auto* schema = made.manifest.find("settings");
    if (classes == nullptr || !classes->is_object() || schema == nullptr || !schema->is_array()) {
        refuse("the plugin's manifest lacks \"classes\" or \"settings\"");
    }
    made.schema = *schema;
    return made;
}

}  // namespace crossdock::sdk::testing
