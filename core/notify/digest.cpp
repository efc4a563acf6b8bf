// One mail a day of what a recipient does not want to hear of at once.
#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "notify/facts.hpp"
#include "notify/recipients.hpp"

#include <cstdint>
#include <tuple>

namespace crossdock::notify {
namespace {

constexpr UtcMs day = 24 * 3'600'000;
/// More are counted in the mail, and not shown one by one.
constexpr std::size_t shown_max = 1'000;
constexpr const char* digest_retry = R"({"attempts":100,"backoff_ms":1000,"backoff_max_ms":600000})";

std::string of_two(std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

/// "14:05" on the recipient's clock.
std::string clock_time(const Zone& zone, UtcMs at) {
    const std::int64_t local = at + zone.at(at).offset.count();
    const std::int64_t minute = ((local % day) + day) % day / 60'000;
    return of_two(minute / 60) + ":" + of_two(minute % 60);
}

std::string date_of(const Zone& zone, UtcMs at) {
    return rfc3339(at + zone.at(at).offset.count()).substr(0, 10);
}

}  // namespace

std::string Facts::digest_for(store::Tx& tx, const Outgoing& message) {
    const UtcMs now = clock_.utc_ms();
    // One that has begun to leave, or was withdrawn, takes nothing more.
    for (UtcMs at = message.at;; at += day) {
        const std::string key = crypto::sha256_hex("digest\n" + message.user_id.value_or("") + "\n" + message.to + "\n" +
                                                   message.channel + "\n" + std::to_string(at));
        const auto known = store::find_effect_by_key(tx, "digest/" + key);
        if (known && (known->state != "pending" || known->first_intent_at)) { continue; }
        if (known) { return known->notification_id.value(); }
        const std::string id = new_id();
        const std::string message_id = "<" + key.substr(0, 32) + "@" + options_.get()->message_id_domain + ">";
        tx.run(
            "INSERT INTO notifications (id, type, user_id, email, subject, body, created_at, channel, template, ledger_key, "
            "message_id) VALUES (:1, 'status', :2, :3, '', '', :4, :5, 'digest', :6, :7)",
            {id, message.user_id, message.to, now, message.channel, key, message_id});
        Outgoing digest{.channel = message.channel,
                        .to = message.to,
                        .template_name = "digest",
                        .lane = "digest/" + message.channel + "/" + message.to,
                        .user_id = message.user_id,
                        .subject = {},
                        .text = {},
                        .retry = digest_retry,
                        .at = at,
                        .digest = true};
        digest.more.set("client", message.client);
        insert_effect(tx, {}, std::move(digest), id, key, message_id);
        return id;
    }
}

bool Facts::compose(store::Tx& tx, store::EffectRow& effect) {
    if (!effect.effect_key.starts_with("digest/") || effect.first_intent_at) { return true; }
    const auto options = options_.get();
    const UtcMs now = clock_.utc_ms();
    const std::string id = effect.notification_id.value();
    const Json begun = Json::parse(effect.input).value();
    const bool client = begun.boolean("client");
    Json input = Json::object();
    for (const char* const key : {"message_id", "from", "to"}) { input.set(key, begun.text(key)); }
    const auto row = tx.first<std::optional<std::string>>("SELECT user_id FROM notifications WHERE id = :1", {id});
    const auto user = row ? std::get<0>(*row) : std::optional<std::string>();
    const auto known = client && user ? preferences_of(tx, *user) : std::nullopt;
    const auto all = model::over(known ? known->own : model::Preferences{}, client ? options->clients : options->alerts);
    const Zone zone = all.zone.value_or(Zone());
    std::string language = all.language.value_or("en");
    if (known && !known->own.language) { language = known->language; }

    std::int64_t count = 0;
    Json entries = Json::array();
    for (auto& [subject, order_id, at] : tx.all<std::string, std::optional<std::string>, std::int64_t>(
             "SELECT subject, order_id, created_at FROM notifications WHERE digest_id = :1 AND not_told IS NULL ORDER BY "
             "created_at, id",
             {id})) {
        if (static_cast<std::size_t>(count++) >= shown_max) { continue; }
        entries.push(Json::object({{"subject", subject}, {"order_id", order_id}, {"time", clock_time(zone, at)}}));
    }
    if (count == 0) { return false; }
    Json data = Json::object({{"count", count}, {"date", date_of(zone, now)}, {"entries", std::move(entries)}});
    if (count > 1) { data.set("several", true); }
    if (count > static_cast<std::int64_t>(shown_max)) { data.set("more", count - static_cast<std::int64_t>(shown_max)); }
    if (user) {
        const auto name = tx.first<std::string>("SELECT name FROM customers WHERE id = :1", {*user});
        if (client && name) { data.set("customer_name", std::get<0>(*name)); }
    }
    if (client) {
        if (const auto link = unsubscribe_link(options->unsubscribe, effect.target, input.text("to"), now); !link.empty()) {
            data.set("unsubscribe_url", link);
            input.set("unsubscribe", link);
        }
    }
    auto mail = options->render("digest", language, data);
    if (!mail) {
        Log::error("a mail template failed; the bare facts are sent", {{"template", "digest"}, {"fault", mail.error().text()}});
        mail = Rendered{"digest", data.pretty(), ""};
    }
    input.set("subject", mail->subject).set("text", mail->text).set("html", mail->html).set("date", rfc5322_date(now));
    effect.input = input.dump();
    tx.run("UPDATE effects SET input = :1 WHERE id = :2", {effect.input, effect.id});
    tx.run("UPDATE notifications SET subject = :1, body = :2, body_html = :3 WHERE id = :4",
           {mail->subject, mail->text, mail->html, id});
    return true;
}

}  // namespace crossdock::notify
