#pragma once

#include <crossdock/abi.h>
#include <crossdock/plugin.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The trampolines between the C ABI and the classes of the SDK: nothing is thrown across, every text is passed on.
namespace crossdock::sdk::detail {

inline std::uint32_t fault(const xd_reply* reply, std::string_view what) noexcept {
    reply->fault(reply->context, text(what));
    return XD_FAULT;
}

/// Runs `body`, which returns an XD_ status, and turns whatever it throws into one.
template <class Body>
std::uint32_t guarded(const xd_reply* reply, const Body& body) noexcept {
    try {
        return body();
    } catch (const NotSupported&) { return XD_NOT_SUPPORTED; } catch (const Canceled&) {
        return XD_CANCELED;
    } catch (const RetryLater& later) {
        if (XD_HAS(reply, xd_reply, retry_after)) { reply->retry_after(reply->context, later.delay_ms()); }
        return fault(reply, later.what());
    } catch (const std::exception& error) { return fault(reply, error.what()); } catch (...) {
        return fault(reply, "the plugin threw something that is no std::exception");
    }
}

/// Runs one operation: `body` takes the plugin object, the input and the host and returns a document.
template <class Plugin, class Body>
std::uint32_t operation(void* instance, const xd_host* raw_host, xd_text input, const xd_reply* reply,
                        const Body& body) noexcept {
    return guarded(reply, [&] {
        Host host(raw_host);
        const std::string answer = body(*static_cast<Plugin*>(instance), Json::parse(view(input)), host).dump();
        reply->document(reply->context, text(answer));
        return XD_OK;
    });
}

inline Json evidence_document(const std::vector<Evidence>& evidence) {
    Json list = Json::array();
    for (const auto& one : evidence) { list.push(one.json()); }
    Json out = Json::object();
    out.set("evidence", std::move(list));
    return out;
}

/// Manifest, construction and destruction of `Derived`, seen as `Base` by the operations.
template <class Derived, class Base>
struct Instance {
    static std::uint32_t manifest(const xd_reply* reply) {
        return guarded(reply, [&] {
            constexpr Manifest says = Derived::manifest;
            Json classes = Json::object();
            if constexpr (std::is_same_v<Base, SupplierAdapter>) {
                classes.set("create_order", name(says.create_order)).set("cancel_order", name(says.cancel_order));
            }
            else if constexpr (std::is_same_v<Base, NotificationChannel>) { classes.set("deliver", name(says.deliver)); }
            Json out = Json::object();
            out.set("classes", std::move(classes)).set("settings", Derived::settings().json());
            const std::string written = out.dump();
            reply->document(reply->context, text(written));
            return XD_OK;
        });
    }

    static std::uint32_t create(const xd_host* raw_host, const xd_reply* reply, void** instance) {
        return guarded(reply, [&] {
            const Host host(raw_host);
            std::unique_ptr<Base> made;
            if constexpr (std::is_constructible_v<Derived, const Host&>) { made = std::make_unique<Derived>(host); }
            else { made = std::make_unique<Derived>(); }
            *instance = made.release();
            return XD_OK;
        });
    }

    static void destroy(void* instance) { delete static_cast<Base*>(instance); }

    static constexpr xd_instance_v1 table(std::uint32_t size) {
        return {size, Derived::manifest.serial_calls ? XD_SERIAL_CALLS : 0U, &manifest, &create, &destroy};
    }
};

struct SupplierOperations {
    using P = SupplierAdapter;

