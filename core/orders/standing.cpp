#include "orders/standing.hpp"

#include "orders/shipments.hpp"

#include "base/joined.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace crossdock::orders {
namespace {

using model::LineQuantities;
using model::Status;

struct StoredLine {
    model::Allotment allotment;
    LineQuantities stands;
};

std::vector<StoredLine> lines_of(store::Tx& tx, const std::string& supplier_order_row_id) {
    using Int = std::int64_t;
    std::vector<StoredLine> lines;
    for (auto& [number, sku, quantity, open, accepted, backordered, shipped, canceled, rejected] :
         tx.all<Int, std::string, Int, Int, Int, Int, Int, Int, Int>(
             "SELECT a.line_number, l.sku, a.quantity, a.open, a.accepted, a.backordered, a.shipped, a.canceled, a.rejected FROM "
             "supplier_order_lines a JOIN order_lines l ON l.order_id = a.order_id AND l.line_number = a.line_number WHERE "
             "a.supplier_order_row_id = :1 ORDER BY a.line_number",
             {supplier_order_row_id})) {
        lines.push_back({{number, std::move(sku), quantity}, {open, accepted, backordered, shipped, canceled, rejected}});
    }
    return lines;
}

/// What was last said of payment or quote. Undated words stand behind all dated ones; what was received stays so at one time.
class LastSaid {
public:
    void hear(const std::optional<std::string>& word, UtcMs at, const std::string& digest) {
        if (!word) { return; }
        std::tuple place(at, *word == "received", digest);
        if (!word_ || place_ < place) {
            word_ = word;
            place_ = std::move(place);
        }
    }
    [[nodiscard]] const std::optional<std::string>& word() const { return word_; }

private:
    std::optional<std::string> word_;
    std::tuple<UtcMs, bool, std::string> place_;
};

struct Heard {
    std::vector<model::Report> reports;
    std::optional<std::string> payment;
    std::optional<std::string> quote;
};

Heard heard_of(store::Tx& tx, const std::string& supplier_order_row_id) {
    using Maybe = std::optional<std::string>;
    Heard heard;
    LastSaid payment;
    LastSaid quote;
    for (auto& [word, at, digest, tracking, parcel, lines, says_payment, says_quote] :
         tx.all<Maybe, std::int64_t, std::string, Maybe, Maybe, Maybe, Maybe, Maybe>(
             "SELECT status, occurred_at, digest, tracking_number, parcel, lines, payment, quote FROM evidence WHERE "
             "supplier_order_row_id = :1",
             {supplier_order_row_id})) {
        payment.hear(says_payment, at, digest);
        quote.hear(says_quote, at, digest);
        const auto status = word ? model::status_named(*word) : std::nullopt;
        heard.reports.push_back({status, at, std::move(digest), tracking.value_or(parcel.value_or("")), stored_lines(lines)});
    }
    heard.payment = payment.word();
    heard.quote = quote.word();
    return heard;
}

/// Writes the lines that stand elsewhere than before. The order's own lines follow, by a trigger.
bool write_lines(store::Tx& tx, const std::string& supplier_order_row_id, const std::vector<StoredLine>& before,
                 const std::vector<LineQuantities>& now) {
    bool moved = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const auto& line = now[i];
        if (line == before[i].stands) { continue; }
        moved = true;
        tx.run(
            "UPDATE supplier_order_lines SET open = :1, accepted = :2, backordered = :3, shipped = :4, canceled = :5, rejected = "
            ":6 WHERE supplier_order_row_id = :7 AND line_number = :8",
            {line.open, line.accepted, line.backordered, line.shipped, line.canceled, line.rejected, supplier_order_row_id,
             before[i].allotment.line_number});
    }
    return moved;
}

void write_order_status(store::Tx& tx, const std::string& order_id, UtcMs now) {
    std::vector<Status> parts;
    for (const auto& [word] : tx.all<std::string>("SELECT status FROM supplier_orders WHERE order_id = :1", {order_id})) {
        if (const auto status = model::status_named(word)) { parts.push_back(*status); }
    }
    const Status status = model::combine(parts);
    tx.run("UPDATE orders SET status = :1, updated_at = :2 WHERE id = :3", {model::name(status), now, order_id});
    if (status == Status::canceled) {
        tx.run("UPDATE orders SET cancel_state = 'done' WHERE id = :1 AND cancel_state = 'requested'", {order_id});
    }
}

/// Which pieces are in which parcel, for those who look at the order.
void write_parcels(store::Tx& tx, const SupplierOrder& order, const std::map<std::string, model::Pieces>& parcels) {
    for (const auto& [parcel, pieces] : parcels) {
        if (parcel.empty()) { continue; }
        Json list = Json::array();
        for (const auto& [sku, quantity] : pieces) { list.push(Json::object({{"sku", sku}, {"quantity", quantity}})); }
        tx.run("UPDATE shipments SET lines = :1 WHERE supplier_order_row_id = :2 AND tracking_number = :3",
               {list.dump(), order.id, parcel});
    }
}

}  // namespace

std::optional<SupplierOrder> find_supplier_order(store::Tx& tx, const std::string& condition, const store::Tx::Params& params) {
    auto row = tx.first<std::string, std::string, std::string, std::optional<std::string>, std::string,
                        std::optional<std::string>, std::string, std::optional<std::string>>(
        "SELECT s.id, s.order_id, s.reference, s.supplier_order_id, s.status, s.tracking_number, o.customer_id, s.withdrawn_why "
        "FROM supplier_orders s JOIN "
        "orders o ON o.id = s.order_id WHERE " +
            condition,
        params);
    if (!row) { return {}; }
    return std::apply([](auto&... cells) { return SupplierOrder{std::move(cells)...}; }, *row);
}

