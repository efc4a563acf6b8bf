#include "orders/progress.hpp"

#include "crypto/crypto.hpp"
#include "model/status.hpp"
#include "orders/evidence_facts.hpp"
#include "orders/standing.hpp"

#include <algorithm>
#include <vector>

namespace crossdock::orders {
namespace {

using model::Status;

std::optional<SupplierOrder> match(store::Tx& tx, const Account& account, const Evidence& evidence) {
    if (!evidence.reference.empty()) {
        return find_supplier_order(tx, "s.supplier_id = :1 AND s.reference = :2", {account.supplier_id, evidence.reference});
    }
    if (!evidence.supplier_order_id.empty()) {
        return find_supplier_order(tx, "s.supplier_id = :1 AND s.supplier_order_id = :2",
                                   {account.supplier_id, evidence.supplier_order_id});
    }
    return {};
}

std::string digest_of(const Evidence& e) {
    std::string text = e.reference + "\n" + e.supplier_order_id + "\n" + e.supplier_status + "\n" + e.tracking_number + "\n" +
                       std::to_string(e.occurred_at);
    if (!e.carrier.empty()) { text += "\n" + e.carrier; }
    if (!e.parcel.empty() || !e.lines.empty()) { text += "\n" + e.parcel + "\n" + lines_json(e.lines).dump(); }
    return crypto::sha256_hex(text);
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
    const Standing standing = project(tx, facts, account, order);
    if (order.withdrawn_why) {
        if (said != Status::canceled && said != Status::rejected) {
            tell_withdrawn(tx, facts, order, "reports \"" + evidence.supplier_status + "\" for it");
        }
        return shipment;
    }
    tell_facts_of(tx, facts, account, order, evidence, said, standing.status);
    return shipment || standing.moved || model::name(standing.status) != order.status;
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
    using Text = std::string;
    const auto waiting = tx.all<Text, std::optional<Text>, Text, Text, Text, Text, std::int64_t, Text, std::optional<Text>, Text>(
        "SELECT id, status, COALESCE(reference, ''), COALESCE(supplier_order_id, ''), COALESCE(supplier_status, ''), "
        "COALESCE(tracking_number, ''), occurred_at, COALESCE(parcel, ''), lines, COALESCE(carrier, '') FROM evidence WHERE "
        "supplier_id = :1 AND state "
        "= 'unmatched' AND "
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
    for (const auto& [id, status, reference, their_id, word, tracking, at, parcel, lines, carrier] : waiting) {
        Evidence evidence;
        evidence.reference = reference;
        evidence.supplier_order_id = their_id;
        evidence.supplier_status = word;
        evidence.tracking_number = tracking;
        evidence.occurred_at = at;
        evidence.parcel = parcel;
        evidence.lines = stored_lines(lines);
        evidence.carrier = carrier;
        const auto said = status ? model::status_named(*status) : std::nullopt;
        apply_matched(tx, facts, account, order, evidence, said);
        if (!said) { tell_unmapped(tx, facts, order, account, word); }
    }
}

/// False when the same evidence is there already.
bool insert_evidence(store::Tx& tx, notify::Facts& facts, const Account& account, const Evidence& e,
                     const std::optional<SupplierOrder>& order, std::optional<Status> said) {
    const std::string state = !order ? "unmatched" : said ? "applied" : "unmapped";
    const auto maybe = [](const std::string& text) { return text.empty() ? std::optional<std::string>() : std::optional(text); };
    const auto at = account.beside.find(e.supplier_status);
    const auto beside = at == account.beside.end() ? model::Beside{} : at->second;
    return tx.run(
               "INSERT INTO evidence (id, supplier_id, supplier_order_row_id, webhook_id, source, digest, reference, "
               "supplier_order_id, supplier_status, status, tracking_number, occurred_at, received_at, state, parcel, lines, "
               "payment, quote, carrier) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15, :16, :17, "
               ":18, :19) ON "
               "CONFLICT (supplier_id, digest) DO NOTHING",
               {facts.new_id(), account.supplier_id, order ? std::optional(order->id) : std::nullopt, e.webhook_id, e.source,
                digest_of(e), maybe(e.reference), maybe(e.supplier_order_id), maybe(e.supplier_status),
                said ? std::optional(std::string(model::name(*said))) : std::nullopt, maybe(e.tracking_number), e.occurred_at,
                facts.now(), state, maybe(e.parcel), maybe(e.lines.empty() ? "" : lines_json(e.lines).dump()),
                maybe(beside.payment), maybe(beside.quote), maybe(e.carrier)}) == 1;
}

}  // namespace

Applied apply_evidence(store::Tx& tx, notify::Facts& facts, const Account& account, const Evidence& evidence) {
    const auto order = match(tx, account, evidence);
    const auto mapped = account.statuses.find(evidence.supplier_status);
    const auto said = mapped == account.statuses.end() ? std::nullopt : model::status_named(mapped->second);
    Applied applied;
    if (!insert_evidence(tx, facts, account, evidence, order, said)) {
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
    const std::optional<SupplierOrder> order = need_supplier_order(tx, supplier_order_row_id);
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
    Json data =
        Json::object({{"supplier_order_id", supplier_order_id}, {"reference", order->reference}, {"account", account.name}});
    name_part(tx, *order, data);
    facts.record(tx, {.kind = "order.accepted",
                      .natural_key = "order/" + order->order_id + "/accepted/" + order->reference,
                      .order_id = order->order_id,
                      .customer_id = order->customer_id,
                      .data = std::move(data),
                      .occurred_at = now});
    (void)project(tx, facts, account, *order);
    rematch(tx, facts, *order, account, supplier_order_id);
    return true;
}

void confirm_cancel(store::Tx& tx, notify::Facts& facts, const Account& account, const std::string& supplier_order_row_id,
                    const std::string& word) {
    const auto order = need_supplier_order(tx, supplier_order_row_id);
    Evidence evidence;
    evidence.source = "answer";
    evidence.reference = order.reference;
    evidence.supplier_order_id = order.supplier_order_id.value_or("");
    evidence.supplier_status = word;
    insert_evidence(tx, facts, account, evidence, order, Status::canceled);
    const Standing standing = project(tx, facts, account, order);
    tell_facts_of(tx, facts, account, order, evidence, Status::canceled, standing.status);
}

void withdraw(store::Tx& tx, notify::Facts& facts, const std::string& supplier_order_row_id, const std::string& why) {
    const UtcMs now = facts.now();
    tx.run("UPDATE supplier_orders SET withdrawn_at = :1, withdrawn_why = :2 WHERE id = :3", {now, why, supplier_order_row_id});
    project(tx, facts, Account{}, need_supplier_order(tx, supplier_order_row_id));
}

void tell_canceled(store::Tx& tx, notify::Facts& facts, const std::string& supplier_order_row_id, const std::string& why) {
    const auto order = need_supplier_order(tx, supplier_order_row_id);
    if (tx.number("SELECT COUNT(*) FROM orders WHERE id = :1 AND status = 'canceled'", {order.order_id}) == 0) { return; }
    facts.record(tx, {.kind = "order.canceled",
                      .natural_key = "order/" + order.order_id + "/canceled/" + order.reference,
                      .order_id = order.order_id,
                      .customer_id = order.customer_id,
                      .data = Json::object({{"status", "canceled"}, {"reference", order.reference}, {"reason", why}}),
                      .occurred_at = facts.now()});
}

void reject(store::Tx& tx, notify::Facts& facts, const Account& account, const std::string& supplier_order_row_id,
            const std::string& reason, bool quietly) {
    const std::optional<SupplierOrder> order = need_supplier_order(tx, supplier_order_row_id);
    Evidence evidence;
    evidence.source = "answer";
    evidence.reference = order->reference;
    evidence.supplier_status = reason;
    evidence.occurred_at = facts.now();
    insert_evidence(tx, facts, account, evidence, order, Status::rejected);
    const Standing standing = project(tx, facts, account, *order);
    if (quietly) { return; }
    Json data = Json::object({{"status", model::name(standing.status)}, {"reason", reason}, {"account", account.name}});
    name_part(tx, *order, data);
    facts.record(tx, {.kind = "order.rejected",
                      .natural_key = "order/" + order->order_id + "/rejected/" + order->reference,
                      .order_id = order->order_id,
                      .customer_id = order->customer_id,
                      .data = std::move(data),
                      .occurred_at = facts.now()});
}

}  // namespace crossdock::orders
