#include "sandbox/faults.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace crossdock::sandbox {
namespace {

using Kind = SupplierFault::Kind;

constexpr std::array<std::string_view, 5> operations{"create_order", "cancel_order", "find_order", "inventory", "webhook"};
constexpr std::array<std::pair<Kind, std::string_view>, 8> kinds{{{Kind::cut_before_accept, "cut_before_accept"},
                                                                  {Kind::cut_after_accept, "cut_after_accept"},
                                                                  {Kind::cut_reused_after_accept, "cut_reused_after_accept"},
                                                                  {Kind::status, "status"},
                                                                  {Kind::garbage, "garbage"},
                                                                  {Kind::cut_in_answer, "cut_in_answer"},
                                                                  {Kind::drip, "drip"},
                                                                  {Kind::slow, "slow"}}};

std::string_view name(Kind kind) {
    return std::find_if(kinds.begin(), kinds.end(), [&](const auto& row) { return row.first == kind; })->second;
}

}  // namespace

Result<void> Faults::arm(const Json& order) {
    SupplierFault fault;
    fault.operation = order.text("operation");
    if (std::find(operations.begin(), operations.end(), fault.operation) == operations.end()) {
        return Fault{"must be create_order, cancel_order, find_order, inventory or webhook", "/operation"};
    }
    const auto kind = order.text("kind");
    const auto* const row = std::find_if(kinds.begin(), kinds.end(), [&](const auto& known) { return known.second == kind; });
    if (row == kinds.end()) {
        return Fault{
            "must be cut_before_accept, cut_after_accept, cut_reused_after_accept, status, garbage, cut_in_answer, drip or slow",
            "/kind"};
    }
    fault.kind = row->first;
    fault.times = order.integer("times", 1);
    const auto status = order.integer("status", 500);
    if (status < 200 || status > 599) { return Fault{"must be an HTTP status from 200 to 599", "/status"}; }
    fault.status = static_cast<int>(status);
    const auto delay_ms = order.integer("delay_ms", 0);
    if (delay_ms < 0 || delay_ms > 3'600'000) { return Fault{"must be from 0 to 3600000", "/delay_ms"}; }
    fault.delay = milliseconds{delay_ms};
    if (const Json* seconds = order.find("retry_after_s")) { fault.retry_after_s = seconds->integer(); }
    const bool accepts_first = fault.kind != Kind::cut_before_accept && fault.kind != Kind::status && fault.kind != Kind::slow;
    fault.accept = order.boolean("accept", accepts_first);
    if (fault.times != 0) { armed_.push_back(std::move(fault)); }
    else {
        std::erase_if(armed_, [&](const auto& old) { return old.operation == fault.operation && old.kind == fault.kind; });
    }
    return {};
}

std::optional<SupplierFault> Faults::take(std::string_view operation, bool reused) {
    const auto at = std::find_if(armed_.begin(), armed_.end(), [&](const SupplierFault& fault) {
        return fault.operation == operation && (fault.kind != Kind::cut_reused_after_accept || reused);
    });
    if (at == armed_.end()) { return operation == "create_order" ? mixed() : std::nullopt; }
    SupplierFault taken = *at;
    if (at->times > 0 && --at->times == 0) { armed_.erase(at); }
    return taken;
}

Result<void> Faults::mix(std::int64_t percent, std::int64_t seed) {
    if (percent < 0 || percent > 100) { return Fault{"must be from 0 to 100", "/percent"}; }
    mix_percent_ = percent;
    mix_state_ = static_cast<std::uint64_t>(seed);
    return {};
}

std::optional<SupplierFault> Faults::mixed() {
    if (mix_percent_ == 0) { return {}; }
    // SplitMix64 (Steele, Lea, Flood 2014): the same seed, the same faults.
    mix_state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t bits = mix_state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    bits ^= bits >> 31U;
    if (static_cast<std::int64_t>(bits % 100) >= mix_percent_) { return {}; }
    struct Row {
        Kind kind;
        int status;
        bool accept;
    };
    static constexpr std::array<Row, 10> rows{{{Kind::cut_before_accept, 0, false},
                                               {Kind::cut_after_accept, 0, true},
                                               {Kind::cut_in_answer, 0, true},
                                               {Kind::status, 500, false},
                                               {Kind::status, 500, true},
                                               {Kind::status, 502, false},
                                               {Kind::status, 502, true},
                                               {Kind::garbage, 200, true},
                                               {Kind::status, 429, false},
                                               {Kind::status, 503, false}}};
    const Row& row = rows.at((bits / 100) % rows.size());
    SupplierFault fault;
    fault.operation = "create_order";
    fault.kind = row.kind;
    fault.status = row.status;
    fault.accept = row.accept;
    return fault;
}

Json Faults::show() const {
    Json list = Json::array();
    for (const auto& fault : armed_) {
        Json shown = Json::object({{"operation", fault.operation},
                                   {"kind", std::string(name(fault.kind))},
                                   {"times", fault.times},
                                   {"status", fault.status},
                                   {"delay_ms", static_cast<std::int64_t>(fault.delay.count())},
                                   {"accept", fault.accept}});
        if (fault.retry_after_s) { shown.set("retry_after_s", *fault.retry_after_s); }
        list.push(std::move(shown));
    }
    return list;
}

}  // namespace crossdock::sandbox
