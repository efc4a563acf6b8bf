#include "orders/shadow.hpp"

#include "model/carried.hpp"

#include <algorithm>
#include <set>

namespace crossdock::orders {
namespace {

using Text = std::string;
using MaybeText = std::optional<std::string>;
using Int = std::int64_t;
constexpr JsonLimits stored_json{.bytes_max = 64 << 20};

/// An exchange's request, as it is compared and shown: of a mail or a file, that.
std::optional<Json> request_of(const Json& exchange) {
    if (const auto* request = exchange.find("request")) {
        const auto method = request->text("method");
        if (method == "GET" || method == "HEAD") { return {}; }
        return *request;
    }
    for (const char* const other : {"smtp", "file"}) {
        if (const auto* sent = exchange.find(other)) { return Json::object({{other, *sent}}); }
    }
    return {};
}

/// What the order's real accounts were sent, as far as it was recorded: of each part that still counts, the request that was
/// accepted, else the last one.
struct Real {
    Json parts = Json::array();
    std::vector<Json> requests;
};

Real real_of(store::Tx& tx, const std::string& order_id) {
    Real real;
    for (auto& [effect, account, reference, state] :
         tx.all<Text, Text, Text, Text>("SELECT e.id, e.target, s.reference, e.state FROM effects e JOIN supplier_orders s ON "
                                        "s.id = e.supplier_order_row_id "
                                        "WHERE e.order_id = :1 AND e.operation = 'create_order' ORDER BY e.created_at, e.id",
                                        {order_id})) {
        real.parts.push(Json::object({{"account", account}, {"reference", reference}, {"outcome", state}}));
        if (state == "refused" || state == "withdrawn") { continue; }
        const auto row = tx.first<Text>(
            "SELECT exchanges FROM effect_attempts WHERE effect_id = :1 AND exchanges IS NOT NULL AND operation = 'create_order' "
            "ORDER "
            "BY outcome = 'accepted' DESC, number DESC LIMIT 1",
            {effect});
        const auto exchanges = row ? Json::parse(std::get<0>(*row), stored_json) : Result<Json>(Json());
        if (!exchanges || !exchanges->is_array() || exchanges->items().empty()) { continue; }
        if (auto request = last_request(*exchanges)) { real.requests.push_back(std::move(*request)); }
    }
    return real;
}

Json difference_json(const model::CarriedDifference& difference, bool with_real) {
    const auto shown = [](const std::string& text) { return text.empty() ? MaybeText() : MaybeText(text); };
    Json made = Json::object({{"field", difference.field}, {"order", difference.order}});
    if (with_real) { made.set("real", shown(difference.expected)); }
    return std::move(made.set("shadow", shown(difference.shadow)));
}

/// One order of a report; true when it differs.
bool compare(store::Tx& tx, const std::string& order_id, const Json& request, Json& into) {
    const auto document = tx.first<Text>("SELECT document FROM orders WHERE id = :1", {order_id});
    const auto order = document ? Json::parse(std::get<0>(*document), stored_json) : Result<Json>(Json());
    if (!order) { return false; }
    const auto fields = model::fields_of_order(*order);
    auto real = real_of(tx, order_id);
    const bool with_real = !real.requests.empty();
    const auto expected = with_real ? model::fields_of_requests(real.requests, fields) : fields;
    Json list = Json::array();
    for (const auto& difference : model::differences(fields, expected, model::fields_of_requests({request}, fields))) {
        list.push(difference_json(difference, with_real));
    }
    const bool differs = !list.items().empty();
    into.set("real", std::move(real.parts))
        .set("compared_with", with_real ? "real" : "order")
        .set("differences", std::move(list));
    return differs;
}

}  // namespace

std::string shadow_worker(const std::string& account) {
    return account + ".shadow";
}

std::string shadowed_account(const std::string& worker) {
    return worker.substr(0, worker.find('.'));
}

std::vector<std::string> shadow_accounts(const Accounts& accounts) {
    std::set<std::string> names;
    for (const auto& [code, rules] : accounts.routes) {
        for (const auto& rule : rules) {
            if (!rule.shadow.empty()) { names.insert(rule.shadow); }
        }
    }
    return {names.begin(), names.end()};
}

bool have_shadows(const Accounts& accounts) {
    return !shadow_accounts(accounts).empty();
}

void note_shadow(store::Tx& tx, notify::Facts& facts, const Accounts& accounts, const Placement& placement) {
    const auto shadow = shadow_of(accounts, placement);
    if (!shadow) { return; }
    const UtcMs now = facts.now();
    const auto number = tx.number("SELECT MAX(number) FROM shadow_orders WHERE account = :1", {*shadow}) + 1;
    tx.run(
        "INSERT INTO shadow_orders (id, account, number, order_id, supplier_code, state, next_at, created_at) VALUES (:1, :2, "
        ":3, :4, "
        ":5, 'pending', :6, :7)",
        {facts.new_id(), *shadow, number, placement.order_id, placement.supplier_code, now, now});
    tx.run("DELETE FROM shadow_orders WHERE account = :1 AND number <= :2", {*shadow, number - shadows_kept});
}

bool is_shadowed(store::Tx& tx, const std::string& order_id) {
    return tx.number("SELECT EXISTS (SELECT 1 FROM shadow_orders WHERE order_id = :1)", {order_id}) == 1;
}

std::vector<std::string> due_shadows(store::Tx& tx, const std::string& account, UtcMs now, std::int64_t most) {
    std::vector<std::string> ids;
    for (auto& [id] :
         tx.all<Text>("SELECT id FROM shadow_orders WHERE account = :1 AND state = 'pending' AND next_at <= :2 ORDER BY "
                      "next_at, id LIMIT :3",
                      {account, now, most})) {
        ids.push_back(std::move(id));
    }
    return ids;
}

std::optional<UtcMs> next_shadow_at(store::Tx& tx, const std::string& account, UtcMs now) {
    const auto row = tx.first<std::optional<Int>>(
        "SELECT MIN(next_at) FROM shadow_orders WHERE account = :1 AND state = 'pending' AND next_at > :2", {account, now});
    return row ? std::get<0>(*row) : std::nullopt;
}

std::optional<Shadow> find_shadow(store::Tx& tx, const std::string& id, UtcMs now) {
    const auto row = tx.first<Text, Text, Text, Int, Text>(
        "SELECT s.account, s.order_id, s.supplier_code, s.tries, o.document FROM shadow_orders s JOIN orders o ON o.id = "
        "s.order_id "
        "WHERE s.id = :1 AND s.state = 'pending' AND s.next_at <= :2",
        {id, now});
    if (!row) { return {}; }
    const auto& [account, order_id, code, tries, document] = *row;
    auto parsed = Json::parse(document, stored_json);
    if (!parsed) { throw store::StoreFailure("the order " + order_id + " is stored as no JSON: " + parsed.error().text()); }
    return Shadow{id, account, order_id, code, tries, std::move(*parsed)};
}

std::optional<Json> last_request(const Json& exchanges) {
    if (!exchanges.is_array()) { return {}; }
    for (auto at = exchanges.items().rbegin(); at != exchanges.items().rend(); ++at) {
        if (auto request = request_of(*at)) { return request; }
    }
    return {};
}

void record_shadow(store::Tx& tx, const std::string& id, const Json& request, UtcMs now) {
    const auto text = request.dump();
    if (text.size() > shadow_request_max) {
        return fail_shadow(tx, id, "the request has " + std::to_string(text.size()) + " bytes, more than are kept", now);
    }
    tx.run("UPDATE shadow_orders SET state = 'recorded', request = :1, reason = NULL, recorded_at = :2 WHERE id = :3",
           {text, now, id});
}

void fail_shadow(store::Tx& tx, const std::string& id, const std::string& reason, UtcMs now) {
    tx.run("UPDATE shadow_orders SET state = 'failed', reason = :1, recorded_at = :2 WHERE id = :3",
           {reason.substr(0, 500), now, id});
}

void put_off_shadow(store::Tx& tx, const std::string& id, std::int64_t tries, UtcMs next_at) {
    tx.run("UPDATE shadow_orders SET tries = :1, next_at = :2 WHERE id = :3", {tries, next_at, id});
}

Json shadow_report(store::Tx& tx, const std::string& account, const std::string& order_id, std::int64_t most, bool whole) {
    Json report = Json::object({{"account", account}});
    for (const auto& [word, state] : {std::pair{"waiting", "pending"}, {"recorded", "recorded"}, {"failed", "failed"}}) {
        report.set(word, tx.number("SELECT COUNT(*) FROM shadow_orders WHERE account = :1 AND state = :2", {account, state}));
    }
    Json orders = Json::array();
    std::int64_t differ = 0;
    for (auto& [id, state, reason, request, at] :
         tx.all<Text, Text, MaybeText, MaybeText, Int>("SELECT order_id, state, reason, request, COALESCE(recorded_at, "
                                                       "created_at) FROM shadow_orders WHERE account = :1 AND (:2 = "
                                                       "'' OR order_id = :3) ORDER BY number DESC LIMIT :4",
                                                       {account, order_id, order_id, most})) {
        Json one = Json::object({{"order_id", id}, {"state", state == "pending" ? "waiting" : state}, {"at", rfc3339_ms(at)}});
        if (reason) { one.set("reason", *reason); }
        const auto parsed = request ? Json::parse(*request, stored_json) : Result<Json>(Json());
        if (parsed && parsed->is_object()) {
            differ += compare(tx, id, *parsed, one) ? 1 : 0;
            if (whole) { one.set("request", *parsed); }
        }
        orders.push(std::move(one));
    }
    report.set("differ", differ);
    return std::move(report.set("orders", std::move(orders)));
}

}  // namespace crossdock::orders
