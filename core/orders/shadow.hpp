#pragma once

#include "notify/facts.hpp"
#include "orders/account.hpp"
#include "orders/routing.hpp"
#include "store/tx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What another account would have been sent of an order: recorded, compared, never sent, and nothing to the order itself.

namespace crossdock::orders {

/// The worker in which an account's plugin builds what it would send. Names of accounts have no dot.
[[nodiscard]] std::string shadow_worker(const std::string& account);
/// The account of such a worker.
[[nodiscard]] std::string shadowed_account(const std::string& worker);

/// Whether some route has a shadow.
[[nodiscard]] bool have_shadows(const Accounts& accounts);
/// The accounts that routes name as shadows, each once.
[[nodiscard]] std::vector<std::string> shadow_accounts(const Accounts& accounts);

/// Of an account so many orders are kept, the newest.
inline constexpr std::int64_t shadows_kept = 1'000;
/// Bytes of a request; a longer one is not kept.
inline constexpr std::size_t shadow_request_max = 64U << 10U;

/// Has the shadow of the order's route, if it has one, build its request. Inside the commit that stores the order.
void note_shadow(store::Tx& tx, notify::Facts& facts, const Accounts& accounts, const Placement& placement);
/// Whether what was sent of an order is to be kept, to be compared.
[[nodiscard]] bool is_shadowed(store::Tx& tx, const std::string& order_id);

/// One order that a shadow has to build.
struct Shadow {
    std::string id, account, order_id, supplier_code;
    std::int64_t tries = 0;
    Json document;
};
[[nodiscard]] std::vector<std::string> due_shadows(store::Tx& tx, const std::string& account, UtcMs now, std::int64_t most);
[[nodiscard]] std::optional<UtcMs> next_shadow_at(store::Tx& tx, const std::string& account, UtcMs now);
/// Nothing: it is not due any more.
[[nodiscard]] std::optional<Shadow> find_shadow(store::Tx& tx, const std::string& id, UtcMs now);

/// The last of a cassette's exchanges that is more than a question, without its answer: {"method","url","headers","json" or
/// "body"}, {"smtp"} or {"file"}. Nothing: there is none.
[[nodiscard]] std::optional<Json> last_request(const Json& exchanges);
/// As last_request. One that is too long is not kept, and the order counts as failed.
void record_shadow(store::Tx& tx, const std::string& id, const Json& request, UtcMs now);
void fail_shadow(store::Tx& tx, const std::string& id, const std::string& reason, UtcMs now);
void put_off_shadow(store::Tx& tx, const std::string& id, std::int64_t tries, UtcMs next_at);

/// What was recorded for an account, newest first, `most` orders at most, or of one order alone: {"account","waiting","recorded",
/// "failed","differ","orders":[{"order_id","state","reason"?,"at","real":[{"account","reference","outcome"}],"compared_with":
/// "real" or "order","differences":[{"field","order","real"?,"shadow"}],"request"?}]}. With `whole`, requests are included.
[[nodiscard]] Json shadow_report(store::Tx& tx, const std::string& account, const std::string& order_id, std::int64_t most,
                                 bool whole);

}  // namespace crossdock::orders
