#include "api/api.hpp"
#include "api/problem.hpp"
#include "base/log.hpp"
#include "base/signal.hpp"
#include "crypto/crypto.hpp"
#include "model/order.hpp"
#include "orders/intake.hpp"
#include "orders/story.hpp"
#include "pipeline/cancel.hpp"
#include "store/journal.hpp"

namespace crossdock::api {
namespace {

bool is_json(const http::Request& request) {
    const auto type = request.header("Content-Type");
    if (!type) { return false; }
    std::string plain = type->substr(0, type->find(';'));
    while (!plain.empty() && plain.back() == ' ') { plain.pop_back(); }
    return plain == "application/json";
}

std::vector<std::pair<std::string, std::string>> listed(const std::vector<model::FieldError>& errors) {
    std::vector<std::pair<std::string, std::string>> list;
    for (const auto& error : errors) { list.emplace_back(error.pointer, error.message); }
    return list;
}

http::Response wrong_fields(const std::vector<std::pair<std::string, std::string>>& errors) {
    return field_problem("The order has wrong fields", errors);
}

http::Response placed_answer(const orders::Placed& placed, const std::string& order_id, const std::string& customer_id) {
    using What = orders::Placed::What;
    switch (placed.what) {
        case What::accepted:
        case What::repeated: {
            auto response = json_answer(202, placed.answer);
            response.headers.emplace_back("Location", "/v1/orders/" + order_id);
            if (placed.what == What::repeated) { response.headers.emplace_back("Idempotency-Replayed", "true"); }
            return response;
        }
        case What::conflict:
            return problem(409, "order-id-taken", "This order_id stands for another order",
                           "The same order_id came before with other content or from another key. Nothing was changed.");
        case What::unknown_customer:
            return wrong_fields(
                {{"/customer_id", "\"" + customer_id + "\" is no known customer, and the order has no contact.email"}});
        case What::no_route:
            return wrong_fields({{"/supplier", "no rule of this supplier's route holds for the order, and none takes the rest"}});
        case What::key_reused:
            return problem(422, "idempotency-key-reused", "This Idempotency-Key came before with another body",
                           "Use a new key for a new order.");
    }
    return problem(500, "bug", "Unexpected", "");
}

}  // namespace

Task<http::Response> Api::post_order(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "orders:write", refusal);
    if (!who) { co_return std::move(*refusal); }
    if (!is_json(request)) {
        co_return problem(415, "media-type", "Orders are application/json", "Send Content-Type: application/json.");
    }
    co_return co_await place(std::move(request.body), *who, request.header("Idempotency-Key").value_or(""));
}

Task<http::Response> Api::take_document(std::string body, std::string owner) {
    Principal who;
    who.owner = std::move(owner);
    co_return co_await place(std::move(body), std::move(who), "");
}

Task<http::Response> Api::place(std::string body, Principal who, std::string idempotency_key) {
    const auto options = options_.get();
    if (body.size() > options->order_body_max) {
        co_return problem(
            413, "too-large", "The order is too large",
            "At most " + std::to_string(options->order_body_max) + " bytes; this one has " + std::to_string(body.size()) + ".");
    }
    const auto document = Json::parse(body, JsonLimits{.bytes_max = options->order_body_max});
    if (!document) { co_return problem(400, "syntax", "The body is no JSON document", document.error().text()); }
    const std::string supplier = document->text("supplier");
    const auto* account = options->accounts.for_supplier(supplier);
    const std::string& currency = account != nullptr && !account->currency.empty() ? account->currency : options->currency;
    auto order = model::read_order(*document, currency);
    if (!order) { co_return wrong_fields(listed(order.error())); }
    if (account == nullptr) {
        co_return wrong_fields({{"/supplier", "\"" + supplier + "\" is neither a route nor an account in the config"}});
    }
    if (who.customer_id && *who.customer_id != order->customer_id) {
        co_return problem(403, "customer", "This key is bound to one customer",
                          "It may order for " + *who.customer_id + " only.");
    }
    if (idempotency_key.size() > 255) {
        co_return problem(400, "idempotency-key", "The Idempotency-Key is too long", "At most 255 bytes.");
    }
    if (auto refused = co_await take_work()) { co_return unavailable(*refused, "The order was not stored; send it again."); }
    const std::string order_id = order->order_id;
    const std::string customer_id = order->customer_id;
    std::function<orders::Placed(store::Tx&)> unit = [this, order = std::move(*order), options, owner = who.owner,
                                                      idempotency_key, digest = crypto::sha256_hex(body)](store::Tx& tx) {
        const orders::StartRuns start_runs = [this](store::Tx& inside, const std::string& id, const Json& placed) {
            engine_.start_order_runs(inside, id, placed);
        };
        return orders::place_order(tx, facts_, order, options->accounts, owner, digest, idempotency_key, start_runs);
    };
    if (!options->answer_after_commit) {
        const auto executor = co_await boost::asio::this_coro::executor;
        spawn(executor, store_later(std::move(unit)));
        co_return json_answer(202, Json::object({{"order_id", order_id}, {"status", "pending"}}).dump());
    }
    auto placed = co_await store_.commit<orders::Placed>(Commit::order_accept, std::move(unit));
    if (!placed) {
        if (!says_full(placed.error())) {
            Log::error("an order could not be stored and was not accepted",
                       {{"order", order_id}, {"fault", placed.error().text()}});
        }
        co_return unavailable(placed.error(), "The order was not stored; send it again.");
    }
    co_return placed_answer(*placed, order_id, customer_id);
}

