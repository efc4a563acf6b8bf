#pragma once

#include "base/time.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::store {

/// A row of `account_pauses`: a supplier that refuses our credentials.
struct AccountPause {
    std::string account;
    std::int64_t status = 0;        ///< 401 or 403
    std::string reason;             ///< for people: "credentials refused (401)"
    std::int64_t by_send = 0;       ///< 1: an effect was refused, not only a question
    std::int64_t level = 0;         ///< probes that failed
    UtcMs since_at = 0;             ///< of the first refusal; later ones of the same pause leave it
    std::optional<UtcMs> probe_at;  ///< when it is tried whether they are refused still; nothing: a person decides
};

/// By account.
[[nodiscard]] std::vector<AccountPause> account_pauses(Tx& tx);
/// True when the pause is new, false when it is changed.
bool put_account_pause(Tx& tx, const AccountPause& pause);
/// False when there was none.
bool end_account_pause(Tx& tx, const std::string& account);

/// An account that a person has disabled: `suppliers.active` is 0.
struct DisabledAccount {
    std::string account;
    std::string reason;  ///< what the person said; may be empty
    UtcMs since_at = 0;
};

/// By account.
[[nodiscard]] std::vector<DisabledAccount> disabled_accounts(Tx& tx);
[[nodiscard]] std::optional<DisabledAccount> disabled_account(Tx& tx, const std::string& account);
/// True when it was active, or disabled for another reason. Of one that was disabled, `since_at` stays.
bool disable_account(Tx& tx, const DisabledAccount& disabled);
/// True when it was disabled.
bool enable_account(Tx& tx, const std::string& account);

}  // namespace crossdock::store
