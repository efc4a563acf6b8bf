#include "orders/story.hpp"

#include "base/time.hpp"
#include "model/money.hpp"
#include "orders/shipments.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace crossdock::orders {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;
using Int = std::int64_t;
using MaybeInt = std::optional<std::int64_t>;

/// What happened, with its time; equal times keep the order in which the kinds are collected.
struct Moment {
    UtcMs at;
    std::string what;
    std::string text;
};

void add_facts(store::Tx& tx, const std::string& order_id, std::vector<Moment>& moments) {
    for (auto& [kind, data, superseded, at] : tx.all<Text, Text, Int, Int>(
             "SELECT kind, data, superseded, created_at FROM facts WHERE order_id = :1 ORDER BY created_at, id", {order_id})) {
        std::string text = kind;
        if (const auto parsed = Json::parse(data)) {
            for (const char* key : {"status", "supplier_order_id", "tracking_number", "reason"}) {
                if (const auto value = parsed->maybe_text(key)) { text += "  " + std::string(key) + "=" + *value; }
            }
        }
        if (superseded != 0) { text += "  (already overtaken: told to nobody)"; }
        moments.push_back({at, "fact", text});
    }
}

void add_calls(store::Tx& tx, const std::string& order_id, std::vector<Moment>& moments) {
    for (auto& [target, operation, number, started, ended, outcome, detail] :
         tx.all<Text, Text, Int, Int, MaybeInt, MaybeText, MaybeText>(
             "SELECT e.target, a.operation, a.number, a.started_at, a.ended_at, a.outcome, a.detail FROM effect_attempts a JOIN "
             "effects e "
             "ON e.id = a.effect_id WHERE e.order_id = :1 AND e.operation <> 'deliver' ORDER BY a.started_at",
             {order_id})) {
        std::string text = target + "." + operation + "  attempt " + std::to_string(number);
        text += ended ? "  -> " + outcome.value_or("?") : "  -> under way";
        if (detail && !detail->empty()) { text += "  (" + *detail + ")"; }
        moments.push_back({started, "call", text});
    }
}

void add_mails(store::Tx& tx, const std::string& order_id, std::vector<Moment>& moments) {
    for (auto& [email, subject, sent, sent_at, created_at, message_id, state, reason, next_at, not_told, digest] :
         tx.all<Text, Text, Int, MaybeInt, Int, Text, MaybeText, MaybeText, MaybeInt, MaybeText, MaybeText>(
             "SELECT n.email, n.subject, n.sent, n.sent_at, n.created_at, n.message_id, e.state, e.reason, e.next_at, "
             "n.not_told, "
             "n.digest_id FROM notifications n LEFT JOIN effects e ON e.notification_id = COALESCE(n.digest_id, n.id) WHERE "
             "n.order_id = :1 ORDER BY n.created_at, n.id",
             {order_id})) {
        std::string text = "to " + email + "  \"" + subject + "\"  ";
        text += sent != 0 ? "sent" : not_told ? "told to nobody" : state.value_or("?");
        if (digest) { text += " in a digest"; }
        const MaybeText why = not_told ? not_told : reason;
        if (sent == 0 && why) { text += " (" + *why + ")"; }
        // What waits on purpose says until when.
        else if (sent == 0 && state == "pending" && next_at && *next_at > created_at) {
            text += " (not before " + rfc3339(*next_at) + ")";
        }
        text += "  " + message_id;
        moments.push_back({sent_at.value_or(created_at), "mail", text});
    }
}

void add_evidence(store::Tx& tx, const std::string& order_id, std::vector<Moment>& moments) {
    for (auto& [source, word, status, their_id, tracking, occurred, received] :
         tx.all<Text, MaybeText, MaybeText, MaybeText, MaybeText, Int, Int>(
             "SELECT v.source, v.supplier_status, v.status, v.supplier_order_id, v.tracking_number, v.occurred_at, v.received_at "
             "FROM evidence "
             "v JOIN supplier_orders s ON s.id = v.supplier_order_row_id WHERE s.order_id = :1 ORDER BY v.received_at, v.id",
             {order_id})) {
        std::string text = source + "  \"" + word.value_or("") + "\" = " + status.value_or("unmapped");
        if (their_id) { text += "  " + *their_id; }
        if (tracking) { text += "  " + *tracking; }
        text += occurred == 0 ? "  (undated)" : "  (supplier's time " + rfc3339(occurred) + ")";
        moments.push_back({received, "evidence", text});
    }
}

