#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sandbox/options.hpp"

#include <memory>

namespace crossdock::sandbox {

/// A supplier that speaks the PhoneX dialect, on 127.0.0.1, for demos, tests and integrators. What it answered is on its disk.
///
/// `POST /v1/orders`, `GET /v1/orders?reference=`, `GET /v1/orders/{supplier_order_id}`, `GET /v1/inventory?page=&page_size=`,
/// all with `Authorization: Bearer`; errors are {"error", "message"}. Controls without a key under `/_sandbox/`:
/// `GET orders`, `POST orders/{supplier_order_id}`, `GET|POST|DELETE faults`, `POST webhook_first`, `POST webhook`,
/// `POST inventory`. With folders of a portal it also takes orders as CSV files out of one and writes confirmations, shipments
/// and stock into another; `POST portal` makes it slow or careless. Faults, the portal's manners and webhook_first are forgotten
/// at a restart, all else is not.
///
/// Threads:  one executor, which runs one thing at a time; call it there.
/// Lifetime: the clock outlives it; stop(), run the executor dry, destroy.
class Supplier {
public:
    /// Replays the journal and listens. Errors: port or folder taken, damaged journal or inventory, options that make no sense.
    [[nodiscard]] static Result<std::unique_ptr<Supplier>> start(Executor executor, Clock& clock, const SupplierOptions& options);
    virtual ~Supplier() = default;
    Supplier(const Supplier&) = delete;
    Supplier& operator=(const Supplier&) = delete;

    [[nodiscard]] virtual std::uint16_t port() const = 0;
    [[nodiscard]] virtual std::size_t order_count() const = 0;
    virtual void stop(milliseconds grace) = 0;

protected:
    Supplier() = default;
};

}  // namespace crossdock::sandbox
