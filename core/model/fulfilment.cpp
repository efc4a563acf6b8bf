#include "model/fulfilment.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace crossdock::model {
namespace {

using enum Status;

constexpr std::array<std::string_view, 5> piece_states{"accepted", "backordered", "shipped", "canceled", "rejected"};

std::int64_t of(const Pieces& pieces, const std::string& sku) {
    const auto at = pieces.find(sku);
    return at == pieces.end() ? 0 : at->second;
}

Pieces named(const Report& report, PieceState state) {
    Pieces pieces;
    for (const auto& line : report.lines) {
        if (line.state == state) { pieces[line.sku] += line.quantity; }
    }
    return pieces;
}

/// Whether it says how the whole order stands piece by piece, beyond what a parcel holds.
bool is_snapshot(const Report& report) {
    return std::any_of(report.lines.begin(), report.lines.end(),
                       [](const LineReport& line) { return line.state != PieceState::shipped; });
}

/// Everything that the reports say of pieces, and what of it the order has.
class Ledger {
public:
    Ledger(std::span<const Allotment> allotments, std::span<const Report> reports) {
        for (const auto& allotment : allotments) { ordered_[allotment.sku] += allotment.quantity; }
        add_parcels(reports);
        add_snapshot(reports);
    }

    [[nodiscard]] const Pieces& shipped() const { return shipped_; }
    [[nodiscard]] const std::map<std::string, Pieces>& parcels() const { return parcels_; }
    [[nodiscard]] const Pieces& parcel(const std::string& name) const {
        static const Pieces none;
        const auto at = parcels_.find(name);
        return at == parcels_.end() ? none : at->second;
    }
    [[nodiscard]] Pieces rest_of(PieceState state) const {
        const auto at = snapshot_.find(state);
        return at == snapshot_.end() ? Pieces{} : at->second;
    }
    [[nodiscard]] const std::set<std::string>& troubles() const { return troubles_; }

    /// Whether these pieces, and those that are not coming, are all of the order.
    [[nodiscard]] bool cover(const Pieces& pieces) const {
        const Pieces canceled = rest_of(PieceState::canceled);
        const Pieces rejected = rest_of(PieceState::rejected);
        return std::all_of(ordered_.begin(), ordered_.end(), [&](const auto& article) {
            const auto& sku = article.first;
            return of(pieces, sku) + of(canceled, sku) + of(rejected, sku) >= article.second;
        });
    }
    [[nodiscard]] bool covered() const { return cover(shipped_); }
    [[nodiscard]] bool nothing_comes() const { return cover({}); }

    /// Whether pieces that are said not to come have been shipped.
    [[nodiscard]] bool contradicts_itself() const {
        const Pieces canceled = rest_of(PieceState::canceled);
        const Pieces rejected = rest_of(PieceState::rejected);
        return std::any_of(ordered_.begin(), ordered_.end(), [&](const auto& article) {
            const auto& sku = article.first;
            return of(shipped_, sku) + of(canceled, sku) + of(rejected, sku) > article.second;
        });
    }

private:
    void add_parcels(std::span<const Report> reports) {
        for (const auto& report : reports) {
            for (const auto& [sku, quantity] : named(report, PieceState::shipped)) {
                auto& known = parcels_[report.parcel][sku];
                known = std::max(known, quantity);
            }
        }
        for (const auto& [parcel, pieces] : parcels_) {
            for (const auto& [sku, quantity] : pieces) { shipped_[sku] += quantity; }
        }
        clip(shipped_, "shipped");
    }

    void add_snapshot(std::span<const Report> reports) {
        const Report* latest = nullptr;
        for (const auto& report : reports) {
            // An undated one stands behind all dated ones: nobody knows when it was true.
            const auto place = [](const Report& r) { return std::tuple(r.occurred_at, std::string_view(r.digest)); };
            if (is_snapshot(report) && (latest == nullptr || place(*latest) < place(report))) { latest = &report; }
        }
        if (latest == nullptr) { return; }
        for (const auto state : {PieceState::canceled, PieceState::rejected, PieceState::backordered, PieceState::accepted}) {
            snapshot_[state] = named(*latest, state);
            clip(snapshot_[state], name(state));
        }
    }

    void clip(Pieces& pieces, std::string_view what) {
        for (auto& [sku, quantity] : pieces) {
            const auto most = of(ordered_, sku);
            if (quantity <= most) { continue; }
            troubles_.insert(most == 0 ? sku + ", which it has not, is reported " + std::string(what)
                                       : std::to_string(quantity) + " of " + sku + " are reported " + std::string(what) +
                                             ", and " + std::to_string(most) + " were ordered");
            quantity = most;
        }
    }