/// What `answer_after_commit` keeps from happening.
Task<void> Api::store_later(std::function<orders::Placed(store::Tx&)> unit) {
    co_await pause(clock_, milliseconds{200});
    (void)co_await store_.commit<orders::Placed>(Commit::order_accept, std::move(unit));
}

Task<http::Response> Api::get_order(http::Request request, std::string order_id) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    const std::string id = http::decoded_segment(order_id);
    std::function<std::optional<Json>(store::Tx&)> unit = [id](store::Tx& tx) { return orders::order_story(tx, id); };
    auto story = co_await store_.read<std::optional<Json>>(std::move(unit));
    if (!story) { co_return unavailable(story.error(), "The store could not be read; ask again."); }
    const bool hidden = *story && who->customer_id && (*story)->text("customer_id") != *who->customer_id;
    if (!*story || hidden) { co_return problem(404, "not-found", "There is no such order", id.substr(0, 200)); }
    co_return json_answer(200, (*story)->dump());
}

/// The body is empty or {"reason": text}.
static Result<std::string> cancel_reason(const http::Request& request) {
    if (request.body.empty()) { return good(std::string()); }
    const auto body = Json::parse(request.body);
    if (!body) { return body.error(); }
    const Json* reason = body->find("reason");
    if (!body->is_object() || (reason != nullptr && !reason->is_string())) { return Fault{"must be a text", "/reason"}; }
    auto text = body->text("reason");
    if (text.size() > 500) { return Fault{"has more than 500 bytes", "/reason"}; }
    return good(std::move(text));
}

Task<http::Response> Api::cancel_order(http::Request request, std::string order_id) {
    using What = pipeline::CancelAnswer::What;
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "orders:write", refusal);
    if (!who) { co_return std::move(*refusal); }
    const auto reason = cancel_reason(request);
    if (!reason && !reason.error().where.starts_with('/')) {
        co_return problem(400, "syntax", "The body is no JSON document", reason.error().text());
    }
    if (!reason) { co_return wrong_fields({{reason.error().where, reason.error().what}}); }
    const std::string id = http::decoded_segment(order_id);
    std::function<pipeline::CancelAnswer(store::Tx&)> unit = [this, id, reason = *reason, customer = who->customer_id,
                                                              by = who->actor()](store::Tx& tx) {
        const auto owner = tx.first<std::string>("SELECT customer_id FROM orders WHERE id = :1", {id});
        if (!owner || (customer && *customer != std::get<0>(*owner))) { return pipeline::CancelAnswer{}; }
        auto answer = pipeline::request_cancel(tx, engine_.environment(), id, reason);
        store::append_audit(tx, facts_.new_id(), by, "order.cancel", id, reason, clock_.utc_ms());
        return answer;
    };
    auto answer = co_await store_.commit<pipeline::CancelAnswer>(Commit::person_decide, std::move(unit));
    if (!answer) { co_return unavailable("The request was not stored; send it again."); }
    const Json body = Json::object({{"order_id", id}, {"status", answer->status}});
    switch (answer->what) {
        case What::unknown_order: break;
        case What::canceled: co_return json_answer(200, body.dump());
        case What::requested: co_return json_answer(202, body.dump());
        case What::too_late:
            co_return problem(409, "too-late", "The order can no longer be canceled", "It is " + answer->status + ".");
    }
    co_return problem(404, "not-found", "There is no such order", id.substr(0, 200));
}

}  // namespace crossdock::api
