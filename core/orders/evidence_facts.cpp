#include "orders/evidence_facts.hpp"

#include "base/joined.hpp"
#include "orders/shipments.hpp"

#include <algorithm>

namespace crossdock::orders {
namespace {

using model::PieceState;
using model::Status;

Json pieces_of(const Evidence& evidence, PieceState state) {
    Json list = Json::array();
    for (const auto& line : evidence.lines) {
        if (line.state == state) { list.push(Json::object({{"sku", line.sku}, {"quantity", line.quantity}})); }
    }
    return list;
}

/// "A=4,B=1", sorted: what makes two reports of the same pieces one fact.
std::string key_of(const Evidence& evidence, PieceState state) {
    std::vector<std::string> parts;
    for (const auto& line : evidence.lines) {
        if (line.state == state) { parts.push_back(line.sku + "=" + std::to_string(line.quantity)); }
    }
    std::sort(parts.begin(), parts.end());
    return joined(parts, ",");
}

/// Whether a shipment of this supplier order is a fact already, whatever its tracking number. `prefix` ends with '/'.
bool known_as_shipped(store::Tx& tx, const std::string& order_id, const std::string& prefix) {
    std::string behind = prefix;
    ++behind.back();
    return tx.number("SELECT COUNT(*) FROM facts WHERE order_id = :1 AND natural_key >= :2 AND natural_key < :3",
                     {order_id, prefix, behind}) > 0;
}

std::optional<PieceState> pieces_meant(Status said) {
    switch (said) {
        case Status::shipped:
        case Status::partially_shipped:
        case Status::delivered: return PieceState::shipped;
        case Status::canceled: return PieceState::canceled;
        case Status::rejected: return PieceState::rejected;
        default: return {};
    }
}

class Teller {
public:
    Teller(store::Tx& tx, notify::Facts& facts, const SupplierOrder& order, const Evidence& evidence)
        : tx_(tx), facts_(facts), order_(order), evidence_(evidence) {}

    void status(Status said, Status now_is) {
        const auto event = model::row(said).event;
        if (event.empty() || said == Status::submitted) { return; }
        std::string key(model::name(said));
        key += "/" + order_.reference;
        const auto meant = pieces_meant(said);
        Json pieces = meant ? pieces_of(evidence_, *meant) : Json::array();
        const bool by_parcel = said == Status::shipped || said == Status::partially_shipped;
        if (by_parcel) {
            key += "/";
            const std::string& parcel = evidence_.tracking_number.empty() ? evidence_.parcel : evidence_.tracking_number;
            // "It is shipped", by a question that tells neither when nor how, is no further shipment.
            const bool vague = evidence_.occurred_at == 0 && parcel.empty() && evidence_.lines.empty();
            if (vague && known_as_shipped(tx_, order_.order_id, "order/" + order_.order_id + "/" + key)) { return; }
            key += parcel;
        }
        else if (said == Status::delivered && !pieces.items().empty()) { key += "/" + evidence_.tracking_number; }
        else if (!pieces.items().empty()) { key += "/" + key_of(evidence_, *meant); }
        Json data = about(model::name(said));
        if (!pieces.items().empty()) {
            data.set("pieces", std::move(pieces));
            // The word is about these pieces; the order as a whole is not so far, or comes to another end.
            if (model::row(now_is).rank < model::row(said).rank) { data.set("partial", true); }
        }
        else if (meant) { name_part(tx_, order_, data); }
        const bool overtaken = model::row(now_is).rank > model::row(said).rank;
        record(std::string(event), key, std::move(data), overtaken);
    }

    void backorder() {
        Json pieces = pieces_of(evidence_, PieceState::backordered);
        if (pieces.items().empty()) { return; }
        Json data = about("backordered");
        data.set("pieces", std::move(pieces));
        record("order.status_changed", "backordered/" + order_.reference + "/" + key_of(evidence_, PieceState::backordered),
               std::move(data), false);
    }

    void beside(const char* what, const std::string& word) {
        if (word.empty()) { return; }
        Json data = about(evidence_.supplier_status);
        data.set(what, word);
        record("order.status_changed", std::string(what) + "/" + word + "/" + order_.reference, std::move(data), false);
    }

private:
    [[nodiscard]] Json about(std::string_view status) const {
        Json data = Json::object({{"status", status}, {"reference", order_.reference}});
        if (!evidence_.supplier_order_id.empty()) { data.set("supplier_order_id", evidence_.supplier_order_id); }
        if (!evidence_.tracking_number.empty()) { add_tracking(data, evidence_.tracking_number, evidence_.carrier); }
        return data;
    }
    void record(const std::string& kind, const std::string& key, Json data, bool overtaken) {
        facts_.record(tx_, {.kind = kind,
                            .natural_key = "order/" + order_.order_id + "/" + key,
                            .order_id = order_.order_id,
                            .customer_id = order_.customer_id,
                            .data = std::move(data),
                            .superseded = overtaken,
                            .occurred_at = evidence_.occurred_at == 0 ? facts_.now() : evidence_.occurred_at});
    }

    store::Tx& tx_;
    notify::Facts& facts_;
    const SupplierOrder& order_;
    const Evidence& evidence_;
};

}  // namespace

void tell_facts_of(store::Tx& tx, notify::Facts& facts, const Account& account, const SupplierOrder& order,
                   const Evidence& evidence, std::optional<Status> said, Status now_is) {
    Teller teller(tx, facts, order, evidence);
    if (said) { teller.status(*said, now_is); }
    teller.backorder();
    if (const auto at = account.beside.find(evidence.supplier_status); at != account.beside.end()) {
        teller.beside("payment", at->second.payment);
        teller.beside("quote", at->second.quote);
    }
}

}  // namespace crossdock::orders
