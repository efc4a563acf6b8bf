// [opening]
#include <crossdock/sdk.hpp>

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sdk = crossdock::sdk;

namespace {

/// Places purchase orders with ACME.
///
/// Threads: operations may run at once on several threads; nothing changes after construction.
class Acme final : public sdk::SupplierAdapter {
public:
    // [/opening]

    // [settings]
    /// ACME takes no key that would make a second POST harmless, but it can be asked for our number: lookup.
    static constexpr sdk::Manifest manifest{.name = "acme", .version = "1.0.0", .create_order = sdk::EffectClass::lookup};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .url("base_url", "Root of ACME's API, for example https://b2b.acme.example")
            .secret("api_key", "Issued by ACME, sent as X-Acme-Key")
            .text("dealer", "Our dealer number with ACME")
            .integer("page_size", "Articles on one page of the stock list, 1 to 1000", 200);
    }

    explicit Acme(const sdk::Host& host) {
        const auto settings = host.settings();
        base_url_ = settings.need_text("base_url");
        while (base_url_.ends_with('/')) { base_url_.pop_back(); }
        dealer_ = settings.need_text("dealer");
        page_size_ = settings.need_integer("page_size");
        if (page_size_ < 1 || page_size_ > 1000) { throw std::runtime_error("\"page_size\" must be 1 to 1000"); }
    }
    // [/settings]

    // [create_order]
    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        sdk::Json lines = sdk::Json::array();
        for (const auto& item : order.document.need_array("items").items()) {
            sdk::Json line = sdk::Json::object();
            line.set("part", item.need_text("sku")).set("qty", item.need_integer("quantity"));
            // The number as the client wrote it: 231.00 stays 231.00.
            if (const auto* price = item.find("unit_price")) { line.set("price", *price); }
            lines.push(std::move(line));
        }
        sdk::Json body = sdk::Json::object();
        body.set("po_number", order.reference).set("dealer", dealer_).set("lines", std::move(lines));
        if (const auto* address = order.document.find("shipping_address")) { body.set("ship_to", *address); }
        const auto reply = host.http().post(base_url_ + "/b2b/purchase-orders", body, {key(host)});
        return sdk::Submission::from(reply,
                                     {.id = "/purchase_order/number",
                                      .status = "/purchase_order/state",
                                      .reason = "/error/text",
                                      .reference = "/purchase_order/po_number"},
                                     order.reference);
    }
    // [/create_order]

    // [find_order]
    sdk::Lookup find_order(const std::string& reference, sdk::Host& host) override {
        const auto reply =
            host.http().get(base_url_ + "/b2b/purchase-orders?po_number=" + sdk::url_encoded(reference), {key(host)});
        sdk::Lookup found{.transport = reply.transport, .status = reply.status, .exchange = reply.exchange};
        if (!reply.reason.empty()) { found.reason = reply.reason; }
        if (!reply.answered(200)) { return found; }
        try {
            std::vector<sdk::Lookup::Match> matches;
            const auto body = sdk::Json::parse(reply.body);
            for (const auto& order : body.need_array("purchase_orders").items()) {
                // ACME searches by prefix: PX1 finds PX12 too.
                if (order.need_text("po_number") != reference) { continue; }
                matches.push_back({order.need_text("number"), order.need_text("state")});
            }
            found.matches = std::move(matches);
        } catch (const sdk::JsonError& error) { found.reason = std::string("the answer was not understood: ") + error.what(); }
        return found;
    }
    // [/find_order]

    // [sync_inventory]
    std::string sync_inventory(sdk::InventorySink& sink, sdk::Host& host) override {
        const std::string first = base_url_ + "/b2b/stock?limit=" + std::to_string(page_size_);
        std::string url = first;
        std::set<std::string> cursors;
        while (true) {
            if (host.canceled()) { throw sdk::Canceled(); }
            const auto reply = host.http().get(url, {key(host)});
            if (reply.retry_after_ms) { throw sdk::RetryLater(reply.exchange, *reply.retry_after_ms); }
            if (!reply.answered(200)) { throw std::runtime_error(reply.exchange); }
            const auto body = sdk::Json::parse(reply.body);
            const auto& stock = body.need_array("stock");
            sink.emit(rows(stock));
            const auto* next = body.find("next");
            if (next != nullptr && next->is_null()) { return reply.exchange; }
            // Without "next" the list may be cut short, and one that goes in circles would never end.
            const auto cursor = body.need_text("next");
            if (stock.items().empty() || !cursors.insert(cursor).second) {
                throw std::runtime_error(reply.exchange + ": \"next\" leads nowhere");
            }
            url = first + "&cursor=" + sdk::url_encoded(cursor);
        }
    }
    // [/sync_inventory]

    // [handle_webhook]
    std::vector<sdk::Evidence> handle_webhook(const sdk::Webhook& webhook, sdk::Host& /*host*/) override {
        const auto payload = sdk::Json::parse(webhook.body);
        sdk::Evidence evidence;
        evidence.event = payload.need_text("type");
        evidence.reference = payload.need_text("po_number");
        evidence.supplier_order_id = payload.text("number");
        evidence.supplier_status = payload.need_text("state");
        const auto* tracking = payload.at("/carrier/tracking");
        if (tracking != nullptr && tracking->is_string()) { evidence.tracking_number = tracking->text(); }
        evidence.occurred_at = payload.need_text("at");
        return {evidence};
    }
    // [/handle_webhook]

    // [closing]
private:
    static std::vector<sdk::InventoryRow> rows(const sdk::Json& stock) {
        std::vector<sdk::InventoryRow> rows;
        for (const auto& article : stock.items()) {
            sdk::InventoryRow row;
            row.sku = article.need_text("part");
            row.name = article.text("title").value_or("");
            row.read_quantity(article, "on_hand");
            row.read_price(article, "price");
            row.currency = article.need_text("currency");
            row.grade = article.text("grade").value_or("");
            row.warehouse = article.text("site").value_or("");
            rows.push_back(std::move(row));
        }
        return rows;
    }

    /// Asked for at each request: the key may be changed while we serve.
    static sdk::Header key(const sdk::Host& host) { return {"X-Acme-Key", host.secret("api_key")}; }

    std::string base_url_;
    std::string dealer_;
    std::int64_t page_size_ = 0;
};

}  // namespace

CROSSDOCK_EXPORT_SUPPLIER(Acme)
// [/closing]
