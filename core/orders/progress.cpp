#include "orders/progress.hpp"

#include "crypto/crypto.hpp"
#include "model/status.hpp"
#include "orders/shipments.hpp"

#include <algorithm>
#include <vector>

namespace crossdock::orders {
namespace {

using model::Status;

struct SupplierOrder {
    std::string id, order_id, reference;
    std::optional<std::string> supplier_order_id;
    std::string status;
    std::optional<std::string> tracking_number;
    std::string customer_id;
    std::optional<std::string> withdrawn_why;
};

std::optional<SupplierOrder> one(store::Tx& tx, const std::string& condition, const store::Tx::Params& params) {
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

SupplierOrder need(store::Tx& tx, const std::string& id) {
    auto found = one(tx, "s.id = :1", {id});
    if (!found) { throw store::StoreFailure("no supplier order " + id); }
    return std::move(*found);
}

std::optional<SupplierOrder> match(store::Tx& tx, const Account& account, const Evidence& evidence) {
    if (!evidence.reference.empty()) {
        return one(tx, "s.supplier_id = :1 AND s.reference = :2", {account.supplier_id, evidence.reference});
    }
    if (!evidence.supplier_order_id.empty()) {
        return one(tx, "s.supplier_id = :1 AND s.supplier_order_id = :2", {account.supplier_id, evidence.supplier_order_id});
    }
    return {};
}

std::string digest_of(const Evidence& e) {
    return crypto::sha256_hex(e.reference + "\n" + e.supplier_order_id + "\n" + e.supplier_status + "\n" + e.tracking_number +
                              "\n" + std::to_string(e.occurred_at) + (e.carrier.empty() ? "" : "\n" + e.carrier));
}

/// Puts every line's quantity where the status says it is, whatever it was before: the same evidence in another order of arrival
/// ends in the same lines. The suppliers' words say nothing of single lines, so part of an order counts as accepted.
void move_lines(store::Tx& tx, const std::string& order_id, Status status) {
    const char* place = "open";
    switch (status) {
        case Status::pending: break;
        case Status::submitted:
        case Status::confirmed:
        case Status::on_hold:
        case Status::fulfilling:
        case Status::partially_shipped: place = "accepted"; break;
        case Status::shipped:
        case Status::delivered: place = "shipped"; break;
        case Status::canceled: place = "canceled"; break;
        case Status::rejected: place = "rejected"; break;
    }
    std::string sql = "UPDATE order_lines SET ";
    for (const std::string column : {"open", "accepted", "backordered", "shipped", "canceled", "rejected"}) {
        sql += column + (column == place ? " = ordered, " : " = 0, ");
    }
    sql.resize(sql.size() - 2);
    tx.run(sql + " WHERE order_id = :1", {order_id});
}

/// The order's own status: the least advanced of its supplier orders. Its lines stand where that says.
Status write_order_status(store::Tx& tx, const std::string& order_id, UtcMs now) {
    std::optional<Status> least;
    for (const auto& [word] : tx.all<std::string>("SELECT status FROM supplier_orders WHERE order_id = :1", {order_id})) {
        const auto status = model::status_named(word);
        if (status && (!least || model::row(*status).rank < model::row(*least).rank)) { least = status; }
    }
    const Status status = least.value_or(Status::pending);
    tx.run("UPDATE orders SET status = :1, updated_at = :2 WHERE id = :3", {model::name(status), now, order_id});
    if (status == Status::canceled) {
        tx.run("UPDATE orders SET cancel_state = 'done' WHERE id = :1 AND cancel_state = 'requested'", {order_id});
    }
    move_lines(tx, order_id, status);
    return status;
}

std::vector<model::StatusEvidence> evidence_of(store::Tx& tx, const SupplierOrder& order) {
    std::vector<model::StatusEvidence> all;
    for (auto& [word, at, digest] : tx.all<std::string, std::int64_t, std::string>(
             "SELECT status, occurred_at, digest FROM evidence WHERE supplier_order_row_id = :1 AND status IS NOT NULL",
             {order.id})) {
        if (const auto status = model::status_named(word)) { all.push_back({*status, at, std::move(digest)}); }
    }
    return all;
}

/// Folds all evidence anew and writes what follows. Returns the status. The order was heard of: it is silent from now on.
Status project(store::Tx& tx, notify::Facts& facts, const Account& account, const SupplierOrder& order) {
    const auto evidence = evidence_of(tx, order);
    Status status = model::fold(evidence);
    const bool known = tx.number("SELECT supplier_order_id IS NOT NULL FROM supplier_orders WHERE id = :1", {order.id}) == 1;
    if (status == Status::pending && known) { status = Status::submitted; }
    if (order.withdrawn_why) { status = Status::canceled; }
    const UtcMs now = facts.now();
    const auto poll_at = account.poll && !order.withdrawn_why ? model::first_poll_at(status, *account.poll, now) : std::nullopt;
    tx.run("UPDATE supplier_orders SET status = :1, synced_at = :2, updated_at = :3, next_poll_at = :4, polls = 0 WHERE id = :5",
           {model::name(status), now, now, poll_at, order.id});
    write_order_status(tx, order.order_id, now);
    if (model::contradicts(evidence)) {
        facts.needs_attention(tx, order.order_id, "contradiction", "the supplier's reports cannot all be true; both are kept");
    }
    return status;
}

/// True when this is the first that is heard of the shipment. An undated report gives way to a dated one, in any order of
/// arrival.
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

/// Whether a shipment of this supplier order is a fact already, whatever its tracking number. `prefix` ends with '/'.
bool known_as_shipped(store::Tx& tx, const std::string& order_id, const std::string& prefix) {
    std::string behind = prefix;
    ++behind.back();
    return tx.number("SELECT COUNT(*) FROM facts WHERE order_id = :1 AND natural_key >= :2 AND natural_key < :3",
                     {order_id, prefix, behind}) > 0;
}

/// The fact that a mapped piece of evidence is, if its status has an event.
void record_status_fact(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const Evidence& evidence, Status said,
                        Status now_is) {
    const auto event = model::row(said).event;
    if (event.empty() || said == Status::submitted) { return; }
    std::string key = "order/" + order.order_id + "/" + std::string(model::name(said)) + "/" + order.reference;
    if (said == Status::shipped || said == Status::partially_shipped) {
        key += "/";
        // "It is shipped", by a question that tells neither when nor how, is no further shipment.
        const bool vague = evidence.occurred_at == 0 && evidence.tracking_number.empty();
        if (vague && known_as_shipped(tx, order.order_id, key)) { return; }
        key += evidence.tracking_number;
    }
    Json data = Json::object({{"status", model::name(said)}, {"reference", order.reference}});
    if (!evidence.supplier_order_id.empty()) { data.set("supplier_order_id", evidence.supplier_order_id); }
    if (!evidence.tracking_number.empty()) { add_tracking(data, evidence.tracking_number, evidence.carrier); }
    const bool overtaken = said != now_is && model::row(now_is).rank > model::row(said).rank;
    facts.record(tx, {.kind = std::string(event),
                      .natural_key = key,
                      .order_id = order.order_id,
                      .customer_id = order.customer_id,
                      .data = std::move(data),
                      .superseded = overtaken,
                      .occurred_at = evidence.occurred_at == 0 ? facts.now() : evidence.occurred_at});
}

/// The supplier speaks of an order as its own that we took back.
void tell_withdrawn(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const std::string& what) {
    facts.needs_attention(tx, order.order_id, "withdrawn/" + order.reference,
                          order.reference + " was withdrawn (" + order.withdrawn_why.value_or("") + "), but the supplier " +
                              what + ": it may have the order nevertheless; cancel it there");
}

/// True when the order has another status now, or one shipment more.
bool apply_matched(store::Tx& tx, notify::Facts& facts, const Account& account, const SupplierOrder& order,
                   const Evidence& evidence, std::optional<Status> said) {
    const bool shipment = !evidence.tracking_number.empty() && add_shipment(tx, facts, order, evidence);
    const Status now_is = project(tx, facts, account, order);
    if (order.withdrawn_why) {
        if (said != Status::canceled && said != Status::rejected) {
            tell_withdrawn(tx, facts, order, "reports \"" + evidence.supplier_status + "\" for it");
        }
        return shipment;
    }
    if (said) { record_status_fact(tx, facts, order, evidence, *said, now_is); }
    return shipment || model::name(now_is) != order.status;
}

/// A webhook says what a poll had to find out: it was late, not lost.
void take_back_healed(store::Tx& tx, const Account& account, const std::string& digest) {
    tx.run("UPDATE evidence SET healed = 0 WHERE supplier_id = :1 AND digest = :2 AND healed = 1", {account.supplier_id, digest});
}

void tell_unmapped(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const Account& account,
                   const std::string& word) {
    facts.needs_attention(tx, order.order_id, "unmapped/" + word,
                          account.name + " reports \"" + word + "\", which its file does not map under `statuses:`");
}

/// For evidence of no order here. Its name is the supplier's: it must not be taken for an order_id of ours.
void tell_unmatched(store::Tx& tx, notify::Facts& facts, const Account& account, const Evidence& evidence) {
    const std::string& named = evidence.reference.empty() ? evidence.supplier_order_id : evidence.reference;
    const std::string reason = account.name + " reports \"" + evidence.supplier_status + "\" for " + named +
                               ", an order that is not here; kept, and applied when the order's id becomes known";
    facts.alert(tx, "unmatched/" + account.name + "/" + named, "Unknown order " + named,
                Json::object({{"account", account.name}, {"named", named}}), reason);
}

/// Evidence that came before its order had the id: applied now, each once.
void rematch(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const Account& account,
             const std::string& supplier_order_id) {
    const auto waiting = tx.all<std::string, std::optional<std::string>, std::string, std::string, std::string, std::string,
                                std::int64_t, std::string>(
        "SELECT id, status, COALESCE(reference, ''), COALESCE(supplier_order_id, ''), COALESCE(supplier_status, ''), "
        "COALESCE(tracking_number, ''), occurred_at, COALESCE(carrier, '') FROM evidence WHERE supplier_id = :1 AND state = "
        "'unmatched' AND "
        "(reference = :2 OR "
        "supplier_order_id = :3) ORDER BY occurred_at, digest",
        {account.supplier_id, order.reference, supplier_order_id});
    // All are attached before any fact is made of them: what another of them has overtaken is told to nobody.
    for (const auto& row : waiting) {
        const auto& id = std::get<0>(row);
        tx.run("UPDATE evidence SET state = :1, supplier_order_row_id = :2 WHERE id = :3",
               {std::get<1>(row) ? "applied" : "unmapped", order.id, id});
        tx.run("UPDATE inbound_webhooks SET state = 'applied' WHERE id = (SELECT webhook_id FROM evidence WHERE id = :1)", {id});
    }
    for (const auto& named : {order.reference, supplier_order_id}) {
        notify::attention_over_topic(tx, "unmatched/" + account.name + "/" + named, "the order became known", facts.now());
    }
    for (const auto& [id, status, reference, their_id, word, tracking, at, carrier] : waiting) {
        Evidence evidence;
        evidence.reference = reference;
        evidence.supplier_order_id = their_id;
        evidence.supplier_status = word;
        evidence.tracking_number = tracking;
        evidence.occurred_at = at;
        evidence.carrier = carrier;
        const auto said = status ? model::status_named(*status) : std::nullopt;
        apply_matched(tx, facts, account, order, evidence, said);
        if (!said) { tell_unmapped(tx, facts, order, account, word); }
    }
}

std::string insert_evidence(store::Tx& tx, notify::Facts& facts, const Account& account, const Evidence& e,
                            const std::optional<SupplierOrder>& order, std::optional<Status> said, bool& inserted) {
    const std::string state = !order ? "unmatched" : said ? "applied" : "unmapped";
    const auto maybe = [](const std::string& text) { return text.empty() ? std::optional<std::string>() : std::optional(text); };
    inserted =
        tx.run(
            "INSERT INTO evidence (id, supplier_id, supplier_order_row_id, webhook_id, source, digest, reference, "
            "supplier_order_id, supplier_status, status, tracking_number, occurred_at, received_at, state, carrier) VALUES (:1, "
            ":2, :3, :4, "
            ":5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15) ON CONFLICT (supplier_id, digest) DO NOTHING",
            {facts.new_id(), account.supplier_id, order ? std::optional(order->id) : std::nullopt, e.webhook_id, e.source,
             digest_of(e), maybe(e.reference), maybe(e.supplier_order_id), maybe(e.supplier_status),
             said ? std::optional(std::string(model::name(*said))) : std::nullopt, maybe(e.tracking_number), e.occurred_at,
             facts.now(), state, maybe(e.carrier)}) == 1;
    return state;
}

}  // namespace

Applied apply_evidence(store::Tx& tx, notify::Facts& facts, const Account& account, const Evidence& evidence) {
    const auto order = match(tx, account, evidence);
    const auto mapped = account.statuses.find(evidence.supplier_status);
    const auto said = mapped == account.statuses.end() ? std::nullopt : model::status_named(mapped->second);
    bool inserted = false;
    const std::string state = insert_evidence(tx, facts, account, evidence, order, said, inserted);
    Applied applied;
    if (!inserted) {
        if (evidence.source == "webhook") { take_back_healed(tx, account, digest_of(evidence)); }
        applied.what = Applied::What::known;
        return applied;
    }
    if (!order) {
        tell_unmatched(tx, facts, account, evidence);
        applied.what = Applied::What::unmatched;
        return applied;
    }
    const bool settles = !evidence.supplier_order_id.empty() && !order->supplier_order_id && said != Status::rejected;
    if (settles) {
        const bool learned = learn_supplier_order_id(tx, facts, account, order->id, evidence.supplier_order_id);
        if (learned) { applied.settled_supplier_order = order->id; }
    }
    else if (!evidence.supplier_order_id.empty() && order->supplier_order_id &&
             *order->supplier_order_id != evidence.supplier_order_id) {
        facts.needs_attention(tx, order->order_id, "second-id",
                              account.name + " names " + evidence.supplier_order_id + " for " + order->reference +
                                  ", which is known as " + *order->supplier_order_id);
    }
    applied.changed = apply_matched(tx, facts, account, *order, evidence, said);
    if (applied.changed && evidence.source == "poll" && account.takes_webhooks) {
        tx.run("UPDATE evidence SET healed = 1 WHERE supplier_id = :1 AND digest = :2",
               {account.supplier_id, digest_of(evidence)});
    }
    if (!said) {
        applied.what = Applied::What::unmapped;
        tell_unmapped(tx, facts, *order, account, evidence.supplier_status);
    }
    return applied;
}

bool learn_supplier_order_id(store::Tx& tx, notify::Facts& facts, const Account& account,
                             const std::string& supplier_order_row_id, const std::string& supplier_order_id) {
    const std::optional<SupplierOrder> order = need(tx, supplier_order_row_id);
    if (order->supplier_order_id) {
        if (*order->supplier_order_id != supplier_order_id) {
            facts.needs_attention(tx, order->order_id, "second-id",
                                  account.name + " answered " + supplier_order_id + " for " + order->reference +
                                      ", which is known as " + *order->supplier_order_id);
        }
        return false;
    }
    if (tx.number("SELECT COUNT(*) FROM supplier_orders WHERE supplier_id = :1 AND supplier_order_id = :2",
                  {account.supplier_id, supplier_order_id}) > 0) {
        facts.needs_attention(tx, order->order_id, "taken-id",
                              account.name + " answered " + supplier_order_id + ", which is another order's id there");
        return false;
    }
    const UtcMs now = facts.now();
    tx.run("UPDATE supplier_orders SET supplier_order_id = :1, synced_at = :2, updated_at = :3 WHERE id = :4",
           {supplier_order_id, now, now, supplier_order_row_id});
    if (order->withdrawn_why) {
        tell_withdrawn(tx, facts, *order, "knows it as " + supplier_order_id);
        rematch(tx, facts, *order, account, supplier_order_id);
        return false;
    }
    facts.record(tx, {.kind = "order.accepted",
                      .natural_key = "order/" + order->order_id + "/accepted/" + order->reference,
                      .order_id = order->order_id,
                      .customer_id = order->customer_id,
                      .data = Json::object(
                          {{"supplier_order_id", supplier_order_id}, {"reference", order->reference}, {"account", account.name}}),
                      .occurred_at = now});
    project(tx, facts, account, *order);
    rematch(tx, facts, *order, account, supplier_order_id);
    return true;
}

void confirm_cancel(store::Tx& tx, notify::Facts& facts, const Account& account, const std::string& supplier_order_row_id,
                    const std::string& word) {
    const auto order = need(tx, supplier_order_row_id);
    Evidence evidence;
    evidence.source = "answer";
    evidence.reference = order.reference;
    evidence.supplier_order_id = order.supplier_order_id.value_or("");
    evidence.supplier_status = word;
    bool inserted = false;
    insert_evidence(tx, facts, account, evidence, order, Status::canceled, inserted);
    const Status now_is = project(tx, facts, account, order);
    record_status_fact(tx, facts, order, evidence, Status::canceled, now_is);
}

void withdraw(store::Tx& tx, notify::Facts& facts, const std::string& supplier_order_row_id, const std::string& why) {
    const UtcMs now = facts.now();
    tx.run("UPDATE supplier_orders SET withdrawn_at = :1, withdrawn_why = :2 WHERE id = :3", {now, why, supplier_order_row_id});
    project(tx, facts, Account{}, need(tx, supplier_order_row_id));
}

void tell_canceled(store::Tx& tx, notify::Facts& facts, const std::string& supplier_order_row_id, const std::string& why) {
    const auto order = need(tx, supplier_order_row_id);
    if (tx.number("SELECT COUNT(*) FROM orders WHERE id = :1 AND status = 'canceled'", {order.order_id}) == 0) { return; }
    facts.record(tx, {.kind = "order.canceled",
                      .natural_key = "order/" + order.order_id + "/canceled/" + order.reference,
                      .order_id = order.order_id,
                      .customer_id = order.customer_id,
                      .data = Json::object({{"status", "canceled"}, {"reference", order.reference}, {"reason", why}}),
                      .occurred_at = facts.now()});
}

void reject(store::Tx& tx, notify::Facts& facts, const Account& account, const std::string& supplier_order_row_id,
            const std::string& reason) {
    const std::optional<SupplierOrder> order = need(tx, supplier_order_row_id);
    Evidence evidence;
    evidence.source = "answer";
    evidence.reference = order->reference;
    evidence.supplier_status = reason;
    evidence.occurred_at = facts.now();
    bool inserted = false;
    insert_evidence(tx, facts, account, evidence, order, Status::rejected, inserted);
    const Status now_is = project(tx, facts, account, *order);
    facts.record(tx, {.kind = "order.rejected",
                      .natural_key = "order/" + order->order_id + "/rejected/" + order->reference,
                      .order_id = order->order_id,
                      .customer_id = order->customer_id,
                      .data = Json::object({{"status", model::name(now_is)}, {"reason", reason}, {"account", account.name}}),
                      .occurred_at = facts.now()});
}

}  // namespace crossdock::orders
