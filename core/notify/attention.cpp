#include "notify/attention.hpp"

#include <tuple>
#include <utility>

namespace crossdock::notify {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;
using MaybeInt = std::optional<std::int64_t>;

/// An order's own column says the latest of what is open.
void show_on_order(store::Tx& tx, const std::string& order_id, UtcMs now) {
    tx.run(
        "UPDATE orders SET attention = (SELECT reason FROM attention WHERE order_id = :1 AND resolved_at IS NULL ORDER BY number "
        "DESC LIMIT 1), updated_at = :2 WHERE id = :3",
        {order_id, now, order_id});
}

/// What a person may say to it: of an order that may be at the supplier, where it stands; of all else, that it is done.
Json choices_of(const MaybeText& operation, const MaybeText& effect_state) {
    Json choices = Json::array();
    const bool waits = effect_state == "parked" || effect_state == "dead" || effect_state == "pending";
    if (operation == "create_order" && waits) {
        for (const char* const choice : {"adopt", "resend", "cancel"}) { choices.push(choice); }
        return choices;
    }
    if (operation == "cancel_order" && effect_state == "parked") {
        choices.push("resend");
        choices.push("cancel");
    }
    choices.push("done");
    return choices;
}

void end_all(store::Tx& tx, const std::string& column, const std::string& value, const std::string& resolution, UtcMs now) {
    for (const auto& [number] :
         tx.all<std::int64_t>("SELECT number FROM attention WHERE " + column + " = :1 AND resolved_at IS NULL", {value})) {
        if (const auto entry = find_attention(tx, number)) { resolve_attention(tx, *entry, resolution, "crossdock", now); }
    }
}

}  // namespace

Opened open_attention(store::Tx& tx, const Attention& entry) {
    const bool open =
        tx.run("UPDATE attention SET reason = :1 WHERE topic = :2 AND resolved_at IS NULL", {entry.reason, entry.topic}) > 0;
    Opened opened;
    if (!open) {
        tx.run("INSERT INTO attention (topic, about, order_id, effect_id, reason, opened_at) VALUES (:1, :2, :3, :4, :5, :6)",
               {entry.topic, entry.about, entry.order_id, entry.effect_id, entry.reason, entry.opened_at});
        opened.episode = tx.number("SELECT COUNT(*) FROM attention WHERE topic = :1", {entry.topic});
        opened.number = tx.number("SELECT MAX(number) FROM attention WHERE topic = :1", {entry.topic});
    }
    if (entry.order_id) { show_on_order(tx, *entry.order_id, entry.opened_at); }
    return opened;
}

std::optional<Attention> find_attention(store::Tx& tx, std::int64_t number) {
    auto row = tx.first<std::int64_t, Text, Text, MaybeText, MaybeText, Text, std::int64_t, MaybeInt, MaybeText, MaybeText>(
        "SELECT number, topic, about, order_id, effect_id, reason, opened_at, resolved_at, resolution, resolved_by FROM "
        "attention "
        "WHERE number = :1",
        {number});
    if (!row) { return {}; }
    return std::apply([](auto&... cells) { return Attention{std::move(cells)...}; }, *row);
}

void resolve_attention(store::Tx& tx, const Attention& entry, const std::string& resolution, const std::string& by, UtcMs now) {
    tx.run("UPDATE attention SET resolved_at = :1, resolution = :2, resolved_by = :3 WHERE number = :4 AND resolved_at IS NULL",
           {now, resolution, by, entry.number});
    if (entry.order_id) { show_on_order(tx, *entry.order_id, now); }
}

void attention_over_effect(store::Tx& tx, const std::string& effect_id, const std::string& resolution, UtcMs now) {
    end_all(tx, "effect_id", effect_id, resolution, now);
}

void attention_over_topic(store::Tx& tx, const std::string& topic, const std::string& resolution, UtcMs now) {
    end_all(tx, "topic", topic, resolution, now);
}

Json list_attention(store::Tx& tx, bool all, std::int64_t most) {
    Json list = Json::array();
    const std::string condition = all ? "" : "WHERE a.resolved_at IS NULL ";
    for (auto& [number, about, order_id, reason, opened, resolved, resolution, by, operation, target, state] :
         tx.all<std::int64_t, Text, MaybeText, Text, std::int64_t, MaybeInt, MaybeText, MaybeText, MaybeText, MaybeText,
                MaybeText>("SELECT a.number, a.about, a.order_id, a.reason, a.opened_at, a.resolved_at, a.resolution, "
                           "a.resolved_by, e.operation, "
                           "e.target, e.state FROM attention a LEFT JOIN effects e ON e.id = a.effect_id " +
                               condition + "ORDER BY a.number LIMIT :1",
                           {most})) {
        Json one = Json::object({{"number", number},
                                 {"about", about},
                                 {"order_id", order_id},
                                 {"reason", reason},
                                 {"opened_at", rfc3339_ms(opened)},
                                 {"operation", operation},
                                 {"account", target}});
        if (resolved) { one.set("resolved_at", rfc3339_ms(*resolved)).set("resolution", resolution).set("resolved_by", by); }
        else { one.set("choices", choices_of(operation, state)); }
        list.push(std::move(one));
    }
    return Json::object({{"attention", std::move(list)}});
}

}  // namespace crossdock::notify
