#pragma once

#include "api/auth.hpp"
#include "base/bound.hpp"
#include "base/clock.hpp"
#include "base/current.hpp"
#include "base/ip_network.hpp"
#include "base/signal.hpp"
#include "crypto/signature_scheme.hpp"
#include "http/message.hpp"
#include "inventory/items.hpp"
#include "model/rate_limit.hpp"
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
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::api {

/// How an account's webhooks are signed, and with what.
struct WebhookSigning {
    crypto::SignatureScheme scheme = {};
    std::vector<crypto::WebhookKey> keys = {};
};

/// How often one caller may ask; without a rate as often as it likes.
struct RateRules {
    model::RateRule webhook_source = {};   ///< each address that sends webhooks, forged ones included
    model::RateRule webhook_account = {};  ///< each account, by webhooks whose signature is right
    model::RateRule api_key = {};          ///< each key, by itself and by the page's sessions
    model::RateRule sign_in = {};          ///< each address that signs in to the page
};

/// So many callers are remembered for each rule: some 2 MB when all are there.
inline constexpr std::size_t callers_max = 10'000;

struct ApiOptions {
    orders::Accounts accounts;
    std::map<std::string, WebhookSigning> webhooks;  ///< by account
    inventory::StockRulesByAccount stock = {};       ///< what of the accounts' stock can be sold
    std::string currency = "USD";
    std::size_t order_body_max = 256 << 10;
    std::size_t webhook_body_max = 64 << 10;
    milliseconds heartbeat{15'000};
    bool log_requests = false;        ///< each with a line of level info, not debug
    bool answer_after_commit = true;  ///< false, for a test: an order is answered while it is being stored
    RateRules rates = {};
    std::vector<IpNetwork> trusted_proxies = {};  ///< whose X-Forwarded-For is believed
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
    /// Told of each request that was refused because its caller asks too often: by which rule.
    std::function<void(std::string_view)> rate_limited = {};
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
    /// What comes next on the event stream.
    struct Read {
        enum class What { events, nothing, signed_out, stopping, failed } what;
        struct Event {
            std::string id, type, document;
        };
        std::vector<Event> events = {};
    };
    /// One of the rules, and what each of its callers has used of it.
    struct Rate {
        std::string_view name;
        model::RateRule RateRules::*rule;
        model::RateBuckets buckets{callers_max};
    };

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
    /// How one customer wants to be told.
    Task<http::Response> preferences(http::Request request, std::string customer_id);
    Task<http::Response> set_preferences(http::Request request, std::string customer_id, Principal who);
    /// The link in a mail: shown by GET, acted on by POST.
    Task<http::Response> unsubscribe(http::Request request, std::string token);
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
    /// The same over a WebSocket.
    Task<http::Response> events_socket(http::Request request);
    /// Null, with the answer in `refusal`.
    Task<std::shared_ptr<Stream>> open_stream(http::Request request, std::shared_ptr<http::Response> refusal);
    Task<Read> next_events(std::shared_ptr<Stream> stream);
    Task<http::Response> webhook(http::Request request, std::string account);
    Task<http::Response> refuse_webhook(orders::RawWebhook raw, bool stale, std::string reason);
    /// Counts a request for its caller, and has the answer tell what is left. Nothing when it may be taken.
    std::optional<model::RateVerdict> over_rate(Rate& rate, const std::string& caller, const http::Request& request);
    /// Who asks, by a key or by the page's cookie; `refusal` is the answer when nobody who may.
    Task<Result<Principal>> principal(http::Request request, std::string scope, std::shared_ptr<http::Response> refusal);
    /// Stores that a key is used, unless that is under way.
    Task<void> note_use(std::string key_id);
    /// `quiet`: the page asked by itself, so that nobody was seen.
    Task<Result<std::optional<Principal>>> signed_in(std::string token, bool quiet);
    Task<std::optional<std::string>> next_piece(std::shared_ptr<Stream> stream);
    Task<http::SocketPiece> next_messages(std::shared_ptr<Stream> stream, bool heard);

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
    Rate webhook_source_{"webhook_source", &RateRules::webhook_source};
    Rate webhook_account_{"webhook_account", &RateRules::webhook_account};
    Rate api_key_{"api_key", &RateRules::api_key};
    Rate sign_in_{"sign_in", &RateRules::sign_in};
    std::set<std::string> noting_;  ///< keys whose use is being stored
    bool ready_ = false;
    bool stopping_ = false;
};

}  // namespace crossdock::api