Json lines_of(store::Tx& tx, const std::string& order_id, const std::string& currency) {
    Json lines = Json::array();
    for (auto& [number, sku, price, ordered, open, accepted, backordered, shipped, canceled, rejected] :
         tx.all<Int, Text, Int, Int, Int, Int, Int, Int, Int, Int>(
             "SELECT line_number, sku, unit_price_minor, ordered, open, accepted, backordered, shipped, canceled, rejected FROM "
             "order_lines "
             "WHERE order_id = :1 ORDER BY line_number",
             {order_id})) {
        lines.push(Json::object({{"line", number},
                                 {"sku", sku},
                                 {"unit_price", model::text({price, currency})},
                                 {"ordered", ordered},
                                 {"open", open},
                                 {"accepted", accepted},
                                 {"backordered", backordered},
                                 {"shipped", shipped},
                                 {"canceled", canceled},
                                 {"rejected", rejected}}));
    }
    return lines;
}

/// What of the order's lines one supplier order is for, and where it stands.
Json part_lines_of(store::Tx& tx, const std::string& supplier_order_row_id) {
    Json lines = Json::array();
    for (auto& [number, quantity, open, accepted, backordered, shipped, canceled, rejected] :
         tx.all<Int, Int, Int, Int, Int, Int, Int, Int>("SELECT line_number, quantity, open, accepted, backordered, shipped, "
                                                        "canceled, rejected FROM supplier_order_lines WHERE "
                                                        "supplier_order_row_id = :1 ORDER BY line_number",
                                                        {supplier_order_row_id})) {
        lines.push(Json::object({{"line", number},
                                 {"quantity", quantity},
                                 {"open", open},
                                 {"accepted", accepted},
                                 {"backordered", backordered},
                                 {"shipped", shipped},
                                 {"canceled", canceled},
                                 {"rejected", rejected}}));
    }
    return lines;
}

Json supplier_orders_of(store::Tx& tx, const std::string& order_id) {
    Json list = Json::array();
    for (auto& [id, account, reference, their_id, status, tracking, payment, quote, withdrawn] :
         tx.all<Text, Text, Text, MaybeText, Text, MaybeText, MaybeText, MaybeText, MaybeText>(
             "SELECT s.id, p.name, s.reference, s.supplier_order_id, s.status, s.tracking_number, s.payment, s.quote, "
             "s.withdrawn_why "
             "FROM supplier_orders s JOIN suppliers p ON p.id = s.supplier_id WHERE s.order_id = :1 ORDER BY s.created_at, s.id",
             {order_id})) {
        Json numbers = Json::array();
        Json shipments = Json::array();
        for (auto& [number, shipped_at, pieces, carrier] : tx.all<Text, Int, MaybeText, MaybeText>(
                 "SELECT tracking_number, shipped_at, lines, carrier FROM shipments WHERE supplier_order_row_id "
                 "= :1 ORDER BY shipped_at = 0, "
                 "shipped_at, tracking_number",
                 {id})) {
            numbers.push(number);
            Json shipment = Json::object();
            add_tracking(shipment, number, carrier.value_or(""));
            shipment.set("shipped_at", shipped_at == 0 ? Json() : Json(rfc3339(shipped_at)));
            if (const auto parcel = pieces ? Json::parse(*pieces) : Result<Json>(Json())) { shipment.set("lines", *parcel); }
            shipments.push(std::move(shipment));
        }
        list.push(Json::object({{"account", account},
                                {"reference", reference},
                                {"supplier_order_id", their_id},
                                {"status", status},
                                {"tracking_number", tracking},
                                {"tracking_numbers", std::move(numbers)},
                                {"payment", payment},
                                {"quote", quote},
                                {"withdrawn", withdrawn},
                                {"lines", part_lines_of(tx, id)},
                                {"shipments", std::move(shipments)}}));
    }
    return list;
}

/// What is known of a shipment beyond its number; empty: nothing.
std::string shipment_text(const Json& shipment) {
    const auto carrier = shipment.text("carrier");
    const auto flag = shipment.text("tracking_flag");
    if (carrier.empty() && flag.empty()) { return {}; }
    std::string out = "    " + shipment.text("tracking_number");
    if (!carrier.empty()) { out += "  " + carrier; }
    if (!flag.empty()) { out += "  CHECK: " + flag; }
    return out + (shipment.text("tracking_url").empty() ? "" : "  " + shipment.text("tracking_url")) + "\n";
}

/// " accepted=3 shipped=2"
std::string quantities_text(const Json& line) {
    std::string out;
    for (const char* state : {"open", "accepted", "backordered", "shipped", "canceled", "rejected"}) {
        if (line.integer(state) > 0) { out += " " + std::string(state) + "=" + std::to_string(line.integer(state)); }
    }
    return out;
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) { text.append(width - text.size(), ' '); }
    return text;
}

}  // namespace

