#pragma once

#include "base/time.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace crossdock::model {

/// The canonical statuses of an order and of a supplier order.
enum class Status {
    pending,     ///< stored here, not yet known to the supplier
    submitted,   ///< the supplier has it and has not said more
    confirmed,   ///< the supplier will fulfil it
    on_hold,     ///< the supplier waits for something
    fulfilling,  ///< being picked and packed
    partially_shipped,
    shipped,
    delivered,
    rejected,  ///< refused before it was confirmed; final
    canceled,  ///< final
};

/// One row of the table that is the only source of names, ranks and transitions.
struct StatusRow {
    Status status;
    std::string_view name;
    int rank;                ///< progress; evidence never lowers it
    bool final_;             ///< nothing follows, except delivered behind shipped
    std::string_view event;  ///< the event of a change into it; empty: none
    std::span<const Status> may_become;
};

[[nodiscard]] std::span<const StatusRow> status_table();
[[nodiscard]] const StatusRow& row(Status status);
[[nodiscard]] std::string_view name(Status status);
[[nodiscard]] std::optional<Status> status_named(std::string_view name);
[[nodiscard]] bool may_become(Status from, Status to);

/// What one piece of evidence says of one supplier order.
struct StatusEvidence {
    Status status = Status::pending;
    UtcMs occurred_at = 0;  ///< the supplier's clock; compared with that supplier's only; 0: undated
    std::string digest;     ///< breaks ties, so that the order of arrival never matters
};

/// The status that a set of evidence amounts to: a pure function of the set, whatever the order of arrival.
/// Progress never goes back; of two finals the one that the supplier dates earlier stands (and `contradicts` tells a person);
/// on_hold holds only while nothing later says otherwise, and then gives way to at least what was reached before it.
/// An undated piece counts behind all dated ones, and only where it is an advance: nobody knows when it was true.
[[nodiscard]] Status fold(std::span<const StatusEvidence> evidence);

/// Evidence that cannot both be true, for example shipped and canceled: a person must look.
[[nodiscard]] bool contradicts(std::span<const StatusEvidence> evidence);

}  // namespace crossdock::model
