#include "sandbox/supplier.hpp"

#include "base/log.hpp"
#include "crypto/crypto.hpp"
#include "http/server.hpp"
#include "sandbox/folder.hpp"
#include "sandbox/ids.hpp"
#include "sandbox/portal.hpp"
#include "sandbox/simulator.hpp"

#include <algorithm>
#include <charconv>

namespace crossdock::sandbox {

Result<void> Simulator::record(const Json& entry) {
    if (auto written = journal.append(entry); written.has_error()) {
        Log::error("the sandbox cannot write its journal", {{"reason", written.error().text()}});
        return written;
    }
    ledger.apply(entry);
    return {};
}

Result<SupplierOrder> Simulator::accept(std::string_view reference, std::string_view key, std::string_view digest) {
    SupplierOrder order;
    std::size_t n = ledger.orders().size();
    // The settings may have changed since the journal was begun: an id that is taken is passed over.
    do {
        order.supplier_order_id = nth_id(options.supplier_order_ids, n++);
    } while (ledger.find(order.supplier_order_id) != nullptr);
    order.reference = std::string(reference);
    order.tracking_number = nth_id(options.tracking_numbers, ledger.orders().size());
    order.created_at = order.updated_at = clock.utc_ms();
    order.key = std::string(key);
    order.digest = std::string(digest);
    if (auto written = record(Ledger::order(order)); written.has_error()) { return written.error(); }
    return order;
}

Result<void> Simulator::advance(const std::string& supplier_order_id, const std::string& status, const Json& items,
                                const std::string& tracking_number) {
    const auto* known = ledger.find(supplier_order_id);
    if (known == nullptr) { return Fault{"no such order", supplier_order_id}; }
    auto order = *known;
    order.items = items;
    if (!tracking_number.empty()) { order.tracking_number = tracking_number; }
    const auto now = clock.utc_ms();
    const std::string body = target ? webhook_body(order, status, now) : std::string();
    if (auto written = record(Ledger::status(order, status, now, body)); written.has_error()) { return written; }
    deliver_pending(supplier_order_id);
    return {};
}

void Simulator::plan(const SupplierOrder& order) {
    const std::string& id = order.supplier_order_id;
    if (const auto old = timers.find(id); old != timers.end()) {
        clock.cancel(old->second);
        timers.erase(old);
    }
    std::string next;
    milliseconds age{0};
    if (order.status == "pending" && options.accept_after.count() >= 0) {
        next = "confirmed";
        age = options.accept_after;
    }
    else if ((order.status == "pending" || order.status == "confirmed") && options.ship_after.count() >= 0) {
        next = "shipped";
        age = options.ship_after;
    }
    if (stopping || next.empty()) { return; }
    const milliseconds left{std::max<std::int64_t>(0, order.created_at + age.count() - clock.utc_ms())};
    timers[id] = clock.after(left, [weak = weak_from_this(), id, next] {
        const auto self = weak.lock();
        if (!self || self->stopping) { return; }
        self->timers.erase(id);
        if (self->advance(id, next).has_value()) { self->plan(*self->ledger.find(id)); }
    });
}

void Simulator::stop() {
    stopping = true;
    for (const auto& [id, timer] : timers) { clock.cancel(timer); }
    timers.clear();
    stopped.notify();
    delivered.notify();
}

http::Response json_response(int status, const Json& body) {
    http::Response made;
    made.status = status;
    made.headers.emplace_back("Content-Type", "application/json");
    made.body = body.dump();
    return made;
}

http::Response presented(const Simulator& self, std::string_view operation, http::Response answer) {
    return self.dialect ? self.dialect->presented(operation, std::move(answer)) : answer;
}

http::Response error_response(int status, std::string_view code, std::string_view message) {
    return json_response(status, Json::object({{"error", code}, {"message", message}}));
}

Json shown(const SupplierOrder& order) {
    Json made =
        Json::object({{"order_id", order.reference}, {"supplier_order_id", order.supplier_order_id}, {"status", order.status}});
    if (order.shipped) { made.set("tracking_number", order.tracking_number); }
    if (!order.items.items().empty()) { made.set("items", order.items); }
    if (!order.parcels.items().empty()) { made.set("parcels", order.parcels); }
    made.set("updated_at", rfc3339(order.updated_at));
    return made;
}

namespace {

using Kind = SupplierFault::Kind;
using Shared = std::shared_ptr<Simulator>;

constexpr std::size_t page_size_max = 500;
const char* const disk_trouble = "the sandbox cannot write its journal";

bool authorized(const Simulator& self, const http::Request& request) {
    if (self.dialect) { return self.dialect->authorized(request, self.options.api_key, self.clock.boot_ms()); }
    return crypto::equal_constant_time(request.header("Authorization").value_or(""), "Bearer " + self.options.api_key);
}

/// What is wrong with an order, in the supplier's words; nothing when it is well.
std::optional<std::string> objection(const Json& order) {
    if (!order.is_object()) { return "the order must be an object"; }
    if (order.text("order_id").empty()) { return "order_id must be a text that is not empty"; }
    if (order.text("supplier").empty()) { return "supplier must be a text that is not empty"; }
    const Json* items = order.find("items");
    if (items == nullptr || !items->is_array() || items->items().empty()) { return "items must be a list that is not empty"; }
    for (std::size_t i = 0; i < items->items().size(); ++i) {
        const Json& item = items->items()[i];
        const std::string at = "items[" + std::to_string(i) + "].";
        if (item.text("sku").empty()) { return at + "sku must be a text that is not empty"; }
        if (item.integer("quantity") <= 0) { return at + "quantity must be an integer above 0"; }
        const Json* price = item.find("unit_price");
        if (price == nullptr || !price->is_number()) { return at + "unit_price must be a number"; }
        if (price->literal().starts_with('-')) { return at + "unit_price must not be negative"; }
    }
    const Json* address = order.find("shipping_address");
    if (address == nullptr || !address->is_object()) { return "shipping_address must be an object"; }
    return {};
}

/// Cancels what has not shipped: 200 with its status, again and again; 409 when it is too late.
http::Response cancel_order(Simulator& self, const std::string& id) {
    const auto* order = self.ledger.find(id);
    if (order == nullptr) {
        const auto named = self.ledger.find_by_reference(id);
        if (named.size() == 1) { order = named.front(); }
    }
    if (order == nullptr) { return error_response(404, "not_found", "no such order"); }
    if (order->status == "shipped" || order->status == "delivered") {
        return error_response(409, "too_late", "the order has shipped");
    }
    if (order->status != "canceled") {
        const std::string known = order->supplier_order_id;
        if (self.advance(known, "canceled").has_error()) { return error_response(503, "disk", disk_trouble); }
        self.plan(*self.ledger.find(known));
        order = self.ledger.find(known);
    }
    return json_response(200, shown(*order));
}

Task<http::Response> canceled_with_faults(Shared self, std::string id, bool reused) {
    const auto fault = self->faults.take("cancel_order", reused);
    if (!fault) { co_return presented(*self, "cancel_order", cancel_order(*self, id)); }
    http::Response well;
    if (fault->accept || fault->kind == Kind::slow) { well = presented(*self, "cancel_order", cancel_order(*self, id)); }
    if (fault->delay.count() > 0 && fault->kind != Kind::drip) { co_await wait_unless_stopped(self, fault->delay); }
    co_return misbehaved(self, *fault, std::move(well));
}

http::Response accepted_answer(const SupplierOrder& order) {
    return json_response(
        201,
        Json::object({{"order_id", order.reference}, {"supplier_order_id", order.supplier_order_id}, {"status", "pending"}}));
}

/// Makes the order and starts its life; with webhook_first its whole life is told before this returns.
Task<http::Response> accept_order(Shared self, std::string reference, std::string key, std::string body) {
    const std::string digest = key.empty() ? std::string() : crypto::sha256_hex(body);
    if (const auto* known = key.empty() ? nullptr : self->ledger.find_by_key(key)) {
        if (auto counted = self->record(Ledger::post(reference)); counted.has_error()) {
            co_return error_response(503, "disk", disk_trouble);
        }
        if (known->digest != digest) {
            co_return error_response(422, "key_reused", "this Idempotency-Key came with another body before");
        }
        co_return accepted_answer(*known);
    }
    const auto order = self->accept(reference, key, digest);
    if (order.has_error()) { co_return error_response(503, "disk", disk_trouble); }
    if (self->webhook_first) {
        for (const char* status : {"confirmed", "shipped"}) {
            if (self->advance(order.value().supplier_order_id, status).has_error()) { break; }
        }
        co_await wait_for_webhooks(self, order.value().supplier_order_id);
    }
    else { self->plan(order.value()); }
    co_return accepted_answer(order.value());
}

Task<http::Response> create_order(Shared self, http::Request request) {
    constexpr std::string_view create = "create_order";
    const auto order = Json::parse(request.body);
    if (order.has_error()) {
        co_return presented(*self, create, error_response(400, "malformed", "the body is no JSON: " + order.error().text()));
    }
    std::string reference = order.value().text("order_id");
    const auto wrong = objection(order.value());
    const auto fault = wrong ? std::nullopt : self->faults.take("create_order", request.requests_before > 0);
    const bool accept = !wrong && (!fault || fault->accept);
    if (fault && !accept && fault->delay.count() > 0) { co_await wait_unless_stopped(self, fault->delay); }
    if (!accept && (wrong || fault->kind != Kind::slow)) {
        if (!reference.empty() && self->record(Ledger::post(reference)).has_error()) {
            co_return error_response(503, "disk", disk_trouble);
        }
        if (wrong) { co_return presented(*self, create, error_response(422, "invalid_order", *wrong)); }
        co_return misbehaved(self, *fault, {});
    }
    std::string key = self->options.idempotency ? request.header("Idempotency-Key").value_or("") : std::string();
    auto answer = co_await accept_order(self, std::move(reference), std::move(key), std::move(request.body));
    answer = presented(*self, create, std::move(answer));
    if (!fault) { co_return answer; }
    if (accept && fault->delay.count() > 0 && fault->kind != Kind::drip) { co_await wait_unless_stopped(self, fault->delay); }
    co_return misbehaved(self, *fault, std::move(answer));
}

http::Response find_orders(const Simulator& self, const http::Request& request) {
    const auto reference = request.parameter("reference");
    if (!self.options.lookup) { return error_response(404, "not_found", "this supplier cannot be asked by reference"); }
    if (!reference) { return error_response(400, "malformed", "the parameter reference is missing"); }
    Json list = Json::array();
    for (const auto* order : self.ledger.find_by_reference(*reference)) {
        const bool visible = self.clock.utc_ms() - order->created_at >= self.options.visible_after.count();
        if (visible) { list.push(shown(*order)); }
    }
    return json_response(200, Json::object({{"orders", std::move(list)}}));
}

http::Response show_order(const Simulator& self, const std::string& id) {
    const auto* order = self.ledger.find(id);
    return order == nullptr ? error_response(404, "not_found", "no such order") : json_response(200, shown(*order));
}

/// A positive number from the query; nothing when it is none.
std::optional<std::size_t> positive(const http::Request& request, std::string_view name, std::size_t otherwise) {
    const auto text = request.parameter(name);
    if (!text) { return otherwise; }
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value == 0) { return {}; }
    return value;
}

http::Response show_inventory(const Simulator& self, const http::Request& request) {
    const auto page = positive(request, "page", 1);
    const auto size = positive(request, "page_size", 100);
    if (!page || !size || *size > page_size_max) {
        return error_response(400, "malformed", "page counts from 1, page_size is 1 to 500");
    }
    return json_response(200, self.ledger.inventory().page(*page, *size));
}

Task<http::Response> handle(Shared self, http::Request request) {
    if (request.path.starts_with("/_sandbox/")) { co_return co_await control(self, std::move(request)); }
    if (self->dialect) {
        if (auto token = self->dialect->token(request, self->options.api_key, self->clock.boot_ms())) {
            co_return std::move(*token);
        }
    }
    if (!authorized(*self, request)) {
        co_return presented(*self, {}, error_response(401, "unauthorized", "the API key is missing or wrong"));
    }
    if (self->dialect) {
        auto understood = self->dialect->understood(std::move(request));
        if (!understood) { co_return presented(*self, {}, error_response(404, "not_found", "nothing here")); }
        request = std::move(*understood);
    }
    const bool reused = request.requests_before > 0;
    constexpr std::string_view one_order = "/v1/orders/";
    const bool get = request.method == "GET";
    if (request.path == "/v1/orders" && request.method == "POST") { co_return co_await create_order(self, std::move(request)); }
    constexpr std::string_view cancel = "/cancel";
    if (request.method == "POST" && request.path.starts_with(one_order) && request.path.ends_with(cancel)) {
        const auto id =
            http::decoded(request.path.substr(one_order.size(), request.path.size() - one_order.size() - cancel.size()));
        co_return co_await canceled_with_faults(self, id, reused);
    }
    std::string operation = "find_order";
    std::string shape = operation;
    http::Response well;
    if (get && request.path == "/v1/orders") { well = find_orders(*self, request); }
    else if (get && request.path.starts_with(one_order)) {
        shape = "show_order";
        well = show_order(*self, http::decoded(std::string_view(request.path).substr(one_order.size())));
    }
    else if (get && request.path == "/v1/inventory") {
        operation = shape = "inventory";
        well = show_inventory(*self, request);
    }
    else { co_return error_response(404, "not_found", "nothing here"); }
    co_return co_await with_faults(self, std::move(operation), reused, presented(*self, shape, std::move(well)));
}

class RunningSupplier final : public Supplier {
public:
    RunningSupplier(Shared simulator, std::unique_ptr<http::Server> server)
        : simulator_(std::move(simulator)), server_(std::move(server)) {}
    RunningSupplier(const RunningSupplier&) = delete;
    RunningSupplier& operator=(const RunningSupplier&) = delete;
    ~RunningSupplier() override { simulator_->stop(); }

