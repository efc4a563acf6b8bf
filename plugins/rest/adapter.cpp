#include "adapter.hpp"

#include <algorithm>
#include <stdexcept>

namespace rest {
namespace {

const std::vector<std::string> order_sees{"reference", "effect_key", "supplier", "order", "item"};
const std::vector<std::string> cancel_sees{"reference", "effect_key", "supplier_order_id", "reason"};
const std::vector<std::string> find_sees{"reference", "status", "headers", "body", "item"};
const std::vector<std::string> status_sees{"reference", "supplier_order_id", "status", "headers", "body", "item"};
const std::vector<std::string> answer_sees{"status", "headers", "body", "item"};
const std::vector<std::string> hook_sees{"headers", "body", "item"};

const sdk::Json& need(const sdk::Json& settings, std::string_view key) {
    const auto* found = settings.find(key);
    if (found == nullptr) { throw sdk::JsonError("\"" + std::string(key) + "\" is missing"); }
    return *found;
}

template <class Made>
std::optional<Made> made_of(const sdk::Json& settings, const char* name, const auto& make) {
    const auto* found = settings.find(name);
    if (found == nullptr || found->is_null()) { return {}; }
    return make(*found);
}

std::string text_of(const std::optional<Template>& written, const Scope& scope) {
    return written ? written->render_text(scope) : std::string();
}

sdk::Schema row_settings() {
    return sdk::Schema{}
        .expression("sku", "the article's number, as orders name it")
        .expression("name", "for people")
        .optional()
        .expression("quantity", "pieces: 12, \"12\" or \"100+\"")
        .expression("price", "a decimal number or a text that is one")
        .expression("currency", "ISO 4217; without it the account's")
        .optional()
        .expression("grade", "the supplier's word")
        .optional()
        .expression("lock_status", "the supplier's word")
        .optional()
        .expression("warehouse", "where it lies")
        .optional();
}

/// What a list or the answer itself says of orders.
std::vector<sdk::Evidence> evidence_of(const std::optional<Template>& each, const EvidenceFields& fields, const Scope& scope) {
    if (!each) { return fields.read(scope); }
    const auto list = each->render(scope);
    if (!list.is_array()) { throw sdk::JsonError("`each` comes to no list"); }
    std::vector<sdk::Evidence> found;
    for (const auto& item : list.items()) {
        for (auto& one : fields.read(scope.with(item))) { found.push_back(std::move(one)); }
    }
    return found;
}

}  // namespace

sdk::Schema&& RestAdapter::rest_settings(sdk::Schema&& schema, const std::optional<Way>& way) {
    // Each step changes the schema that it is asked of.
    const auto on = [&schema]() -> sdk::Schema&& { return static_cast<sdk::Schema&&>(schema); };
    const auto add = [&](const char* operation, std::string_view what, const sdk::Schema& members,
                         const std::vector<std::string>& sees, bool required = false) {
        (void)on().map(operation, what, members).sees(sees);
        if (!required) { (void)on().optional().serves(operation); }
        if (!way) { return; }
        (void)on().when(way->setting, way->word);
        const auto& other = way->operations_elsewhere;
        if (std::find(other.begin(), other.end(), operation) != other.end()) { (void)on().served_elsewhere(); }
    };
    (void)on().url("base_url", "root of the supplier's API; what `path` begins behind");
    if (way) { (void)on().when(way->setting, way->word); }
    (void)Auth::settings(on(), way);
    add("create_order", "how an order is placed", Effect::settings("POST", order_sees), order_sees, true);
    add("find_order", "how an order is found by our reference",
        Listing::settings(Request::settings(sdk::Schema{}, "GET"))
            .expression("reference", "our reference in one element")
            .expression("id", "the supplier's order id in it")
            .expression("status", "the supplier's word for its status")
            .optional()
            .boolean("none_is_404", "a 404 means that there is no such order", false),
        find_sees);
    add("get_order_status", "how one order is asked for",
        Request::settings(sdk::Schema{}, "GET")
            .expression("each", "a list in the answer; without it, the answer is one order")
            .optional()
            .map("evidence", "where it says what", EvidenceFields::settings()),
        status_sees);
    add("cancel_order", "how an order is canceled", Effect::settings("POST", cancel_sees), cancel_sees);
    add("sync_inventory", "how the stock is read",
        Listing::settings(Request::settings(sdk::Schema{}, "GET")).map("row", "where an element says what", row_settings()),
        answer_sees);
    add("handle_webhook", "what a webhook says",
        sdk::Schema{}
            .expression("each", "a list in the payload; without it, the payload is one piece of evidence")
            .optional()
            .expression("skip_if", "the payload says nothing of an order")
            .optional()
            .map("evidence", "where it says what", EvidenceFields::settings()),
        hook_sees);
    return on();
}

RestAdapter::RestAdapter(const sdk::Json& settings)
    : client_(settings),
      create_("create_order", need(settings, "create_order")),
      find_(made_of<Find>(settings, "find_order",
                          [](const sdk::Json& own) {
                              const auto* none = own.find("none_is_404");
                              return Find{Listing("find_order", own), Template::parse(need(own, "reference")),
                                          Template::parse(need(own, "id")), Template::member(own, "status"),
                                          none != nullptr && none->as_boolean()};
                          })),
      status_(made_of<Status>(settings, "get_order_status",
                              [](const sdk::Json& own) {
                                  return Status{Request("get_order_status", own), Template::member(own, "each"),
                                                EvidenceFields(need(own, "evidence"))};
                              })),
      cancel_(made_of<Effect>(settings, "cancel_order", [](const sdk::Json& own) { return Effect("cancel_order", own); })),
      inventory_(made_of<Inventory>(settings, "sync_inventory",
                                    [](const sdk::Json& own) {
                                        Inventory made{Listing("sync_inventory", own), {}};
                                        for (const auto& [key, value] : need(own, "row").members()) {
                                            made.row.emplace_back(key, Template::parse(value));
                                        }
                                        return made;
                                    })),
      hook_(made_of<Hook>(settings, "handle_webhook", [](const sdk::Json& own) {
          return Hook{Template::member(own, "each"), Template::member(own, "skip_if"), EvidenceFields(need(own, "evidence"))};
      })) {}

sdk::Submission RestAdapter::create_order(const sdk::Order& order, sdk::Host& host) {
    sdk::Json asked = sdk::Json::object();
    asked.set("reference", order.reference).set("effect_key", order.effect_key).set("supplier", order.supplier);
    asked.set("order", order.document);
    return create_.run(client_, host, std::move(asked));
}

sdk::Submission RestAdapter::cancel_order(const sdk::Cancellation& wish, sdk::Host& host) {
    if (!cancel_) { throw sdk::NotSupported(); }
    sdk::Json asked = sdk::Json::object();
    asked.set("reference", wish.order.reference).set("effect_key", wish.effect_key);
    asked.set_if("supplier_order_id", wish.order.supplier_order_id).set_if("reason", wish.reason);
    return cancel_->run(client_, host, std::move(asked));
}

/// Only orders that repeat our reference exactly count: a supplier may search by prefix.
void RestAdapter::read_matches(sdk::Lookup& found, const std::string& reference, const sdk::Host& host,
                               const Listing::Page& page) const {
    const Scope whole(host, page.document);
    for (const auto& item : page.items) {
        const auto scope = whole.with(item);
        const auto named = find_->reference.render_text(scope);
        if (named.empty()) { throw std::runtime_error("`reference` of an element is not there"); }
        if (named != reference) { continue; }
        found.matches->push_back({find_->id.render_text(scope), text_of(find_->status, scope)});
    }
}

sdk::Lookup RestAdapter::find_order(const std::string& reference, sdk::Host& host) {
    if (!find_) { throw sdk::NotSupported(); }
    sdk::Json asked = sdk::Json::object();
    asked.set("reference", reference);
    sdk::Lookup found;
    if (!find_->listing.paged()) {
        const auto reply = client_.ask_for_any(find_->listing.request().make(Scope(host, asked)), host);
        found.transport = reply.transport;
        found.status = reply.status;
        found.exchange = reply.exchange;
        if (!reply.reason.empty()) { found.reason = reply.reason; }
        // A page of some proxy's is no answer about an order.
        if (reply.answered(404) && find_->none_is_404 && reply.json()) { found.matches.emplace(); }
        if (!reply.answered(200)) { return found; }
        try {
            Listing::Page page{{}, answer_document(asked, reply)};
            page.items = find_->listing.items_of(Scope(host, page.document));
            found.matches.emplace();
            read_matches(found, reference, host, page);
        } catch (const sdk::Canceled&) { throw; } catch (const std::exception& error) {
            found.matches.reset();
            found.reason = std::string("the answer was not understood: ") + error.what();
        }
        return found;
    }
    // What goes wrong on one page is a fault: less than all pages is no answer.
    found.matches.emplace();
    found.exchange =
        find_->listing.read(client_, host, asked, [&](const Listing::Page& page) { read_matches(found, reference, host, page); });
    found.transport = sdk::Transport::answered;
    found.status = 200;
    return found;
}

std::vector<sdk::Evidence> RestAdapter::get_order_status(const sdk::PlacedOrder& order, sdk::Host& host) {
    if (!status_) { throw sdk::NotSupported(); }
    sdk::Json asked = sdk::Json::object();
    asked.set("reference", order.reference).set_if("supplier_order_id", order.supplier_order_id);
    const auto reply = client_.ask(status_->request.make(Scope(host, asked)), host, "");
    const auto document = answer_document(std::move(asked), reply);
    if (document.find("body")->is_null()) { throw std::runtime_error(reply.exchange + ": the answer is no JSON"); }
    auto said = evidence_of(status_->each, status_->evidence, Scope(host, document));
    const auto other = [&](const sdk::Evidence& one) {
        return one.reference.empty() ? one.supplier_order_id != order.supplier_order_id : one.reference != order.reference;
    };
    if (!status_->each && other(said.front())) {
        throw std::runtime_error(
            "the answer speaks of the order " +
            (said.front().reference.empty() ? said.front().supplier_order_id.value_or("") : said.front().reference) +
            ", not of " + order.reference);
    }
    std::erase_if(said, other);
    return said;
}

sdk::InventoryRow RestAdapter::row_of(const Scope& scope) const {
    sdk::Json article = sdk::Json::object();
    for (const auto& [key, value] : inventory_->row) { article.set(key, value.render(scope)); }
    const auto text = [&article](const char* key) {
        const auto* value = article.find(key);
        return value == nullptr ? std::string() : as_text(*value, true);
    };
    sdk::InventoryRow row;
    row.sku = text("sku");
    if (row.sku.empty()) { throw sdk::JsonError("`sku` is not there"); }
    row.name = text("name");
    row.read_quantity(article, "quantity");
    row.read_price(article, "price");
    row.currency = text("currency");
    row.grade = text("grade");
    row.lock_status = text("lock_status");
    row.warehouse = text("warehouse");
    return row;
}

std::string RestAdapter::sync_inventory(sdk::InventorySink& sink, sdk::Host& host) {
    if (!inventory_) { throw sdk::NotSupported(); }
    std::set<std::string> seen;
    return inventory_->listing.read(client_, host, sdk::Json::object(), [&](const Listing::Page& page) {
        const Scope whole(host, page.document);
        std::vector<sdk::InventoryRow> rows;
        rows.reserve(page.items.size());
        for (const auto& item : page.items) {
            try {
                rows.push_back(row_of(whole.only(item)));
            } catch (const sdk::JsonError& error) {
                throw std::runtime_error("element " + std::to_string(rows.size()) + ": " + error.what());
            }
            const auto& row = rows.back();
            if (!seen.insert(row.sku + '\n' + row.grade + '\n' + row.lock_status + '\n' + row.warehouse).second) {
                throw std::runtime_error("the SKU " + row.sku +
                                         " was listed before with the same grade, lock status and warehouse");
            }
        }
        sink.emit(rows);
    });
}

std::vector<sdk::Evidence> RestAdapter::handle_webhook(const sdk::Webhook& webhook, sdk::Host& host) {
    if (!hook_) { throw sdk::NotSupported(); }
    sdk::Json headers = sdk::Json::object();
    for (const auto& [name, value] : webhook.headers) { headers.set(name, value); }
    sdk::Json document = sdk::Json::object();
    document.set("headers", std::move(headers)).set("body", sdk::Json::parse(webhook.body));
    const Scope scope(host, document);
    if (hook_->skip_if && hook_->skip_if->holds(scope)) { return {}; }
    return evidence_of(hook_->each, hook_->evidence, scope);
}

}  // namespace rest
