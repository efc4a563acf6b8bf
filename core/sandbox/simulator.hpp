#pragma once

#include "base/clock.hpp"
#include "base/signal.hpp"
#include "base/task.hpp"
#include "base/unique_fd.hpp"
#include "http/message.hpp"
#include "sandbox/dialect.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/journal.hpp"
#include "sandbox/ledger.hpp"
#include "sandbox/options.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace crossdock::sandbox {

/// Where webhooks go, taken apart.
struct WebhookTarget {
    std::string host;
    std::uint16_t port = 80;
    std::string path = "/";

    /// Reads http://HOST[:PORT][/PATH]. Errors: anything else.
    [[nodiscard]] static Result<WebhookTarget> parse(const std::string& url);
};

/// Which webhooks are dropped instead of sent. Of two runs with one seed the same are: a draw depends on the order's id and its
/// new status alone.
struct WebhookDrops {
    std::int64_t percent = 0;
    std::int64_t seed = 0;

    [[nodiscard]] bool drops(std::string_view supplier_order_id, std::string_view status) const;
};

/// How its portal misbehaves.
struct PortalMood {
    milliseconds slow{0};    ///< from the file's appearance until it is taken
    bool duplicate = false;  ///< each row stands twice
    bool cut = false;        ///< each file lacks its last bytes
    bool in_pieces = false;  ///< files are written where they stand, half of them first
    bool rewrite = false;    ///< files are put in their own place again and again
};

/// What the supplier simulator's parts share: memory on disk, faults, the life of orders. Inside of this room only.
/// Lifetime: shared by its tasks; they end at `stop`.
struct Simulator : std::enable_shared_from_this<Simulator> {
    Simulator(Executor executor_given, Clock& clock_given, SupplierOptions options_given, UniqueFd lock_given,
              Journal journal_given, Ledger ledger_given, std::optional<WebhookTarget> target_given,
              crypto::WebhookKey webhook_key_given)
        : executor(std::move(executor_given)),
          clock(clock_given),
          options(std::move(options_given)),
          lock(std::move(lock_given)),
          journal(std::move(journal_given)),
          ledger(std::move(ledger_given)),
          target(std::move(target_given)),
          webhook_key(std::move(webhook_key_given)),
          stopped(clock_given),
          delivered(clock_given) {}

    /// On disk first, then in memory.
    [[nodiscard]] Result<void> record(const Json& entry);

    /// Makes an order. Errors: the disk.
    [[nodiscard]] Result<SupplierOrder> accept(std::string_view reference, std::string_view key, std::string_view digest);
    /// Gives an order another status and queues the webhook that says so, of the pieces in `items` alone when there are any, and
    /// with another tracking number when one is given. Errors: the disk.
    [[nodiscard]] Result<void> advance(const std::string& supplier_order_id, const std::string& status,
                                       const Json& items = Json::array(), const std::string& tracking_number = "");
    /// Sets the timer for an order's next step, if its life has one.
    void plan(const SupplierOrder& order);
    /// Starts sending an order's webhooks, unless that is under way.
    void deliver_pending(const std::string& supplier_order_id);
    void stop();

    Executor executor;
    Clock& clock;
    SupplierOptions options;
    UniqueFd lock;
    Journal journal;
    Ledger ledger;
    Faults faults;
    std::optional<WebhookTarget> target;
    crypto::WebhookKey webhook_key;
    std::optional<Dialect> dialect;  ///< how it speaks; else as PhoneX
    bool webhook_first = false;
    WebhookDrops webhook_drops;
    PortalMood portal;
    bool stopping = false;
    Signal stopped;                                ///< raised once, by stop()
    Signal delivered;                              ///< raised when a webhook was delivered or refused
    std::map<std::string, Clock::TimerId> timers;  ///< by supplier order
    std::set<std::string> delivering;              ///< supplier orders with a task that sends their webhooks
};

/// Waits on the clock; ends early when the simulator stops.
Task<void> wait_unless_stopped(std::shared_ptr<Simulator> simulator, milliseconds delay);

/// A body's signature and what else the scheme sends beside it. A repeat has the same delivery id, and another sending time.
[[nodiscard]] std::vector<http::Header> signature_of(const Simulator& simulator, const std::string& body);
/// Sends one signed body; the receiver's status.
Task<Result<int>> send_webhook(std::shared_ptr<Simulator> simulator, std::string body, std::vector<http::Header> signature);

/// Waits until an order has no webhook left to send, at most 10 s.
Task<void> wait_for_webhooks(std::shared_ptr<Simulator> simulator, std::string supplier_order_id);

/// `/_sandbox/...`
Task<http::Response> control(std::shared_ptr<Simulator> simulator, http::Request request);

[[nodiscard]] http::Response json_response(int status, const Json& body);
/// {"error": code, "message": text}
[[nodiscard]] http::Response error_response(int status, std::string_view code, std::string_view message);
/// An answer as the simulator's dialect gives it; see Dialect.
[[nodiscard]] http::Response presented(const Simulator& self, std::string_view operation, http::Response answer);
/// The answer that a fault makes of `otherwise`, which is presented already.
[[nodiscard]] http::Response misbehaved(const std::shared_ptr<Simulator>& self, const SupplierFault& fault,
                                        http::Response otherwise);
/// Waits and spoils an answer that changes nothing, when a fault is armed.
Task<http::Response> with_faults(std::shared_ptr<Simulator> self, std::string operation, bool reused, http::Response well);
/// An order as the supplier shows it.
[[nodiscard]] Json shown(const SupplierOrder& order);

}  // namespace crossdock::sandbox