    [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
    [[nodiscard]] std::size_t order_count() const override { return simulator_->ledger.orders().size(); }
    void stop(milliseconds grace) override {
        simulator_->stop();
        server_->stop(grace);
    }

private:
    Shared simulator_;
    std::unique_ptr<http::Server> server_;
};

Result<std::optional<WebhookTarget>> target_of(const SupplierOptions& options) {
    if (options.api_key.empty()) { return Fault{"an API key is needed", "api_key", Advice::stop}; }
    if (options.supplier_order_ids.empty() || options.tracking_numbers.empty()) {
        return Fault{"at least one supplier order id and one tracking number are needed", "ids", Advice::stop};
    }
    if (options.webhook_url.empty()) { return std::optional<WebhookTarget>(); }
    if (options.webhook_secret.empty()) { return Fault{"webhooks need a secret to sign them", "webhook_secret", Advice::stop}; }
    auto target = WebhookTarget::parse(options.webhook_url);
    if (target.has_error()) { return target.error(); }
    return std::optional<WebhookTarget>(std::move(target).value());
}

}  // namespace

Result<std::unique_ptr<Supplier>> Supplier::start(Executor executor, Clock& clock, const SupplierOptions& options) {
    auto target = target_of(options);
    if (target.has_error()) { return target.error(); }
    crypto::WebhookKey webhook_key;
    if (!options.webhook_secret.empty()) {
        auto key = crypto::signing_key(options.webhook_scheme, options.webhook_secret);
        if (key.has_error()) { return Fault{key.error().what, "webhook_secret", Advice::stop}; }
        webhook_key = std::move(key).value();
    }
    Inventory inventory;
    if (!options.inventory.empty()) {
        auto loaded = Inventory::load(options.inventory);
        if (loaded.has_error()) { return loaded.error(); }
        inventory = std::move(loaded).value();
    }
    for (const auto& folder : {options.portal.outbox, options.portal.taken, options.portal.inbox}) {
        std::error_code error;
        if (!folder.empty()) { std::filesystem::create_directories(folder, error); }
        if (error) { return Fault{"the portal's folder cannot be made: " + error.message(), folder.string()}; }
    }
    std::optional<Dialect> dialect;
    if (!options.dialect.empty()) {
        auto loaded = Dialect::load(options.dialect);
        if (loaded.has_error()) { return loaded.error(); }
        dialect = std::move(loaded).value();
    }
    auto lock = claim_folder(options.data);
    if (lock.has_error()) { return lock.error(); }
    Ledger ledger(std::move(inventory));
    auto journal = Journal::open(options.data / "journal.jsonl", [&](const Json& record) { ledger.apply(record); });
    if (journal.has_error()) { return journal.error(); }
    auto simulator = std::make_shared<Simulator>(executor, clock, options, std::move(lock).value(), std::move(journal).value(),
                                                 std::move(ledger), std::move(target).value(), std::move(webhook_key));
    simulator->dialect = std::move(dialect);
    http::Handler handler = [simulator](http::Request request) { return handle(simulator, std::move(request)); };
    auto server = http::Server::listen(executor, "127.0.0.1", options.port, {}, std::move(handler));
    if (server.has_error()) {
        Fault fault = server.error();
        fault.what += "; choose another one with --listen-port";
        return fault;
    }
    std::unique_ptr<Supplier> made = std::make_unique<RunningSupplier>(simulator, std::move(server).value());
    for (const auto& order : simulator->ledger.orders()) { simulator->plan(order); }
    for (const auto& [id, bodies] : simulator->ledger.pending_webhooks()) { simulator->deliver_pending(id); }
    if (!options.portal.outbox.empty()) { spawn(executor, serve_portal(simulator)); }
    if (auto told = announce(options.data, made->port(), options.ready_fd); told.has_error()) { return told.error(); }
    return made;
}

}  // namespace crossdock::sandbox