SupplierOrder need_supplier_order(store::Tx& tx, const std::string& id) {
    auto found = find_supplier_order(tx, "s.id = :1", {id});
    if (!found) { throw store::StoreFailure("no supplier order " + id); }
    return std::move(*found);
}

Json lines_json(const std::vector<model::LineReport>& lines) {
    Json list = Json::array();
    for (const auto& line : lines) {
        list.push(Json::object({{"sku", line.sku}, {"state", model::name(line.state)}, {"quantity", line.quantity}}));
    }
    return list;
}

std::vector<model::LineReport> stored_lines(const std::optional<std::string>& text) {
    std::vector<model::LineReport> lines;
    if (!text) { return lines; }
    const auto list = Json::parse(*text);
    if (!list) { throw store::StoreFailure("stored evidence has unreadable lines: " + list.error().text()); }
    for (const auto& line : list->items()) {
        const auto state = model::piece_state_named(line.text("state"));
        if (state) { lines.push_back({line.text("sku"), *state, line.integer("quantity")}); }
    }
    return lines;
}

std::vector<model::Allotment> allotments_of(store::Tx& tx, const std::string& supplier_order_row_id) {
    std::vector<model::Allotment> allotments;
    for (auto& line : lines_of(tx, supplier_order_row_id)) { allotments.push_back(std::move(line.allotment)); }
    return allotments;
}

void name_part(store::Tx& tx, const SupplierOrder& order, Json& data) {
    const auto left = tx.number(
        "SELECT (SELECT SUM(ordered) FROM order_lines WHERE order_id = :1) - (SELECT COALESCE(SUM(quantity), 0) FROM "
        "supplier_order_lines WHERE supplier_order_row_id = :2)",
        {order.order_id, order.id});
    if (left == 0) { return; }
    Json pieces = Json::array();
    for (const auto& allotment : allotments_of(tx, order.id)) {
        pieces.push(Json::object({{"sku", allotment.sku}, {"quantity", allotment.quantity}}));
    }
    data.set("partial", true).set("pieces", std::move(pieces));
}

Standing project(store::Tx& tx, notify::Facts& facts, const Account& account, const SupplierOrder& order) {
    const auto lines = lines_of(tx, order.id);
    std::vector<model::Allotment> allotments;
    for (const auto& line : lines) { allotments.push_back(line.allotment); }
    Heard heard = heard_of(tx, order.id);
    const auto before = tx.first<std::int64_t, std::optional<std::string>, std::optional<std::string>>(
        "SELECT supplier_order_id IS NOT NULL, payment, quote FROM supplier_orders WHERE id = :1", {order.id});
    const auto& [known, payment, quote] = *before;
    if (order.withdrawn_why) { heard.reports.push_back({Status::canceled, 1, "", "", {}}); }
    else if (known != 0) { heard.reports.push_back({Status::submitted, 0, "", "", {}}); }
    auto made = model::fulfil(allotments, heard.reports);
    if (order.withdrawn_why) { made.status = Status::canceled; }
    const UtcMs now = facts.now();
    const auto poll_at =
        account.poll && !order.withdrawn_why ? model::first_poll_at(made.status, *account.poll, now) : std::nullopt;
    tx.run(
        "UPDATE supplier_orders SET status = :1, synced_at = :2, updated_at = :3, next_poll_at = :4, polls = 0, payment = :5, "
        "quote "
        "= :6 WHERE id = :7",
        {model::name(made.status), now, now, poll_at, heard.payment, heard.quote, order.id});
    const bool moved = write_lines(tx, order.id, lines, made.lines);
    write_parcels(tx, order, made.parcels);
    write_order_status(tx, order.order_id, now);
    if (made.contradictory && !order.withdrawn_why) {
        facts.needs_attention(tx, order.order_id, "contradiction", "the supplier's reports cannot all be true; both are kept");
    }
    if (!made.troubles.empty()) {
        facts.needs_attention(
            tx, order.order_id, "lines/" + order.reference,
            account.name + " reports of " + order.reference + " what it has not: " + joined(made.troubles, "; "));
    }
    return {made.status, moved || payment != heard.payment || quote != heard.quote};
}

bool add_shipment(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const Evidence& evidence) {
    const bool added =
        tx.run(
            "INSERT INTO shipments (id, supplier_order_row_id, order_id, tracking_number, shipped_at, created_at) VALUES (:1, "
            ":2, :3, :4, :5, :6) ON CONFLICT (supplier_order_row_id, tracking_number) DO NOTHING",
            {facts.new_id(), order.id, order.order_id, evidence.tracking_number, evidence.occurred_at, facts.now()}) == 1;
    if (!added && evidence.occurred_at != 0) {
        tx.run(
            "UPDATE shipments SET shipped_at = :1 WHERE supplier_order_row_id = :2 AND tracking_number = :3 AND (shipped_at = 0 "
            "OR shipped_at > :4)",
            {evidence.occurred_at, order.id, evidence.tracking_number, evidence.occurred_at});
    }
    name_carrier(tx, order.id, evidence.tracking_number, evidence.carrier);
    // The first stays the order's own tracking number; "first" by the supplier's clock, so that arrival does not matter.
    tx.run(
        "UPDATE supplier_orders SET tracking_number = (SELECT tracking_number FROM shipments WHERE supplier_order_row_id = :1 "
        "ORDER BY shipped_at = 0, shipped_at, tracking_number LIMIT 1) WHERE id = :2",
        {order.id, order.id});
    return added;
}

}  // namespace crossdock::orders
