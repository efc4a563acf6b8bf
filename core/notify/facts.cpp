#include "notify/facts.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "model/money.hpp"
#include "notify/platform.hpp"
#include "store/journal.hpp"

#include <algorithm>
#include <array>

namespace crossdock::notify {
namespace {

constexpr std::array<std::string_view, 5> told_to_the_client{"order.accepted", "order.rejected", "order.shipped",
                                                             "order.delivered", "order.canceled"};
constexpr std::array<std::string_view, 4> told_to_alerts{"order.needs_attention", "stock.low", "supplier.degraded",
                                                         "supplier.recovered"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view kind) {
    return std::find(list.begin(), list.end(), kind) != list.end();
}

std::string notification_type(std::string_view kind) {
    if (kind == "order.shipped" || kind == "order.delivered" || kind == "order.fulfillment_started") { return "fulfillment"; }
    if (kind == "order.status_changed" || kind == "order.canceled") { return "status"; }
    if (kind.starts_with("order.")) { return "order"; }
    return "inventory";
}

/// What templates may use of an order: its document's address, its lines and its total.
void add_order(store::Tx& tx, const std::string& order_id, Json& data) {
    const auto order = tx.first<std::string, std::string, std::int64_t, std::string, std::optional<std::string>>(
        "SELECT o.document, o.currency, o.total_minor, o.customer_id, c.name FROM orders o LEFT JOIN customers c ON c.id = "
        "o.customer_id "
        "WHERE o.id = :1",
        {order_id});
    data.set("order_id", order_id);
    if (!order) { return; }
    const auto& [document, currency, total, customer_id, customer_name] = *order;
    data.set("total", model::text({total, currency}));
    data.set("customer_id", customer_id);
    data.set("customer_name", customer_name.value_or(""));
    Json items = Json::array();
    for (auto& [sku, quantity, price] : tx.all<std::string, std::int64_t, std::int64_t>(
             "SELECT sku, ordered, unit_price_minor FROM order_lines WHERE order_id = :1 ORDER BY line_number", {order_id})) {
        items.push(Json::object({{"sku", sku}, {"quantity", quantity}, {"unit_price", model::text({price, currency})}}));
    }
    data.set("items", std::move(items));
    if (const auto parsed = Json::parse(document)) {
        if (const Json* address = parsed->find("shipping_address")) { data.set("shipping_address", *address); }
        if (const Json* contact = parsed->find("contact"); contact != nullptr && !contact->text("name").empty()) {
            data.set("customer_name", contact->text("name"));
        }
    }
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
    if (const auto to = options_.get()->alerts_mail; among(told_to_alerts, fact.kind) && !to.empty()) {
        send(tx, stored, to, fact.kind);
    }
    if (among(told_to_the_client, fact.kind) && fact.order_id) {
        const auto recipient = tx.first<std::optional<std::string>>(
            "SELECT COALESCE(o.email, c.email) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id WHERE o.id = :1",
            {*fact.order_id});
        if (recipient && std::get<0>(*recipient)) { send(tx, stored, *std::get<0>(*recipient), fact.kind); }
        else {
            needs_attention(tx, *fact.order_id, "no-recipient",
                            "the customer has no mail address, so nobody was told: " + fact.kind);
        }
    }
    return true;
}

bool Facts::tell(store::Tx& tx, const std::string& fact_id, const std::string& to, const std::string& template_name) {
    const auto row = tx.first<std::string, std::optional<std::string>, std::optional<std::string>, std::string>(
        "SELECT kind, order_id, customer_id, data FROM facts WHERE id = :1", {fact_id});
    if (!row) { return false; }
    auto data = Json::parse(std::get<3>(*row));
    return send(tx, {fact_id, std::get<0>(*row), std::get<1>(*row), std::get<2>(*row), data ? *data : Json::object()}, to,
                template_name);
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

bool Facts::send(store::Tx& tx, const StoredFact& fact, const std::string& to, const std::string& template_name) {
    const auto options = options_.get();
    Json data = fact.data;
    if (fact.order_id) { add_order(tx, *fact.order_id, data); }
    auto mail = options->render(template_name, data);
    if (!mail) {
        // A broken template must not lose the message: the bare fact is told instead, and the fault is logged.
        Log::error("a mail template failed; the bare fact is sent",
                   {{"template", template_name}, {"fault", mail.error().text()}});
        mail = Rendered{fact.kind, data.pretty(), ""};
    }
    return enter(tx, fact,
                 {.channel = options->channel,
                  .to = to,
                  .template_name = template_name,
                  .lane = "mail/" + fact.order_id.value_or(fact.kind) + "/" + to,
                  .user_id = fact.customer_id,
                  .subject = std::move(mail->subject),
                  .text = std::move(mail->text),
                  .html = std::move(mail->html),
                  .retry = R"({"attempts":100,"backoff_ms":1000,"backoff_max_ms":600000})"});
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
               .more = std::move(more)});
    }
}

bool Facts::enter(store::Tx& tx, const StoredFact& fact, Outgoing message) {
    const auto options = options_.get();
    const std::string once = options->ledger_key ? "" : "\n" + new_id();
    const std::string ledger_key =
        crypto::sha256_hex(fact.id + "\n" + message.to + "\n" + message.channel + "\n" + message.template_name + once);
    const std::string message_id = "<" + ledger_key.substr(0, 32) + "@" + options->message_id_domain + ">";
    const std::string id = new_id();
    const UtcMs now = clock_.utc_ms();
    const auto inserted = tx.run(
        "INSERT INTO notifications (id, type, order_id, user_id, email, subject, body, created_at, fact_id, channel, template, "
        "ledger_key, "
        "message_id, body_html) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14) ON CONFLICT (ledger_key) DO "
        "NOTHING",
        {id, notification_type(fact.kind), fact.order_id, message.user_id, message.to, message.subject, message.text, now,
         fact.id, message.channel, message.template_name, ledger_key, message_id, message.html});
    if (inserted == 0) { return false; }
    store::EffectRow effect;
    effect.id = new_id();
    effect.effect_key = "notification/" + ledger_key;
    effect.operation = "deliver";
    effect.target = message.channel;
    effect.lane = message.lane;
    effect.order_id = fact.order_id;
    effect.notification_id = id;
    effect.effect_class = "repeatable";
    effect.retry_json = message.retry;
    Json input = std::move(message.more);
    input.set("message_id", message_id).set("from", options->mail_from).set("to", message.to).set("subject", message.subject);
    input.set("text", message.text).set("html", message.html).set("date", rfc5322_date(now));
    effect.input = input.dump();
    effect.next_at = now;
    // Of two in one commit, or over a clock that was set back, the one that was entered first leaves first.
    effect.created_at = std::max(
        now, 1 + tx.number("SELECT COALESCE(MAX(created_at), 0) FROM effects WHERE lane = :1 AND state IN ('pending', 'sending', "
                           "'asking')",
                           {effect.lane}));
    store::insert_effect(tx, effect);
    return true;
}

}  // namespace crossdock::notify
