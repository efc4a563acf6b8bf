#include "model/status.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace crossdock::model {
namespace {

using enum Status;

constexpr std::array from_pending{submitted, confirmed, on_hold,  fulfilling, partially_shipped,
                                  shipped,   delivered, rejected, canceled};
constexpr std::array from_submitted{confirmed, on_hold, fulfilling, partially_shipped, shipped, delivered, rejected, canceled};
constexpr std::array from_confirmed{on_hold, fulfilling, partially_shipped, shipped, delivered, canceled};
constexpr std::array from_on_hold{submitted, confirmed, fulfilling, partially_shipped, shipped, delivered, rejected, canceled};
constexpr std::array from_fulfilling{on_hold, partially_shipped, shipped, delivered, canceled};
constexpr std::array from_partially_shipped{shipped, delivered, canceled};
constexpr std::array from_shipped{delivered};

constexpr std::array<StatusRow, 10> table{{
    {pending, "pending", 0, false, "", from_pending},
    {submitted, "submitted", 1, false, "order.accepted", from_submitted},
    {confirmed, "confirmed", 2, false, "order.status_changed", from_confirmed},
    {on_hold, "on_hold", 2, false, "order.status_changed", from_on_hold},
    {fulfilling, "fulfilling", 3, false, "order.fulfillment_started", from_fulfilling},
    {partially_shipped, "partially_shipped", 4, false, "order.status_changed", from_partially_shipped},
    {shipped, "shipped", 5, false, "order.shipped", from_shipped},
    {delivered, "delivered", 6, true, "order.delivered", {}},
    {rejected, "rejected", 7, true, "order.rejected", {}},
    {canceled, "canceled", 8, true, "order.canceled", {}},
}};

}  // namespace

std::span<const StatusRow> status_table() {
    return table;
}

const StatusRow& row(Status status) {
    return table.at(static_cast<std::size_t>(status));
}

std::string_view name(Status status) {
    return row(status).name;
}

std::optional<Status> status_named(std::string_view name) {
    const auto at = std::find_if(table.begin(), table.end(), [&](const StatusRow& r) { return r.name == name; });
    if (at == table.end()) { return {}; }
    return at->status;
}

bool may_become(Status from, Status to) {
    const auto allowed = row(from).may_become;
    return std::find(allowed.begin(), allowed.end(), to) != allowed.end();
}

Status fold(std::span<const StatusEvidence> evidence) {
    std::vector<const StatusEvidence*> sorted;
    sorted.reserve(evidence.size());
    for (const auto& piece : evidence) { sorted.push_back(&piece); }
    const auto place = [](const StatusEvidence* piece) {
        const bool undated = piece->occurred_at == 0;
        // Of two undated ones of equal rank the hold comes last, where it does not count: an order is never stuck on hold.
        const int hold_last = undated && piece->status == on_hold ? 1 : 0;
        return std::tuple(undated, piece->occurred_at, row(piece->status).rank, hold_last, std::string_view(piece->digest));
    };
    std::sort(sorted.begin(), sorted.end(), [&](const auto* a, const auto* b) { return place(a) < place(b); });
    Status now = pending;
    Status reached = pending;  // what a hold interrupts, and what its end goes back to
    for (const auto* piece : sorted) {
        if (!may_become(now, piece->status)) { continue; }
        if (piece->occurred_at == 0 && row(piece->status).rank <= std::max(row(now).rank, row(reached).rank)) { continue; }
        const bool resumes = now == on_hold && row(piece->status).rank < row(reached).rank;
        now = resumes ? reached : piece->status;
        if (now != on_hold) { reached = now; }
    }
    return now;
}

bool contradicts(std::span<const StatusEvidence> evidence) {
    const auto any = [&](auto... wanted) {
        return std::any_of(evidence.begin(), evidence.end(),
                           [&](const StatusEvidence& e) { return ((e.status == wanted) || ...); });
    };
    const bool sent = any(shipped, delivered);
    return (sent && any(canceled, rejected)) || (any(canceled) && any(rejected));
}

}  // namespace crossdock::model
