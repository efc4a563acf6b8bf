#pragma once

#include "api/auth.hpp"
#include "base/bound.hpp"
#include "base/clock.hpp"
#include "base/current.hpp"
#include "base/signal.hpp"
#include "crypto/signature_scheme.hpp"
#include "http/message.hpp"
#include "inventory/items.hpp"
#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "orders/intake.hpp"
#include "orders/webhooks.hpp"
#include "pipeline/engine.hpp"
#include "store/store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::api {

/// How an account's webhooks are signed, and with what.
struct WebhookSigning {
    crypto::SignatureScheme scheme = {};
    std::vector<crypto::WebhookKey> keys = {};
};

struct ApiOptions {
    orders::Accounts accounts;
    std::map<std::string, WebhookSigning> webhooks;  ///< by account
    inventory::StockRulesByAccount stock = {};       ///< what of the accounts' stock can be sold
    std::string currency = "USD";
    std::size_t order_body_max = 256 << 10;
    std::size_t webhook_body_max = 64 << 10;
    milliseconds heartbeat{15'000};
    bool answer_after_commit = true;  ///< false, for a test: an order is answered while it is being stored
    // The bounds hold as they were when the Api was made.
    std::size_t requests_max = 4'096;       ///< of the queue http.requests: under way, those about health apart
    std::size_t event_streams_max = 256;    ///< of http.event_streams
    std::size_t open_work_max = 1'000'000;  ///< of engine.open_work: runs and effects that have not ended
    /// The accounts and channels that are not served: a list of {"name", "state"}.
    std::function<Json()> degraded = {};
    /// How full the daemon's other queues are.
    std::function<std::vector<QueueLevel>()> queues = {};
    /// Told of each request once it is answered: method, path, status, and how long it took.
    std::function<void(std::string_view, std::string_view, int, milliseconds)> answered = {};
    /// How things stand, in Prometheus' text format.
    std::function<Task<Result<std::string>>()> metrics = {};
};

/// The daemon's HTTP interface.
///
/// Threads:  one executor.
/// Lifetime: store, engine and facts outlive it; stop() ends the event streams.
class Api {
public:
    Api(Clock& clock, store::Store& store, pipeline::Engine& engine, notify::Facts& facts, ApiOptions options)
        : clock_(clock),
          store_(store),
          engine_(engine),
          facts_(facts),
          requests_(std::make_shared<Bound>("http.requests", options.requests_max)),
          streams_(std::make_shared<Bound>("http.event_streams", options.event_streams_max)),
          open_work_("engine.open_work", options.open_work_max),
          options_(std::move(options)),
          events_(clock) {}

    Task<http::Response> handle(http::Request request);

    /// An order's document that came in another way than by POST /v1/orders, taken as if it had; answered as that is. `owner`
    /// stands in the place of the API key.
    Task<http::Response> take_document(std::string body, std::string owner);

    /// Counts the work that is open already. Before the first order is taken in.
    Task<void> count_open_work();

    /// New events are on disk.
    void events_added() { events_.notify(); }
    void set_ready() { ready_ = true; }
    /// What begins from now on goes by these options.
    void change(ApiOptions options) { options_.set(std::move(options)); }
    void stop();

private:
    struct Stream;

    Task<http::Response> route(http::Request request);
    Task<http::Response> readyz();
    Task<http::Response> metrics(http::Request request);
    /// A place for one more order or webhook; a fault when too much is open.
    Task<std::optional<Fault>> take_work();
    Task<http::Response> post_order(http::Request request);
    Task<http::Response> place(std::string body, Principal who, std::string idempotency_key);
    Task<void> store_later(std::function<orders::Placed(store::Tx&)> unit);
    Task<http::Response> get_order(http::Request request, std::string order_id);
    Task<http::Response> cancel_order(http::Request request, std::string order_id);
    Task<http::Response> list(http::Request request);
    /// What suppliers hold, and what of it can be sold.
    Task<http::Response> inventory(http::Request request);
    static bool is_page(const std::string& path);
    /// The page itself, and signing in and out.
    Task<http::Response> page(http::Request request);
    Task<http::Response> front(http::Request request);
    Task<http::Response> sign_in(http::Request request);
    Task<http::Response> who_is_it(http::Request request);
    Task<http::Response> sign_out(http::Request request);
    static bool is_desk(const std::string& path);
    /// What a person on call sees and does beyond orders.
    Task<http::Response> desk(http::Request request);
    Task<http::Response> desk_read(http::Request request);
    Task<http::Response> desk_act(http::Request request, std::string what, std::string subject);
    Task<http::Response> explain(http::Request request, std::string order_id);
    Task<http::Response> events(http::Request request);
    Task<http::Response> webhook(http::Request request, std::string account);
    Task<http::Response> refuse_webhook(orders::RawWebhook raw, bool stale, std::string reason);
    /// Who asks, by a key or by the page's cookie; `refusal` is the answer when nobody who may.
    Task<Result<Principal>> principal(http::Request request, std::string scope, std::shared_ptr<http::Response> refusal);
    /// `quiet`: the page asked by itself, so that nobody was seen.
    Task<Result<std::optional<Principal>>> signed_in(std::string token, bool quiet);
    Task<std::optional<std::string>> next_piece(std::shared_ptr<Stream> stream);

    Clock& clock_;
    store::Store& store_;
    pipeline::Engine& engine_;
    notify::Facts& facts_;
    std::shared_ptr<Bound> requests_;  // shared with tasks, which may outlive this
    std::shared_ptr<Bound> streams_;
    Bound open_work_;  // what was open when it was counted, and all that was taken in since
    BootMs work_counted_at_ = 0;
    Current<ApiOptions> options_;
    Signal events_;
    bool ready_ = false;
    bool stopping_ = false;
};

}  // namespace crossdock::api
