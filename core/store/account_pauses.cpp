#include "store/account_pauses.hpp"

namespace crossdock::store {

std::vector<AccountPause> account_pauses(Tx& tx) {
    std::vector<AccountPause> all;
    for (auto& row :
         tx.all<std::string, std::int64_t, std::string, std::int64_t, std::int64_t, std::int64_t, std::optional<std::int64_t>>(
             "SELECT account, status, reason, by_send, level, since_at, probe_at FROM account_pauses ORDER BY account")) {
        all.push_back(std::apply([](auto&... cells) { return AccountPause{std::move(cells)...}; }, row));
    }
    return all;
}

bool put_account_pause(Tx& tx, const AccountPause& pause) {
    const auto changed =
        tx.run("UPDATE account_pauses SET status = :1, reason = :2, by_send = :3, level = :4, probe_at = :5 WHERE account = :6",
               {pause.status, pause.reason, pause.by_send, pause.level, pause.probe_at, pause.account});
    if (changed > 0) { return false; }
    tx.run(
        "INSERT INTO account_pauses (account, status, reason, by_send, level, since_at, probe_at) VALUES (:1, :2, :3, :4, :5, "
        ":6, :7)",
        {pause.account, pause.status, pause.reason, pause.by_send, pause.level, pause.since_at, pause.probe_at});
    return true;
}

bool end_account_pause(Tx& tx, const std::string& account) {
    return tx.run("DELETE FROM account_pauses WHERE account = :1", {account}) > 0;
}

}  // namespace crossdock::store