    Pieces ordered_;
    Pieces shipped_;
    std::map<std::string, Pieces> parcels_;
    std::map<PieceState, Pieces> snapshot_;
    std::set<std::string> troubles_;
};

/// What a report says of the order's status; nothing when it speaks of a part only that has no status of its own.
std::optional<Status> status_of(const Report& report, const Ledger& ledger) {
    if (!report.status) { return {}; }
    const Status said = *report.status;
    if (said == canceled || said == rejected) {
        // Named piece by piece it is about these pieces; whether anything is left of the order follows from them.
        const auto own = named(report, said == canceled ? PieceState::canceled : PieceState::rejected);
        return own.empty() ? std::optional(said) : std::nullopt;
    }
    if (said != shipped && said != partially_shipped && said != delivered) { return said; }
    auto own = named(report, PieceState::shipped);
    // "Delivered" of a parcel whose pieces are known is about that parcel.
    if (own.empty() && said == delivered) { own = ledger.parcel(report.parcel); }
    if (own.empty()) { return said; }
    if (said == delivered && ledger.cover(own)) { return delivered; }
    return ledger.covered() ? shipped : partially_shipped;
}

/// Where those pieces of an order of this status stand that no report names.
std::int64_t LineQuantities::*rest_of(Status status) {
    switch (status) {
        case pending: return &LineQuantities::open;
        case shipped:
        case delivered: return &LineQuantities::shipped;
        case canceled: return &LineQuantities::canceled;
        case rejected: return &LineQuantities::rejected;
        case submitted:
        case confirmed:
        case on_hold:
        case fulfilling:
        case partially_shipped: break;
    }
    return &LineQuantities::accepted;
}

/// Deals the pieces of each state out to the lines, in the order of the lines.
/// `rest`: where those stand that no report names.
std::vector<LineQuantities> dealt(std::span<const Allotment> allotments, const Ledger& ledger,
                                  std::int64_t LineQuantities::*rest) {
    Pieces shipped = ledger.shipped();
    Pieces canceled = ledger.rest_of(PieceState::canceled);
    Pieces rejected = ledger.rest_of(PieceState::rejected);
    Pieces backordered = ledger.rest_of(PieceState::backordered);
    std::vector<LineQuantities> lines;
    for (const auto& allotment : allotments) {
        std::int64_t left = allotment.quantity;
        const auto take = [&](Pieces& from) {
            auto& there = from[allotment.sku];
            const auto taken = std::min(left, there);
            there -= taken;
            left -= taken;
            return taken;
        };
        LineQuantities line;
        line.shipped = take(shipped);
        line.canceled = take(canceled);
        line.rejected = take(rejected);
        const bool ended = rest != &LineQuantities::open && rest != &LineQuantities::accepted;
        if (!ended) { line.backordered = take(backordered); }
        line.*rest += left;
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

std::string_view name(PieceState state) {
    return piece_states.at(static_cast<std::size_t>(state));
}

std::optional<PieceState> piece_state_named(std::string_view name) {
    const auto at = std::find(piece_states.begin(), piece_states.end(), name);
    if (at == piece_states.end()) { return {}; }
    return static_cast<PieceState>(at - piece_states.begin());
}

Fulfilment fulfil(std::span<const Allotment> allotments, std::span<const Report> reports) {
    const Ledger ledger(allotments, reports);
    std::vector<StatusEvidence> said;
    for (const auto& report : reports) {
        if (const auto status = status_of(report, ledger)) { said.push_back({*status, report.occurred_at, report.digest}); }
    }
    Fulfilment made;
    made.status = fold(said);
    made.contradictory = contradicts(said) || ledger.contradicts_itself();
    made.troubles.assign(ledger.troubles().begin(), ledger.troubles().end());
    made.parcels = ledger.parcels();
    const auto rest = rest_of(made.status);
    const bool fails = made.status == canceled || made.status == rejected;
    if (fails && !ledger.shipped().empty()) {
        made.status = shipped;  // part of it is on its way, the rest is not coming
    }
    else if (ledger.nothing_comes() && !allotments.empty() && row(made.status).rank < row(shipped).rank) {
        made.status = ledger.rest_of(PieceState::canceled).empty() ? rejected : canceled;
    }
    made.lines = dealt(allotments, ledger, rest);
    return made;
}

Status combine(std::span<const Status> parts) {
    const auto fails = [](Status status) { return status == canceled || status == rejected; };
    std::optional<Status> least;
    std::optional<Status> least_of_all;
    bool some_left = false;
    for (const Status part : parts) {
        const auto lower = [&](const std::optional<Status>& than) { return !than || row(part).rank < row(*than).rank; };
        if (lower(least_of_all)) { least_of_all = part; }
        if (fails(part)) { continue; }
        if (lower(least)) { least = part; }
        some_left = some_left || row(part).rank >= row(partially_shipped).rank;
    }
    if (!least) { return least_of_all.value_or(pending); }
    return some_left && row(*least).rank < row(shipped).rank ? partially_shipped : *least;
}

}  // namespace crossdock::model
