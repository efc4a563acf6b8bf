#include "notify/facts.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "notify/mail_data.hpp"
#include "notify/platform.hpp"
#include "notify/recipients.hpp"
#include "store/journal.hpp"

#include <algorithm>

namespace crossdock::notify {
namespace {

constexpr const char* mail_retry = R"({"attempts":100,"backoff_ms":1000,"backoff_max_ms":600000})";

bool among(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

std::string notification_type(std::string_view kind) {
    if (kind == "order.shipped" || kind == "order.delivered" || kind == "order.fulfillment_started") { return "fulfillment"; }
    if (kind == "order.status_changed" || kind == "order.canceled") { return "status"; }
    if (kind.starts_with("order.")) { return "order"; }
    return "inventory";
}

}  // namespace

std::string Facts::new_id() {
    return crossdock::new_id(clock_, randomness_);
}

bool Facts::record(store::Tx& tx, const Fact& fact) {
    const std::string id = new_id();
    const UtcMs now = clock_.utc_ms();
    const auto inserted = tx.run(
        "INSERT INTO facts (id, natural_key, kind, order_id, customer_id, data, superseded, occurred_at, created_at) VALUES (:1, "
        ":2, :3, "
        ":4, :5, :6, :7, :8, :9) ON CONFLICT (natural_key) DO NOTHING",
        {id, fact.natural_key, fact.kind, fact.order_id, fact.customer_id, fact.data.dump(), fact.superseded, fact.occurred_at,
         now});
    if (inserted == 0) { return false; }
    if (fact.order_id) { store::wake_awaiting(tx, *fact.order_id, fact.kind, now); }
    Json data = fact.data;
    data.set("fact_id", id);
    if (fact.customer_id) { data.set("customer_id", *fact.customer_id); }
    if (fact.superseded) { data.set("superseded", true); }
    store::append_event(tx, fact.kind, fact.order_id, data, now);
    if (fact.superseded) { return true; }

    const StoredFact stored{id, fact.kind, fact.order_id, fact.customer_id, fact.data};
    tell_platforms(tx, stored, now);
    tell_alerts(tx, stored, now);
    tell_client(tx, stored, now);
    return true;
}

void Facts::tell_alerts(store::Tx& tx, const StoredFact& fact, UtcMs now) {
    const auto options = options_.get();
    if (options->alerts_mail.empty() || !among(model::alert_events(), fact.kind)) { return; }
    // Not under the customer's name: it is none of the client's business.
    const Addressee who{.to = options->alerts_mail, .customer_id = {}, .language = options->alerts.language.value_or("en")};
    tell_by(tx, fact, who, model::tell_by({}, options->alerts, fact.kind, now));
}

void Facts::tell_client(store::Tx& tx, const StoredFact& fact, UtcMs now) {
    if (!fact.order_id || !among(model::client_events(), fact.kind)) { return; }
    const auto options = options_.get();
    const auto order = tx.first<std::string, std::optional<std::string>>(
        "SELECT o.customer_id, COALESCE(o.email, c.email) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE o.id "
        "= :1",
        {*fact.order_id});
    if (!order) { return; }
    const auto& [customer_id, to] = *order;
    const auto known = preferences_of(tx, customer_id);
    const model::Preferences own = known ? known->own : model::Preferences{};
    const auto telling = model::tell_by(own, options->clients, fact.kind, now);
    if (!to) {
        if (telling.told == model::Told::off) { return; }
        needs_attention(tx, *fact.order_id, "no-recipient", "the customer has no mail address, so nobody was told: " + fact.kind);
        return;
    }
    const std::string usual = known ? known->language : options->clients.language.value_or("en");
    tell_by(tx, fact, {.to = *to, .customer_id = fact.customer_id, .language = own.language.value_or(usual), .client = true},
            telling);
}

void Facts::tell_by(store::Tx& tx, const StoredFact& fact, const Addressee& who, const model::Telling& telling) {
    // What nobody asked for leaves no trace; what somebody has switched off does.
    if (telling.told == model::Told::off && !telling.by_choice) { return; }
    for (const auto& channel : telling.channels) { send(tx, fact, who, channel, fact.kind, telling); }
}

bool Facts::tell(store::Tx& tx, const std::string& fact_id, const std::string& to, const std::string& template_name) {
    const auto row = tx.first<std::string, std::optional<std::string>, std::optional<std::string>, std::string>(
        "SELECT kind, order_id, customer_id, data FROM facts WHERE id = :1", {fact_id});
    if (!row) { return false; }
    auto data = Json::parse(std::get<3>(*row));
    const StoredFact fact{fact_id, std::get<0>(*row), std::get<1>(*row), std::get<2>(*row), data ? *data : Json::object()};
    return send(tx, fact, {.to = to, .customer_id = fact.customer_id}, options_.get()->channel, template_name,
                {.told = model::Told::immediate, .at = clock_.utc_ms()});
}

void Facts::needs_attention(store::Tx& tx, const std::string& order_id, const std::string& topic, const std::string& reason,
                            const std::optional<std::string>& effect_id) {
    const auto customer = tx.first<std::string>("SELECT customer_id FROM orders WHERE id = :1", {order_id});
    Attention entry;
    entry.topic = "order/" + order_id + "/needs_attention/" + topic;
    entry.about = order_id;
    if (customer) { entry.order_id = order_id; }
    entry.effect_id = effect_id;
    entry.reason = reason;
    // Only of an order that is here can the story be asked for.
    raise(tx, std::move(entry), customer ? std::optional(std::get<0>(*customer)) : std::nullopt,
          Json::object({{customer ? "order_id" : "about", order_id}}));
}

void Facts::alert(store::Tx& tx, const std::string& topic, const std::string& about, Json data, const std::string& reason) {
    Attention entry;
    entry.topic = topic;
    entry.about = about;
    entry.reason = reason;
    data.set("about", about);
    raise(tx, std::move(entry), {}, std::move(data));
}

void Facts::raise(store::Tx& tx, Attention entry, const std::optional<std::string>& customer_id, Json data) {
    entry.opened_at = clock_.utc_ms();
    const auto [episode, number] = open_attention(tx, entry);
    if (episode == 0) { return; }
    data.set("reason", entry.reason).set("attention", number);
    record(tx, {.kind = "order.needs_attention",
                .natural_key = episode == 1 ? entry.topic : entry.topic + "/" + std::to_string(episode),
                .order_id = entry.order_id,
                .customer_id = customer_id,
                .data = std::move(data),
                .occurred_at = entry.opened_at});
}

bool Facts::send(store::Tx& tx, const StoredFact& fact, const Addressee& who, const std::string& channel,
                 const std::string& template_name, const model::Telling& telling) {
    const auto options = options_.get();
    Json data = mail_data(tx, fact);
    const std::string link =
        who.client ? unsubscribe_link(options->unsubscribe, channel, who.to, clock_.utc_ms()) : std::string();
    if (!link.empty()) { data.set("unsubscribe_url", link); }
    auto mail = options->render(template_name, who.language, data);
    if (!mail) {
        // A broken template must not lose the message: the bare fact is told instead, and the fault is logged.
        Log::error("a mail template failed; the bare fact is sent",
                   {{"template", template_name}, {"fault", mail.error().text()}});
        mail = Rendered{fact.kind, data.pretty(), ""};
    }
    Json more = Json::object();
    if (!link.empty()) { more.set("unsubscribe", link); }
    return enter(tx, fact,
                 {.channel = channel,
                  .to = who.to,
                  .template_name = template_name,
                  .lane = "mail/" + fact.order_id.value_or(fact.kind) + "/" + who.to,
                  .user_id = who.customer_id,
                  .subject = std::move(mail->subject),
                  .text = std::move(mail->text),
                  .html = std::move(mail->html),
                  .retry = mail_retry,
                  .more = std::move(more),
                  .at = telling.at,
                  .digest = telling.told == model::Told::daily,
                  .client = who.client,
                  .not_told = telling.told == model::Told::off ? telling.reason : std::string()});
}

void Facts::tell_platforms(store::Tx& tx, const StoredFact& fact, UtcMs now) {
    const auto options = options_.get();
    if (!fact.order_id) { return; }
    for (const auto& platform : options->platforms) {
        if (std::find(platform.events.begin(), platform.events.end(), fact.kind) == platform.events.end()) { continue; }
        Json shown = shown_to_programs(fact, now);
        const std::string text = shown.pretty();
        Json more = Json::object({{"fact", std::move(shown)}, {"order", order_for_programs(tx, fact, now)}});
        // Not under the customer's name: it is the platform's message, and none of the client's business.
        enter(tx, fact,
              {.channel = platform.channel,
               .to = std::string(platform_recipient),
               .template_name = "fact",
               .lane = "channel/" + platform.channel + "/" + *fact.order_id,
               .user_id = {},
               .subject = fact.kind + " " + *fact.order_id,
               .text = text,
               .retry = platform.retry,
               .more = std::move(more),
               .at = now});
    }
}

std::string Facts::closed(store::Tx& tx, const Outgoing& message) const {
    if (!message.not_told.empty() || message.to == platform_recipient) { return message.not_told; }
    const auto options = options_.get();
    if (!options->channels.empty() && !among(options->channels, message.channel)) {
        return "there is no channel " + message.channel + " for people in the config";
    }
    // Whoever is on call is told in any case.
    if (!message.user_id) { return {}; }
    const auto stop = stop_of(tx, message.channel, message.to);
    return stop ? stop->reason : std::string();
}

bool Facts::enter(store::Tx& tx, const StoredFact& fact, Outgoing message) {
    const auto options = options_.get();
    const std::string once = options->ledger_key ? "" : "\n" + new_id();
    const std::string ledger_key =
        crypto::sha256_hex(fact.id + "\n" + message.to + "\n" + message.channel + "\n" + message.template_name + once);
    const std::string message_id = "<" + ledger_key.substr(0, 32) + "@" + options->message_id_domain + ">";
    const std::string id = new_id();
    const UtcMs now = clock_.utc_ms();
    const std::string why_not = closed(tx, message);
    const auto inserted = tx.run(
        "INSERT INTO notifications (id, type, order_id, user_id, email, subject, body, created_at, fact_id, channel, template, "
        "ledger_key, "
        "message_id, body_html, not_told) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15) ON CONFLICT "
        "(ledger_key) DO NOTHING",
        {id, notification_type(fact.kind), fact.order_id, message.user_id, message.to, message.subject, message.text, now,
         fact.id, message.channel, message.template_name, ledger_key, message_id, message.html,
         why_not.empty() ? std::optional<std::string>() : std::optional(why_not)});
    if (inserted == 0) { return false; }
    if (!why_not.empty()) { return true; }
    if (message.digest) {
        tx.run("UPDATE notifications SET digest_id = :1 WHERE id = :2", {digest_for(tx, message), id});
        return true;
    }
    message.more.set("date", rfc5322_date(now));
    insert_effect(tx, fact, std::move(message), id, ledger_key, message_id);
    return true;
}

void Facts::insert_effect(store::Tx& tx, const StoredFact& fact, Outgoing message, const std::string& id,
                          const std::string& ledger_key, const std::string& message_id) {
    const UtcMs now = clock_.utc_ms();
    store::EffectRow effect;
    effect.id = new_id();
    effect.effect_key = (message.digest ? "digest/" : "notification/") + ledger_key;
    effect.operation = "deliver";
    effect.target = message.channel;
    effect.lane = message.lane;
    effect.order_id = fact.order_id;
    effect.notification_id = id;
    effect.effect_class = "repeatable";
    effect.retry_json = message.retry;
    Json input = std::move(message.more);
    input.set("message_id", message_id).set("from", options_.get()->mail_from).set("to", message.to);
    input.set("subject", message.subject).set("text", message.text).set("html", message.html);
    effect.input = input.dump();
    effect.next_at = message.at;
    // Of two in one commit, or over a clock that was set back, the one that was entered first leaves first.
    effect.created_at = std::max(
        now, 1 + tx.number("SELECT COALESCE(MAX(created_at), 0) FROM effects WHERE lane = :1 AND state IN ('pending', 'sending', "
                           "'asking')",
                           {effect.lane}));
    store::insert_effect(tx, effect);
}

}  // namespace crossdock::notify
