#include "orders/account_load.hpp"

#include "base/time.hpp"
#include "model/status.hpp"
#include "orders/polling.hpp"
#include "store/account_pauses.hpp"

#include <optional>
#include <tuple>

namespace crossdock::orders {

Json account_load(store::Tx& tx, const std::string& name, const std::string& supplier_id) {
    std::string ends;
    for (const auto& row : model::status_table()) {
        if (row.final_) { ends += (ends.empty() ? "'" : ", '") + std::string(row.name) + "'"; }
    }
    const auto counted = tx.first<std::int64_t, std::int64_t, std::optional<std::int64_t>>(
        "SELECT COUNT(*), COALESCE(SUM(polls > 0), 0), MIN(next_poll_at) FROM supplier_orders WHERE supplier_id = :1 AND status "
        "NOT "
        "IN (" +
            ends + ")",
        {supplier_id});
    const auto& [open, silent, next] = *counted;
    return Json::object({{"name", name},
                         {"open", open},
                         {"silent", silent},
                         {"next_poll_at", next ? std::optional(rfc3339_ms(*next)) : std::nullopt},
                         {"misses_healed", misses_healed(tx, supplier_id)}});
}

Json disabled_json(store::Tx& tx, const std::string& name) {
    const auto disabled = store::disabled_account(tx, name);
    if (!disabled) { return {}; }
    return Json::object({{"reason", disabled->reason}, {"since", rfc3339(disabled->since_at)}});
}

}  // namespace crossdock::orders