std::optional<Json> order_story(store::Tx& tx, const std::string& order_id) {
    const auto order = tx.first<Text, Text, Text, Int, Text, MaybeText, Int, Int, Text>(
        "SELECT status, customer_id, currency, total_minor, supplier_code, attention, placed_at, updated_at, document FROM "
        "orders WHERE id = "
        ":1",
        {order_id});
    if (!order) { return {}; }
    const auto& [status, customer, currency, total, supplier, attention, placed, updated, document] = *order;
    std::vector<Moment> moments;
    add_facts(tx, order_id, moments);
    add_calls(tx, order_id, moments);
    add_evidence(tx, order_id, moments);
    add_mails(tx, order_id, moments);
    std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) { return a.at < b.at; });
    Json story = Json::array();
    for (const auto& moment : moments) {
        story.push(Json::object({{"at", rfc3339_ms(moment.at)}, {"what", moment.what}, {"text", moment.text}}));
    }
    return Json::object({{"order_id", order_id},
                         {"status", status},
                         {"customer_id", customer},
                         {"supplier", supplier},
                         {"total", model::text({total, currency})},
                         {"needs_attention", attention},
                         {"placed_at", rfc3339_ms(placed)},
                         {"updated_at", rfc3339_ms(updated)},
                         {"lines", lines_of(tx, order_id, currency)},
                         {"supplier_orders", supplier_orders_of(tx, order_id)},
                         {"story", std::move(story)}});
}

std::string story_text(const Json& story) {
    std::string out = "Order " + story.text("order_id") + "  " + story.text("status") + "  " + story.text("total") +
                      "  customer " + story.text("customer_id") + "\n";
    if (const auto attention = story.maybe_text("needs_attention")) { out += "  NEEDS ATTENTION: " + *attention + "\n"; }
    for (const auto& line : story.find("lines")->items()) {
        out += "  line " + std::to_string(line.integer("line")) + "  " + line.text("sku") + "  " +
               std::to_string(line.integer("ordered")) + " at " + line.text("unit_price") + " ";
        out += quantities_text(line) + "\n";
    }
    for (const auto& supplier_order : story.find("supplier_orders")->items()) {
        out += "  at " + supplier_order.text("account") + " as " + supplier_order.text("reference") + "  id " +
               supplier_order.text("supplier_order_id", "(none yet)") + "  " + supplier_order.text("status");
        for (const char* beside : {"payment", "quote"}) {
            if (const auto word = supplier_order.maybe_text(beside)) { out += "  " + std::string(beside) + " " + *word; }
        }
        for (const auto& number : supplier_order.find("tracking_numbers")->items()) { out += "  tracking " + number.as_string(); }
        if (const auto why = supplier_order.maybe_text("withdrawn")) { out += "  withdrawn: " + *why; }
        out += "\n";
        for (const auto& shipment : supplier_order.find("shipments")->items()) { out += shipment_text(shipment); }
        // Of an order that is at one supplier the lines above say it all.
        if (story.find("supplier_orders")->items().size() == 1) { continue; }
        for (const auto& line : supplier_order.find("lines")->items()) {
            out +=
                "    line " + std::to_string(line.integer("line")) + "  " + std::to_string(line.integer("quantity")) + " of it ";
            out += quantities_text(line) + "\n";
        }
    }
    out += "\n";
    for (const auto& moment : story.find("story")->items()) {
        out += moment.text("at") + "  " + padded(moment.text("what"), 9) + moment.text("text") + "\n";
    }
    return out;
}

Json list_orders(store::Tx& tx, std::int64_t most, const std::optional<std::string>& customer_id) {
    Json list = Json::array();
    const std::string condition =
        customer_id ? " WHERE customer_id = :1 ORDER BY placed_at DESC, id LIMIT :2" : " ORDER BY placed_at DESC, id LIMIT :1";
    const store::Tx::Params params = customer_id ? store::Tx::Params{*customer_id, most} : store::Tx::Params{most};
    for (auto& [id, status, customer, currency, total, attention, placed, supplier, updated] :
         tx.all<Text, Text, Text, Text, Int, MaybeText, Int, Text, Int>(
             "SELECT id, status, customer_id, currency, total_minor, attention, placed_at, supplier_code, updated_at FROM "
             "orders" +
                 condition,
             params)) {
        list.push(Json::object({{"order_id", id},
                                {"status", status},
                                {"customer_id", customer},
                                {"total", model::text({total, currency})},
                                {"needs_attention", attention},
                                {"placed_at", rfc3339_ms(placed)},
                                {"supplier", supplier},
                                {"updated_at", rfc3339_ms(updated)}}));
    }
    return Json::object({{"orders", std::move(list)}});
}

}  // namespace crossdock::orders
