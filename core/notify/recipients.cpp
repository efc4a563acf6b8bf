#include "notify/recipients.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace crossdock::notify {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;

constexpr std::int64_t listed_max = 1'000;

Text lower(Text text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
    }
    return text;
}

const char* name(Stop::Cause cause) {
    return cause == Stop::Cause::refused ? "refused" : "unsubscribed";
}

model::Preferences read_stored(const Text& text) {
    const auto document = Json::parse(text);
    if (!document) { return {}; }
    const auto read = model::read_preferences(*document, {model::client_events(), {}});
    return read ? *read : model::Preferences{};
}

}  // namespace

std::optional<CustomerPreferences> preferences_of(store::Tx& tx, const Text& customer_id) {
    const auto row = tx.first<Text, Text>("SELECT language, preferences FROM customers WHERE id = :1", {customer_id});
    if (!row) { return {}; }
    return CustomerPreferences{std::get<0>(*row), read_stored(std::get<1>(*row))};
}

bool set_preferences(store::Tx& tx, const Text& customer_id, const model::Preferences& preferences, UtcMs now) {
    return tx.run("UPDATE customers SET preferences = :1, updated_at = :2 WHERE id = :3",
                  {model::to_json(preferences).dump(), now, customer_id}) > 0;
}

std::optional<Json> shown_preferences(store::Tx& tx, const Text& customer_id, const model::Preferences& role) {
    const auto stored = preferences_of(tx, customer_id);
    if (!stored) { return {}; }
    auto all = model::over(stored->own, role);
    all.language = stored->own.language.value_or(stored->language);
    Json effective = model::to_json(all);
    Json events = Json::object();
    for (const auto& event : model::client_events()) {
        const auto telling = model::tell_by(stored->own, role, event, 0);
        Json channels = Json::array();
        for (const auto& channel : telling.channels) { channels.push(channel); }
        events.set(event, Json::object({{"when", model::name(telling.told)}, {"channels", std::move(channels)}}));
    }
    effective.set("events", std::move(events));
    Json made = Json::object(
        {{"customer_id", customer_id}, {"preferences", model::to_json(stored->own)}, {"effective", std::move(effective)}});
    const auto email = tx.first<MaybeText>("SELECT email FROM customers WHERE id = :1", {customer_id});
    const auto address = email ? std::get<0>(*email) : MaybeText();
    made.set("stopped", address ? list_stopped(tx, *address) : Json::array());
    return made;
}

std::optional<Stop> stop_of(store::Tx& tx, const Text& channel, const Text& recipient) {
    const auto row = tx.first<Text, Text>("SELECT cause, reason FROM stopped_recipients WHERE channel = :1 AND recipient = :2",
                                          {channel, lower(recipient)});
    if (!row) { return {}; }
    const auto cause = std::get<0>(*row) == "refused" ? Stop::Cause::refused : Stop::Cause::unsubscribed;
    return Stop{cause, std::get<1>(*row)};
}

bool stop_recipient(store::Tx& tx, const Text& channel, const Text& recipient, const Stop& stop, UtcMs now) {
    const auto inserted = tx.run(
        "INSERT INTO stopped_recipients (channel, recipient, cause, reason, stopped_at) VALUES (:1, :2, :3, :4, :5) ON CONFLICT "
        "(channel, recipient) DO NOTHING",
        {channel, lower(recipient), name(stop.cause), stop.reason, now});
    for (auto& [id, effect] : tx.all<Text, Text>(
             "SELECT n.id, e.id FROM notifications n JOIN effects e ON e.notification_id = n.id WHERE lower(n.email) = :1 AND "
             "n.sent = 0 AND n.not_told IS NULL AND n.channel = :2 AND n.user_id IS NOT NULL AND e.state = 'pending' AND "
             "e.first_intent_at IS NULL",
             {lower(recipient), channel})) {
        tx.run("UPDATE effects SET state = 'withdrawn', reason = :1, updated_at = :2 WHERE id = :3", {stop.reason, now, effect});
        tx.run("UPDATE notifications SET not_told = :1 WHERE id = :2 OR digest_id = :3", {stop.reason, id, id});
        tx.announce(store::Topic::effects);
    }
    return inserted > 0;
}

std::int64_t resume_recipient(store::Tx& tx, const Text& recipient, const Text& channel) {
    if (channel.empty()) { return tx.run("DELETE FROM stopped_recipients WHERE recipient = :1", {lower(recipient)}); }
    return tx.run("DELETE FROM stopped_recipients WHERE recipient = :1 AND channel = :2", {lower(recipient), channel});
}

Json list_stopped(store::Tx& tx, const Text& recipient) {
    Json list = Json::array();
    const Text which = recipient.empty() ? "" : "WHERE recipient = :1 ";
    store::Tx::Params params;
    if (!recipient.empty()) { params.emplace_back(lower(recipient)); }
    params.emplace_back(listed_max);
    for (auto& [channel, who, cause, reason, at] : tx.all<Text, Text, Text, Text, std::int64_t>(
             "SELECT channel, recipient, cause, reason, stopped_at FROM stopped_recipients " + which +
                 "ORDER BY stopped_at DESC, recipient, channel LIMIT :" + (recipient.empty() ? "1" : "2"),
             params)) {
        list.push(Json::object(
            {{"recipient", who}, {"channel", channel}, {"cause", cause}, {"reason", reason}, {"stopped_at", rfc3339_ms(at)}}));
    }
    return list;
}

}  // namespace crossdock::notify
