// Adapters that each break one thing of the contract: built once for each BAD_..., which says which.
#include "model.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

namespace {

namespace sdk = crossdock::sdk;

class Bad : public model::Model {
public:
    using Model::Model;

#if defined(BAD_LOSES_KEY)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        return receipt(send_order(order, host, {}), order.reference);
    }
#elif defined(BAD_INVENTS_ID)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto made = Model::create_order(order, host);
        if (made.status == 201 && !made.supplier_order_id) { made.supplier_order_id = "unknown"; }
        return made;
    }
#elif defined(BAD_SENDS_AGAIN)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto made = Model::create_order(order, host);
        for (int tries = 0; tries < 3 && made.status >= 500; ++tries) { made = Model::create_order(order, host); }
        return made;
    }
#elif defined(BAD_LIES)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto made = Model::create_order(order, host);
        made.transport = sdk::Transport::answered;
        made.status = 201;
        return made;
    }
#elif defined(BAD_THROWS_ON_REFUSAL)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto made = Model::create_order(order, host);
        if (made.status != 201) { throw std::runtime_error("no luck"); }
        return made;
    }
#elif defined(BAD_DROPS_RETRY_AFTER)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto made = Model::create_order(order, host);
        made.retry_after_ms.reset();
        return made;
    }
#elif defined(BAD_LOGS_SECRET)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        host.info("sending with " + host.secret("api_key"));
        return Model::create_order(order, host);
    }
#elif defined(BAD_PRINTS_SECRET)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto key = host.secret("api_key");
        std::fprintf(stderr, "key: %s\n", key.c_str());
        return Model::create_order(order, host);
    }
#elif defined(BAD_LEAKS)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto* const kept = new std::string(4096, 'x');
        kept->front() = order.reference.front();
        return Model::create_order(order, host);
    }
#elif defined(BAD_MIXES_UP)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        reference_ = order.reference;
        const auto reply = send_order(order, host, {{ "Idempotency-Key", order.effect_key }});
        return receipt(reply, reference_);
    }
    std::string reference_;
#elif defined(BAD_HANGS)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        auto made = Model::create_order(order, host);
        const volatile int status = made.status;
        while (status == 500) {}
        return made;
    }
#elif defined(BAD_EMPTY_LIST)
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        auto found = Model::find_order(reference, host);
        if (!found.matches) { found.matches.emplace(); }
        return found;
    }
#elif defined(BAD_FINDS_FIRST)
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        auto found = Model::find_order(reference, host);
        if (found.matches && found.matches->size() > 1) { found.matches->resize(1); }
        return found;
    }
#elif defined(BAD_CRASHES)
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        const auto reply = get("/orders/" + order.supplier_order_id.value_or(""), host);
        const auto body = reply.json();
        // What is not there is looked into all the same.
        const char* const nowhere = nullptr;
        const char* const text = body ? reply.body.c_str() : nowhere;
        host.debug(std::string_view(text, 1 + std::strlen(text)));
        return {evidence_of(*body, "order.status")};
    }
#elif defined(BAD_HALF_A_LIST)
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        std::string exchange;
        try {
            return Model::sync_inventory(sink, host);
        } catch (const std::exception&) { return exchange; }
    }
#elif defined(BAD_TRUSTS_PAGES)
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        std::string exchange;
        std::int64_t pages = 1;
        for (std::int64_t number = 1; number <= pages; ++number) {
            const auto body = page(number, host, exchange);
            pages = body.need_integer("pages");
            emit(body, sink);
        }
        return exchange;
    }
#elif defined(BAD_EMPTY_PAGE)
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        std::string exchange;
        std::int64_t pages = 1;
        for (std::int64_t number = 1; number <= pages; ++number) {
            const auto body = page(number, host, exchange);
            if (body.need_integer("page") != number) { throw std::runtime_error("another page"); }
            pages = body.need_integer("pages");
            emit(body, sink);
        }
        return exchange;
    }
#elif defined(BAD_HALF_AN_ORDER)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        sdk::Json body = sdk::Json::object();
        body.set("note", order.reference + " " + order.effect_key);
        return receipt(host.http().post(base_url_ + "/orders", body, {authorization(host)}), order.reference);
    }
#elif defined(BAD_TAKES_ANY_ID)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        return receipt(send_order(order, host, {{ "Idempotency-Key", order.effect_key }}), "");
    }
