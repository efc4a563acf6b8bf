#pragma once

#include "model/status.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::model {

/// Where pieces of an order line can stand. Together they are what was ordered (G10).
struct LineQuantities {
    std::int64_t open = 0;
    std::int64_t accepted = 0;
    std::int64_t backordered = 0;
    std::int64_t shipped = 0;
    std::int64_t canceled = 0;
    std::int64_t rejected = 0;

    [[nodiscard]] std::int64_t total() const { return open + accepted + backordered + shipped + canceled + rejected; }
    friend bool operator==(const LineQuantities&, const LineQuantities&) = default;
};

/// How much of one order line a supplier order is for.
struct Allotment {
    std::int64_t line_number = 0;
    std::string sku;
    std::int64_t quantity = 0;
};

/// What a supplier says has become of some pieces.
enum class PieceState { accepted, backordered, shipped, canceled, rejected };
[[nodiscard]] std::string_view name(PieceState state);
[[nodiscard]] std::optional<PieceState> piece_state_named(std::string_view name);

/// `shipped`: pieces of the parcel that the evidence names. Every other state: how many pieces of the article stand there at the
/// time of the evidence, all in all; what a report does not name is accepted.
struct LineReport {
    std::string sku;
    PieceState state = PieceState::accepted;
    std::int64_t quantity = 0;
};

/// One piece of evidence of one supplier order, whole.
struct Report {
    std::optional<Status> status;  ///< nothing: a word that is not mapped
    UtcMs occurred_at = 0;         ///< as in StatusEvidence
    std::string digest;
    std::string parcel;  ///< its tracking number, or the supplier's name of it; empty: none is named
    std::vector<LineReport> lines = {};
};

/// Pieces by article.
using Pieces = std::map<std::string, std::int64_t, std::less<>>;

/// What a set of reports amounts to.
struct Fulfilment {
    Status status = Status::pending;
    std::vector<LineQuantities> lines;      ///< one for each allotment, each balanced
    bool contradictory = false;             ///< not all of it can be true: a person must look
    std::map<std::string, Pieces> parcels;  ///< what is in each parcel of which pieces were told, by its name
    std::vector<std::string> troubles;      ///< articles that the order has not, or fewer pieces of; sorted
};

/// Folds all that a supplier said of one of its orders: a pure function of the set, whatever the order of arrival.
///
/// A report that names fewer pieces than the order has speaks of these only: "shipped" is part of a shipment then, "canceled" a
/// part that is not coming. One without lines speaks of the whole. Of several reports of one parcel the larger quantity counts;
/// of the other states, the latest report that names any. What was shipped in part and canceled for the rest is shipped.
///
/// Requires: allotments with a quantity above 0.
[[nodiscard]] Fulfilment fulfil(std::span<const Allotment> allotments, std::span<const Report> reports);

/// What a supplier's word says beside the order's status: "awaiting", "received", or nothing.
struct Beside {
    std::string payment = {};
    std::string quote = {};  ///< of the shipping costs
};

/// The whole order's status, from those of its supplier orders: the least advanced of those that are not rejected or canceled,
/// and partially_shipped when some have shipped and others have not. Without any: pending.
[[nodiscard]] Status combine(std::span<const Status> parts);

}  // namespace crossdock::model