    static std::uint32_t create_order(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<P>(self, host, input, reply,
                            [](P& plugin, const Json& in, Host& h) { return plugin.create_order(Order::read(in), h).json(); });
    }
    static std::uint32_t find_order(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<P>(self, host, input, reply, [](P& plugin, const Json& in, Host& h) {
            return plugin.find_order(in.need_text("reference"), h).json();
        });
    }
    static std::uint32_t get_order_status(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<P>(self, host, input, reply, [](P& plugin, const Json& in, Host& h) {
            return evidence_document(plugin.get_order_status(PlacedOrder::read(in), h));
        });
    }
    static std::uint32_t cancel_order(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<P>(self, host, input, reply, [](P& plugin, const Json& in, Host& h) {
            return plugin.cancel_order(Cancellation::read(in), h).json();
        });
    }
    static std::uint32_t sync_inventory(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<P>(self, host, input, reply, [](P& plugin, const Json&, Host& h) {
            InventorySink sink(h.raw());
            const std::string exchange = plugin.sync_inventory(sink, h);
            Json out = Json::object();
            out.set("complete", true).set("exchange", exchange);
            sink.add_to(out);
            return out;
        });
    }
    static std::uint32_t handle_webhook(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<P>(self, host, input, reply,
                            [](P& plugin, const Json& in, Host& h) { return plugin.read_webhook(Webhook::read(in), h).json(); });
    }
};

struct ChannelOperations {
    static std::uint32_t deliver(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<NotificationChannel>(self, host, input, reply, [](NotificationChannel& plugin, const Json& in, Host& h) {
            return plugin.deliver(Message::read(in), h).json();
        });
    }
};

struct SecretsOperations {
    static std::uint32_t read(void* self, const xd_host* host, xd_text input, const xd_reply* reply) {
        return operation<SecretsProvider>(self, host, input, reply, [](SecretsProvider& plugin, const Json& in, Host& h) {
            Json out = Json::object();
            return out.set("value", plugin.read(WantedSecret::read(in), h));
        });
    }
};

/// The class that a member function was found in: the base's own when Derived does not override it.
template <class Class, class Function>
Class* owner_of(Function Class::*);

/// `operation` when Derived overrides `member`, a pointer to member such as &Derived::find_order, else null.
template <class Base, class Member>
constexpr xd_operation if_overridden(Member /*member*/, xd_operation operation) {
    return std::is_same_v<decltype(owner_of(Member{})), Base*> ? nullptr : operation;
}

/// The same where overriding either of two is enough.
template <class Base, class Member, class Other>
constexpr xd_operation if_either_overridden(Member /*member*/, Other /*other*/, xd_operation operation) {
    constexpr bool neither =
        std::is_same_v<decltype(owner_of(Member{})), Base*> && std::is_same_v<decltype(owner_of(Other{})), Base*>;
    return neither ? nullptr : operation;
}

template <class Derived>
inline constexpr xd_supplier_v1 supplier_table{
    Instance<Derived, SupplierAdapter>::table(sizeof(xd_supplier_v1)),
    if_overridden<SupplierAdapter>(&Derived::create_order, &SupplierOperations::create_order),
    if_overridden<SupplierAdapter>(&Derived::find_order, &SupplierOperations::find_order),
    if_overridden<SupplierAdapter>(&Derived::get_order_status, &SupplierOperations::get_order_status),
    if_overridden<SupplierAdapter>(&Derived::cancel_order, &SupplierOperations::cancel_order),
    if_overridden<SupplierAdapter>(&Derived::sync_inventory, &SupplierOperations::sync_inventory),
    if_either_overridden<SupplierAdapter>(&Derived::handle_webhook, &Derived::read_webhook, &SupplierOperations::handle_webhook)};

template <class Derived>
inline constexpr xd_channel_v1 channel_table{Instance<Derived, NotificationChannel>::table(sizeof(xd_channel_v1)),
                                             if_overridden<NotificationChannel>(&Derived::deliver, &ChannelOperations::deliver)};

template <class Derived>
inline constexpr xd_secrets_v1 secrets_table{Instance<Derived, SecretsProvider>::table(sizeof(xd_secrets_v1)),
                                             if_overridden<SecretsProvider>(&Derived::read, &SecretsOperations::read)};

template <class Derived>
const void* secrets_interface(xd_text id) {
    return view(id) == CROSSDOCK_SECRETS_ID ? &secrets_table<Derived> : nullptr;
}

template <class Derived>
const void* supplier_interface(xd_text id) {
    return view(id) == CROSSDOCK_SUPPLIER_ID ? &supplier_table<Derived> : nullptr;
}

template <class Derived>
const void* channel_interface(xd_text id) {
    return view(id) == CROSSDOCK_CHANNEL_ID ? &channel_table<Derived> : nullptr;
}

template <class Derived>
constexpr xd_plugin descriptor(const void* (*get_interface)(xd_text)) {
    return {sizeof(xd_plugin),
            CROSSDOCK_ABI_REVISION,
            {Derived::manifest.name.data(), Derived::manifest.name.size()},
            {Derived::manifest.version.data(), Derived::manifest.version.size()},
            get_interface,
            Derived::manifest.abi_needs,
            0};
}

}  // namespace crossdock::sdk::detail

/// Makes a library the plugin for one supplier API. Once per library, at namespace scope.
#define CROSSDOCK_EXPORT_SUPPLIER(Class)                                     \
    extern "C" CROSSDOCK_EXPORT constinit const xd_plugin crossdock_plugin = \
        crossdock::sdk::detail::descriptor<Class>(&crossdock::sdk::detail::supplier_interface<Class>);

/// Makes a library the plugin for one channel. Once per library, at namespace scope.
#define CROSSDOCK_EXPORT_CHANNEL(Class)                                      \
    extern "C" CROSSDOCK_EXPORT constinit const xd_plugin crossdock_plugin = \
        crossdock::sdk::detail::descriptor<Class>(&crossdock::sdk::detail::channel_interface<Class>);

/// Makes a library the plugin for one keeper of secrets. Once per library, at namespace scope.
#define CROSSDOCK_EXPORT_SECRETS(Class)                                      \
    extern "C" CROSSDOCK_EXPORT constinit const xd_plugin crossdock_plugin = \
        crossdock::sdk::detail::descriptor<Class>(&crossdock::sdk::detail::secrets_interface<Class>);