#elif defined(BAD_CANCELS_BLINDLY)
    sdk::Submission cancel_order(const sdk::Cancellation& order, sdk::Host& host) override {
        auto other = order;
        other.effect_key = "key";
        return Model::cancel_order(other, host);
    }
#elif defined(BAD_GOES_ELSEWHERE)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        return receipt(host.http().post("https://api.model.example/orders", order.document), order.reference);
    }
#elif defined(BAD_IGNORES_CANCEL)
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        for (std::int64_t number = 1;;) {
            const auto reply = get("/stock?page=" + std::to_string(number), host);
            if (!reply.answered(200)) { continue; }
            const auto body = sdk::Json::parse(reply.body);
            emit(body, sink);
            number = body.need_integer("page") + 1;
            if (number > body.need_integer("pages")) { return reply.exchange; }
        }
    }
#elif defined(BAD_EXITS)
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        try {
            return Model::handle_webhook(webhook, host);
        } catch (const sdk::JsonError&) { std::_Exit(3); }
    }
#elif defined(BAD_SWALLOWS)
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        try {
            return Model::handle_webhook(webhook, host);
        } catch (const sdk::JsonError&) { throw std::runtime_error(""); }
    }
#elif defined(BAD_FINDS_NOTHING)
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        auto found = Model::find_order(reference, host);
        if (found.matches) { found.matches->clear(); }
        return found;
    }
#elif defined(BAD_COUNTS)
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        auto evidence = Model::handle_webhook(webhook, host);
        evidence.front().tracking_number = std::to_string(++count_);
        return evidence;
    }
    int count_ = 0;
#elif defined(BAD_MEMBERS)
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        const auto payload = sdk::Json::parse(webhook.body);
        const auto* status = payload.find("status");
        if (status != nullptr && status->kind() != sdk::Json::Kind::string) { std::abort(); }
        return Model::handle_webhook(webhook, host);
    }
#elif defined(BAD_STRAYS)
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        auto evidence = Model::get_order_status(order, host);
        // As with a buffer that no tracking number has ever been too long for.
        if (evidence.front().tracking_number.value_or("").size() > 64) { std::abort(); }
        return evidence;
    }
#elif defined(BAD_KEEPS_OPEN)
    std::vector<sdk::Evidence> get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) override {
        (void)std::fopen("/dev/null", "r");
        return Model::get_order_status(order, host);
    }
#elif defined(BAD_ENCODES_SECRET)
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        host.info("Authorization: Basic " + base64("user:" + host.secret("api_key")));
        return Model::create_order(order, host);
    }
    static std::string base64(const std::string& bytes) {
        constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string text;
        for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
            unsigned value = 0;
            for (std::size_t at = bit; at < bit + 6; ++at) {
                const unsigned byte = at / 8 < bytes.size() ? static_cast<unsigned char>(bytes[at / 8]) : 0U;
                value = value * 2 + ((byte >> (7 - at % 8)) & 1U);
            }
            text += digits[value];
        }
        return text;
    }
#elif defined(BAD_DAWDLES)
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) override {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        return Model::handle_webhook(webhook, host);
    }
#elif defined(BAD_MIXES_STOCK)
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        {
            const std::lock_guard lock(mutex_);
            rows_.clear();
        }
        std::string exchange;
        std::int64_t pages = 1;
        for (std::int64_t number = 1; number <= pages; ++number) {
            const auto body = page(number, host, exchange);
            pages = body.need_integer("pages");
            const std::lock_guard lock(mutex_);
            for (const auto& item : body.need_array("items").items()) { rows_.push_back({.sku = item.need_text("sku")}); }
        }
        const std::lock_guard lock(mutex_);
        sink.emit(rows_);
        return exchange;
    }
    std::mutex mutex_;
    std::vector<sdk::InventoryRow> rows_;
#elif defined(BAD_SETTINGS)
    explicit Bad(const sdk::Host& host) : Model(host) {
        throw std::runtime_error("out of order today");
    }
#elif defined(BAD_SCHEMA)
    static sdk::Schema settings() {
        return sdk::Schema{}.url("base_url", "Root of the API").secret("api_key", "").text("base_url", "Once more");
    }
#else
#error "which thing is broken?"
#endif
};

}  // namespace

CROSSDOCK_EXPORT_SUPPLIER(Bad)
