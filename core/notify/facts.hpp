#pragma once

#include "base/clock.hpp"
#include "base/current.hpp"
#include "base/json.hpp"
#include "model/preferences.hpp"
#include "notify/attention.hpp"
#include "notify/unsubscribe.hpp"
#include "store/journal.hpp"
#include "store/tx.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::notify {

/// A mail, ready but for its addresses.
struct Rendered {
    std::string subject;
    std::string text;
    std::string html;
};

/// Renders a template by its name ("order.shipped") in a language, or in the nearest one that it is there in. Errors: no such
/// template, wrong template.
using Render = std::function<Result<Rendered>(const std::string& name, const std::string& language, const Json& data)>;

/// Something that happened, once.
struct Fact {
    std::string kind;         ///< an event's name: order.accepted, stock.low, ...
    std::string natural_key;  ///< what makes it the same fact when it is learned again
    std::optional<std::string> order_id = {};
    std::optional<std::string> customer_id = {};
    Json data = Json::object();
    bool superseded = false;  ///< already overtaken when learned: stored, told to nobody
    UtcMs occurred_at = 0;
};

/// A fact as it stands in the store.
struct StoredFact {
    std::string id, kind;
    std::optional<std::string> order_id, customer_id;
    Json data;
};

/// A channel that is told what becomes of all orders: the reseller's platform, a program.
struct Platform {
    std::string channel;
    std::vector<std::string> events;  ///< kinds of facts
    std::string retry;                ///< EffectRow::retry_json
};

struct FactOptions {
    Render render;
    std::string mail_from;
    std::string message_id_domain;           ///< right side of every Message-ID
    std::string alerts_mail;                 ///< empty: alerts go to the event stream only
    std::string channel = "email";           ///< of what a pipeline's step tells
    std::vector<std::string> channels = {};  ///< those that tell people; empty: nobody looks
    model::Preferences clients = model::client_defaults();
    model::Preferences alerts = model::alerts_defaults();
    UnsubscribeOptions unsubscribe = {};
    std::vector<Platform> platforms = {};
    bool ledger_key = true;  ///< false, for a test: nobody remembers who was told
};

/// Turns facts into events, mails and messages to platforms, in the commit that learns them.
///
/// Threads:  the store's, inside a unit of work; `change` from any.
/// Lifetime: clock and randomness outlive it.
class Facts {
public:
    Facts(const Clock& clock, Randomness& randomness, FactOptions options)
        : clock_(clock), randomness_(randomness), options_(std::move(options)) {}

    /// Inserts the fact, its event, and through the ledger the default mails for its kind and what platforms are told. False when
    /// it was known: nothing happens.
    bool record(store::Tx& tx, const Fact& fact);

    /// One more recipient for a fact that stands in the store, under the same ledger. False when that recipient was told before.
    bool tell(store::Tx& tx, const std::string& fact_id, const std::string& to, const std::string& template_name);

    /// Marks an order for a person, with its entry, fact, event and alert, once for each topic until it is resolved; the order
    /// goes on. `effect_id` is what is parked over it. `order_id` may name what is no order here ("Webhook ID"); the fact's data
    /// then calls it `about`.
    void needs_attention(store::Tx& tx, const std::string& order_id, const std::string& topic, const std::string& reason,
                         const std::optional<std::string>& effect_id = {});

    /// The same of something that is no order. `topic` is the whole natural key, `data` goes into the fact.
    void alert(store::Tx& tx, const std::string& topic, const std::string& about, Json data, const std::string& reason);

    /// Fills in a digest's effect, in the commit that is about to begin its first attempt: one mail of all that its recipient was
    /// to be told with it. Any other effect is left as it is. False: there is nothing to tell any more.
    bool compose(store::Tx& tx, store::EffectRow& effect);

    /// Facts recorded from now on are told by these options.
    void change(FactOptions options) { options_.set(std::move(options)); }
    [[nodiscard]] std::shared_ptr<const FactOptions> options() const { return options_.get(); }

    [[nodiscard]] UtcMs now() const { return clock_.utc_ms(); }
    [[nodiscard]] std::string new_id();

private:
    /// Somebody who is told.
    struct Addressee {
        std::string to;
        std::optional<std::string> customer_id;
        std::string language = "en";
        bool client = false;  ///< one who may unsubscribe
    };
    /// A message on its way to one recipient.
    struct Outgoing {
        std::string channel, to, template_name;
        std::string lane;  ///< messages of one lane leave one after the other
        std::optional<std::string> user_id;
        std::string subject, text, html = {};
        std::string retry;
        Json more = Json::object();  ///< further members of what the channel is handed
        UtcMs at = 0;                ///< not earlier than this
        bool digest = false;         ///< in the digest of that time
        bool client = false;
        std::string not_told = {};  ///< why it is entered, and told to nobody
    };

    void raise(store::Tx& tx, Attention entry, const std::optional<std::string>& customer_id, Json data);
    void tell_alerts(store::Tx& tx, const StoredFact& fact, UtcMs now);
    void tell_client(store::Tx& tx, const StoredFact& fact, UtcMs now);
    void tell_platforms(store::Tx& tx, const StoredFact& fact, UtcMs now);
    void tell_by(store::Tx& tx, const StoredFact& fact, const Addressee& who, const model::Telling& telling);
    bool send(store::Tx& tx, const StoredFact& fact, const Addressee& who, const std::string& channel,
              const std::string& template_name, const model::Telling& telling);
    /// Enters it into the ledger, with its effect or into its digest. False when that recipient was told before.
    bool enter(store::Tx& tx, const StoredFact& fact, Outgoing message);
    /// Why that recipient is told nothing on that channel; empty: it is.
    [[nodiscard]] std::string closed(store::Tx& tx, const Outgoing& message) const;
    void insert_effect(store::Tx& tx, const StoredFact& fact, Outgoing message, const std::string& id,
                       const std::string& ledger_key, const std::string& message_id);
    /// The ledger's row of the digest that tells it.
    std::string digest_for(store::Tx& tx, const Outgoing& message);

    const Clock& clock_;
    Randomness& randomness_;
    Current<FactOptions> options_;
};

}  // namespace crossdock::notify
