#include "sandbox/faults.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace crossdock::sandbox {
namespace {

using Kind = SupplierFault::Kind;

constexpr std::array<std::string_view, 4> operations{"create_order", "find_order", "inventory", "webhook"};
constexpr std::array<std::pair<Kind, std::string_view>, 6> kinds{{{Kind::cut_before_accept, "cut_before_accept"},
                                                                  {Kind::cut_after_accept, "cut_after_accept"},
                                                                  {Kind::cut_reused_after_accept, "cut_reused_after_accept"},
                                                                  {Kind::status, "status"},
                                                                  {Kind::garbage, "garbage"},
                                                                  {Kind::slow, "slow"}}};

std::string_view name(Kind kind) {
    return std::find_if(kinds.begin(), kinds.end(), [&](const auto& row) { return row.first == kind; })->second;
}

}  // namespace

Result<void> Faults::arm(const Json& order) {
    SupplierFault fault;
    fault.operation = order.text("operation");
    if (std::find(operations.begin(), operations.end(), fault.operation) == operations.end()) {
        return Fault{"must be create_order, find_order, inventory or webhook", "/operation"};
    }
    const auto kind = order.text("kind");
    const auto* const row = std::find_if(kinds.begin(), kinds.end(), [&](const auto& known) { return known.second == kind; });
    if (row == kinds.end()) {
        return Fault{"must be cut_before_accept, cut_after_accept, cut_reused_after_accept, status, garbage or slow", "/kind"};
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
    const bool accepts_first =
        fault.kind == Kind::cut_after_accept || fault.kind == Kind::cut_reused_after_accept || fault.kind == Kind::garbage;
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
    if (at == armed_.end()) { return {}; }
    SupplierFault taken = *at;
    if (at->times > 0 && --at->times == 0) { armed_.erase(at); }
    return taken;
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
