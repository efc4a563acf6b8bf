#pragma once

#include <crossdock/documents.hpp>
#include <crossdock/manifest.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace crossdock::sdk {

/// Thrown by operations that a plugin does not have.
class NotSupported : public std::runtime_error {
public:
    NotSupported() : std::runtime_error("not supported by this plugin") {}
};

/// What an integrator derives from to talk to one supplier. Also has, as statics, `manifest` and `settings()`.
///
/// What it overrides is what it can: the rest is not offered. (Declare overrides public.)
///
/// Threads:  operations of one object may run at once on several threads; keep no state, guard it, or say `serial_calls`.
/// Lifetime: one object per account, made before the first operation, by a constructor that takes `const Host&` or nothing.
/// Errors:   an exception is a fault, and its text is shown; RetryLater adds a pause. What a peer answered to an effect is no
///           exception: report it.
class SupplierAdapter {
public:
    SupplierAdapter() = default;
    SupplierAdapter(const SupplierAdapter&) = delete;
    SupplierAdapter& operator=(const SupplierAdapter&) = delete;
    virtual ~SupplierAdapter() = default;

    /// An effect: one request on the wire at most.
    virtual Submission create_order(const Order& /*order*/, Host& /*host*/) { throw NotSupported(); }
    /// Asks for orders by our reference. It changes nothing, so it may send several requests.
    virtual Lookup find_order(const std::string& /*reference*/, Host& /*host*/) { throw NotSupported(); }
    /// What the supplier says of one order now, a piece of evidence for each thing that it says.
    virtual std::vector<Evidence> get_order_status(const PlacedOrder& /*order*/, Host& /*host*/) { throw NotSupported(); }
    /// An effect: one request on the wire at most.
    virtual Submission cancel_order(const Cancellation& /*order*/, Host& /*host*/) { throw NotSupported(); }
    /// Reads the whole stock. Returning means that it was complete; anything less is an exception.
    virtual std::string sync_inventory(InventorySink& /*sink*/, Host& /*host*/) { throw NotSupported(); }
    /// Translates a payload. Errors: one that it does not understand; the text names the field.
    virtual std::vector<Evidence> handle_webhook(const Webhook& /*webhook*/, Host& /*host*/) { throw NotSupported(); }
    /// The same, of a supplier whose webhooks tell of stock, too: overridden instead of handle_webhook.
    virtual WebhookReport read_webhook(const Webhook& webhook, Host& host) {
        WebhookReport report;
        report.evidence = handle_webhook(webhook, host);
        return report;
    }
};

/// What an integrator derives from to tell people things. Threads, lifetime and errors as SupplierAdapter.
class NotificationChannel {
public:
    NotificationChannel() = default;
    NotificationChannel(const NotificationChannel&) = delete;
    NotificationChannel& operator=(const NotificationChannel&) = delete;
    virtual ~NotificationChannel() = default;

    /// An effect: one message on the wire at most.
    virtual Delivery deliver(const Message& /*message*/, Host& /*host*/) { throw NotSupported(); }
};

/// What an integrator derives from to read secrets from where they are kept. Threads, lifetime and errors as SupplierAdapter.
class SecretsProvider {
public:
    SecretsProvider() = default;
    SecretsProvider(const SecretsProvider&) = delete;
    SecretsProvider& operator=(const SecretsProvider&) = delete;
    virtual ~SecretsProvider() = default;

    /// One secret. It changes nothing, so it may send several requests.
    /// Errors: there is none, or it may not be read; the text names it, and holds nothing of it.
    virtual std::string read(const WantedSecret& /*wanted*/, Host& /*host*/) { throw NotSupported(); }
};

}  // namespace crossdock::sdk
