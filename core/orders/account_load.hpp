#pragma once

#include "base/json.hpp"
#include "store/tx.hpp"

#include <string>

namespace crossdock::orders {

/// How much is open at one account: {"name","open","silent","next_poll_at","misses_healed"}. Open: the supplier's orders that
/// have not reached an end; silent: those of them that were asked for in vain since they were last heard of.
[[nodiscard]] Json account_load(store::Tx& tx, const std::string& name, const std::string& supplier_id);

/// {"reason","since"} of an account that a person has disabled, else null.
[[nodiscard]] Json disabled_json(store::Tx& tx, const std::string& name);

}  // namespace crossdock::orders
