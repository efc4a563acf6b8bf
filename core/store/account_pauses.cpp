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

namespace {

std::vector<DisabledAccount> disabled_where(Tx& tx, const std::string& condition, const Tx::Params& params) {
    std::vector<DisabledAccount> all;
    for (auto& row : tx.all<std::string, std::string, std::int64_t>(
             "SELECT name, COALESCE(disabled_why, ''), COALESCE(disabled_at, updated_at) FROM suppliers WHERE active = 0" +
                 condition + " ORDER BY name",
             params)) {
        all.push_back(std::apply([](auto&... cells) { return DisabledAccount{std::move(cells)...}; }, row));
    }
    return all;
}

}  // namespace

std::vector<DisabledAccount> disabled_accounts(Tx& tx) {
    return disabled_where(tx, "", {});
}

std::optional<DisabledAccount> disabled_account(Tx& tx, const std::string& account) {
    auto all = disabled_where(tx, " AND name = :1", {account});
    return all.empty() ? std::nullopt : std::optional(std::move(all.front()));
}

bool disable_account(Tx& tx, const DisabledAccount& disabled) {
    return tx.run(
               "UPDATE suppliers SET disabled_at = CASE active WHEN 1 THEN :1 ELSE COALESCE(disabled_at, :2) END, active = 0, "
               "disabled_why = :3 WHERE name = :4 AND (active = 1 OR COALESCE(disabled_why, '') <> :5)",
               {disabled.since_at, disabled.since_at, disabled.reason, disabled.account, disabled.reason}) > 0;
}

bool enable_account(Tx& tx, const std::string& account) {
    return tx.run("UPDATE suppliers SET active = 1, disabled_at = NULL, disabled_why = NULL WHERE name = :1 AND active = 0",
                  {account}) > 0;
}

}  // namespace crossdock::store
