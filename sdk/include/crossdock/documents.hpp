#pragma once

#include <crossdock/host.hpp>
#include <crossdock/json.hpp>
#include <crossdock/rows.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace crossdock::sdk {

/// An order to be placed. `reference` and `effect_key` are the engine's: send them verbatim.
struct Order {
    std::string reference;
    std::string effect_key;
    std::string supplier;  ///< the code that the supplier's API expects
    Json document;         ///< the order as the client sent it, numbers as written
    /// By CLOCK_BOOTTIME; nothing may be done for this order later. The host sees to it that no request leaves then; a plugin
    /// that acts by itself, as by writing a file, asks Host::too_late. Absent of hosts that do not say it.
    std::optional<std::int64_t> not_after_boot_ms = {};

    [[nodiscard]] static Order read(const Json& input) {
        const auto* document = input.find("order");
        if (document == nullptr || !document->is_object()) { throw JsonError("\"order\" is missing"); }
        const auto* limit = input.find("not_after_boot_ms");
        return {input.need_text("reference"), input.need_text("effect_key"), input.text("supplier").value_or(""), *document,
                limit == nullptr ? std::nullopt : limit->integer()};
    }
};

/// Where a supplier's answer says what; JSON pointers, empty when it does not say it.
struct SubmissionFields {
    std::string_view id = {};         ///< the supplier's own order id, a string
    std::string_view status = {};     ///< the supplier's word for the order's status
    std::string_view reason = {};     ///< why it refused
    std::string_view reference = {};  ///< our reference, repeated
};

/// What a rule of the account's file says of an answer's body, whatever its status: 200 with {"ok": false}. That an order was
/// accepted is no rule's to say: it takes a status that the file lists, and an id.
enum class Verdict {
    refused,
    not_processed,  ///< certainly not acted upon
    unknown,
};

[[nodiscard]] constexpr std::string_view name(Verdict verdict) {
    return verdict == Verdict::refused ? "refused" : verdict == Verdict::not_processed ? "not_processed" : "unknown";
}

/// What became of create_order or cancel_order: facts only. The engine decides what they mean, from the account's file.
struct Submission {
    Transport transport = Transport::not_sent;
    int status = 0;
    std::optional<std::string> supplier_order_id = {};
    std::optional<std::string> supplier_status = {};
    std::optional<std::string> reason = {};
    std::optional<std::int64_t> retry_after_ms = {};
    std::string exchange = {};
    /// The peer has taken the order, and its answer has no id because ids come later, by another way: find_order is asked for it.
    bool id_follows = false;
    std::optional<Verdict> verdict = {};  ///< of an answer alone; without one the status decides

    /// Reads an HTTP answer. An id is taken from a body that is JSON only, and never from one that names another reference.
    [[nodiscard]] static Submission from(const HttpReply& reply, const SubmissionFields& fields,
                                         std::string_view reference = {}) {
        Submission made;
        made.transport = reply.transport;
        made.status = reply.status;
        made.retry_after_ms = reply.retry_after_ms;
        made.exchange = reply.exchange;
        if (!reply.reason.empty()) { made.reason = reply.reason; }
        if (reply.transport != Transport::answered) { return made; }
        const auto body = reply.json();
        if (!body) {
            made.reason = "the answer is no JSON";
            return made;
        }
        const auto string_at = [&body](std::string_view pointer) -> std::optional<std::string> {
            const auto* value = pointer.empty() ? nullptr : body->at(pointer);
            if (value == nullptr || !value->is_string() || value->text().empty()) { return {}; }
            return value->text();
        };
        if (const auto named = string_at(fields.reference); named && !reference.empty() && *named != reference) {
            made.reason = "the answer speaks of the order " + *named + ", not of " + std::string(reference);
            return made;
        }
        made.supplier_order_id = string_at(fields.id);
        made.supplier_status = string_at(fields.status);
        if (auto why = string_at(fields.reason)) { made.reason = std::move(why); }
        return made;
    }

    [[nodiscard]] Json json() const {
        Json out = Json::object();
        out.set("transport", name(transport)).set("status", status);
        out.set_if("supplier_order_id", supplier_order_id).set_if("supplier_status", supplier_status).set_if("reason", reason);
        if (retry_after_ms) { out.set("retry_after_ms", *retry_after_ms); }
        if (id_follows) { out.set("id_follows", true); }
        if (verdict) { out.set("verdict", name(*verdict)); }
        return out.set("exchange", exchange);
    }
};

/// An order that the supplier may have.
struct PlacedOrder {
    std::string reference;
    std::optional<std::string> supplier_order_id = {};  ///< absent while it is not known

    [[nodiscard]] static PlacedOrder read(const Json& input) {
        return {input.need_text("reference"), input.text("supplier_order_id")};
    }
};

/// An order to be canceled. `effect_key` is the engine's, as in Order.
struct Cancellation {
    PlacedOrder order;
    std::string effect_key;
    std::optional<std::string> reason = {};

    [[nodiscard]] static Cancellation read(const Json& input) {
        return {PlacedOrder::read(input), input.need_text("effect_key"), input.text("reason")};
    }
};

/// What a supplier knows of one of our references.
struct Lookup {
    struct Match {
        std::string supplier_order_id;
        std::string supplier_status;
    };
    Transport transport = Transport::not_sent;
    int status = 0;
    /// Absent unless the supplier's answer was understood; empty means: it says that it has no such order.
    std::optional<std::vector<Match>> matches = {};
    std::optional<std::string> reason = {};
    std::string exchange = {};

    [[nodiscard]] Json json() const {
        Json out = Json::object();
        out.set("transport", name(transport)).set("status", status);
        if (matches) {
            Json list = Json::array();
            for (const auto& match : *matches) {
                Json one = Json::object();
                one.set("supplier_order_id", match.supplier_order_id).set("supplier_status", match.supplier_status);
                list.push(std::move(one));
            }
            out.set("matches", std::move(list));
        }
        return out.set_if("reason", reason).set("exchange", exchange);
    }
};

/// A webhook whose signature the engine has checked.
struct Webhook {
    std::string body;
    std::vector<Header> headers;

    [[nodiscard]] static Webhook read(const Json& input) {
        Webhook made{input.need_text("body"), {}};
        if (const auto* headers = input.find("headers")) {
            for (const auto& member : headers->members()) { made.headers.emplace_back(member.first, member.second.text()); }
        }
        return made;
    }
};

/// What has become of some pieces of an order, in the supplier's count.
struct LineReport {
    std::string sku;
    /// "shipped": pieces of the parcel that the evidence names. "accepted", "backordered", "canceled", "rejected": how many
    /// pieces of the article stand there now, all in all.
    std::string state;
    std::int64_t quantity = 0;
};

/// What a supplier says about one order.
struct Evidence {
    std::string event;
    std::string reference;
    std::optional<std::string> supplier_order_id = {};
    std::string supplier_status;  ///< the supplier's word; the account's file maps it
    std::optional<std::string> tracking_number = {};
    std::string occurred_at;  ///< RFC 3339, the supplier's clock; empty: when it arrived, or (get_order_status) undated
    std::optional<std::string> parcel = {};   ///< the supplier's name of a parcel that has no tracking number
    std::optional<std::string> carrier = {};  ///< of the tracking number, in the supplier's words: a hint
    std::vector<LineReport> lines = {};       ///< empty: it speaks of the order as a whole

    /// Errors: JsonError when it says nothing, or of no order.
    [[nodiscard]] Json json() const {
        if (reference.empty() && supplier_order_id.value_or("").empty()) { throw JsonError("evidence names no order"); }
        if (supplier_status.empty()) { throw JsonError("evidence without a status"); }
        Json out = Json::object();
        out.set("event", event).set("reference", reference).set_if("supplier_order_id", supplier_order_id);
        out.set("supplier_status", supplier_status).set_if("tracking_number", tracking_number).set_if("parcel", parcel);
        out.set_if("carrier", carrier);
        if (!lines.empty()) {
            Json list = Json::array();
            for (const auto& line : lines) {
                Json one = Json::object();
                list.push(std::move(one.set("sku", line.sku).set("state", line.state).set("quantity", line.quantity)));
            }
            out.set("lines", std::move(list));
        }
        return out.set("occurred_at", occurred_at);
    }
};

/// One article of a supplier's stock.
struct InventoryRow {
    std::string sku = {};
    std::string name = {};
    std::int64_t quantity = 0;
    bool lower_bound = false;  ///< the supplier said "100+"
    std::string price = {};    ///< decimal text as written, for example "231.00"
    std::string currency = {};
    std::string grade = {};
    std::string lock_status = {};
    std::string warehouse = {};

    /// The quantity of a supplier's article: 12, "12", or "100+", a lower bound.
    /// Errors: JsonError that names the member and the row's sku.
    void read_quantity(const Json& article, std::string_view key) {
        const auto written = as_written(article, key);
        lower_bound = written.ends_with('+');
        const auto number = written.substr(0, written.size() - (lower_bound ? 1 : 0));
        const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), quantity);
        if (error != std::errc{} || rest != number.data() + number.size() || quantity < 0) {
            throw JsonError("\"" + std::string(key) + "\" of " + sku + " is no number of pieces");
        }
    }
    /// The price of a supplier's article, a number or a string that is one: 231.00 stays "231.00", never through a float.
    /// Errors: as read_quantity.
    void read_price(const Json& article, std::string_view key) {
        const auto written = as_written(article, key);
        if (!is_decimal(written)) { throw JsonError("\"" + std::string(key) + "\" of " + sku + " is no decimal amount"); }
        price = written;
    }

    /// As a webhook's report has it: what is empty is left out.
    [[nodiscard]] Json json() const {
        Json out = Json::object();
        out.set("sku", sku).set("quantity", quantity);
        if (lower_bound) { out.set("lower_bound", true); }
        for (const auto& [key, value] : {std::pair<const char*, const std::string*>{"name", &name},
                                         {"price", &price},
                                         {"currency", &currency},
                                         {"grade", &grade},
                                         {"lock_status", &lock_status},
                                         {"warehouse", &warehouse}}) {
            if (!value->empty()) { out.set(key, *value); }
        }
        return out;
    }

private:
    static std::string_view as_written(const Json& article, std::string_view key) {
        const auto* value = article.find(key);
        return value != nullptr ? std::string_view(value->text()) : std::string_view();
    }
};

/// What a webhook says: of orders, of stock, or of both.
struct WebhookReport {
    std::vector<Evidence> evidence = {};
    /// Items as they are now. An empty price, name, grade or lock_status says nothing: it stays as it is known.
    std::vector<InventoryRow> stock = {};
    std::string stock_as_of = {};  ///< RFC 3339, the supplier's clock: what is known of an item since then stays

    [[nodiscard]] Json json() const {
        Json list = Json::array();
        for (const auto& one : evidence) { list.push(one.json()); }
        Json out = Json::object();
        out.set("evidence", std::move(list));
        if (stock.empty()) { return out; }
        Json rows = Json::array();
        for (const auto& row : stock) { rows.push(row.json()); }
        Json inventory = Json::object();
        if (!stock_as_of.empty()) { inventory.set("as_of", stock_as_of); }
        out.set("inventory", std::move(inventory.set("rows", std::move(rows))));
        return out;
    }
};

/// A row of the supplier's that could not be read. The rest goes on; a person can look at it.
struct UnreadableRow {
    std::int64_t line = 0;  ///< in the supplier's file, from 1; 0: it has none
    std::string sku = {};   ///< as far as it could be read: its item then stays as it is
    std::string reason = {};
    std::string text = {};  ///< the row as it came
};

/// Takes inventory rows, in batches. Blocks while the host stores one.
class InventorySink {
public:
    explicit InventorySink(const xd_host* host) : host_(host) {}

    /// Errors: Canceled.
    void emit(const std::vector<InventoryRow>& rows) {
        std::vector<xd_inventory_row> raw;
        raw.reserve(rows.size());
        for (const auto& row : rows) {
            raw.push_back({sizeof(xd_inventory_row), row.lower_bound ? XD_ROW_LOWER_BOUND : 0U, text(row.sku), text(row.name),
                           row.quantity, text(row.price), text(row.currency), text(row.grade), text(row.lock_status),
                           text(row.warehouse)});
        }
        if (raw.empty()) { return; }
        if (host_->emit_rows(host_->context, raw.data(), sizeof(xd_inventory_row), raw.size()) != XD_OK) { throw Canceled(); }
        rows_ += static_cast<std::int64_t>(raw.size());
    }
    [[nodiscard]] std::int64_t rows() const { return rows_; }

    /// When the stock stood so: RFC 3339, by the supplier's clock. The host refuses a feed that is older than the one before.
    void as_of(std::string time) { as_of_ = std::move(time); }
    /// Tells of a row that could not be read, instead of giving up the whole feed. Errors: std::runtime_error beyond
    /// unreadable_rows_max: a feed of which so little can be read is none.
    void park(UnreadableRow row) {
        if (parked_.size() == unreadable_rows_max) {
            throw std::runtime_error("more than " + std::to_string(unreadable_rows_max) +
                                     " rows cannot be read; the last: " + row.reason);
        }
        parked_.push_back(std::move(row));
    }
    static constexpr std::size_t unreadable_rows_max = 10'000;

    /// The answer's members about the feed as a whole.
    void add_to(Json& answer) const {
        constexpr std::size_t shown = 500;
        answer.set("rows", rows_).set_if("as_of", as_of_);
        if (parked_.empty()) { return; }
        Json list = Json::array();
        for (const auto& row : parked_) {
            Json one = Json::object();
            if (row.line > 0) { one.set("line", row.line); }
            list.push(std::move(one.set("sku", row.sku).set("reason", row.reason).set("text", row.text.substr(0, shown))));
        }
        answer.set("bad_rows", std::move(list));
    }

private:
    const xd_host* host_;
    std::int64_t rows_ = 0;
    std::optional<std::string> as_of_ = {};
    std::vector<UnreadableRow> parked_ = {};
};

/// A secret as the config names it.
struct WantedSecret {
    std::string name;                       ///< as its keeper calls it, for example a path
    std::optional<std::string> field = {};  ///< of one that has several; nothing: the secret itself

    [[nodiscard]] static WantedSecret read(const Json& input) { return {input.need_text("name"), input.text("field")}; }
};

/// One message to one recipient.
struct Message {
    std::string message_id;  ///< with <>; the same on every try
    std::string from;
    std::string from_name;
    std::string to;
    std::string subject;
    std::string text;
    std::string html;
    std::string date;              ///< RFC 5322
    Json fact = {};                ///< to a program: what happened, as GET /v1/events shows it; null to a person
    Json order = {};               ///< to a program: how the fact's order stands; null to a person
    std::string unsubscribe = {};  ///< a link by which the recipient ends such messages (RFC 8058); empty: there is none

    [[nodiscard]] static Message read(const Json& input) {
        Message made{input.need_text("message_id"),   input.need_text("from"),    input.text("from_name").value_or(""),
                     input.need_text("to"),           input.need_text("subject"), input.need_text("text"),
                     input.text("html").value_or(""), input.need_text("date")};
        if (const auto* fact = input.find("fact")) { made.fact = *fact; }
        if (const auto* order = input.find("order")) { made.order = *order; }
        made.unsubscribe = input.text("unsubscribe").value_or("");
        return made;
    }
};

/// What became of a message.
struct Delivery {
    Transport transport = Transport::not_sent;
    int status = 0;
    std::optional<std::string> reason = {};
    std::string exchange = {};
    bool http = false;                                ///< `status` is one of HTTP's, not of SMTP's
    std::optional<std::int64_t> retry_after_ms = {};  ///< the peer asked to wait that long

    /// What became of a message that was posted: the statuses of HTTP count as they are.
    [[nodiscard]] static Delivery from(const HttpReply& reply) {
        Delivery made{.transport = reply.transport, .status = reply.status, .exchange = reply.exchange, .http = true};
        if (!reply.reason.empty()) { made.reason = reply.reason; }
        made.retry_after_ms = reply.retry_after_ms;
        return made;
    }

    [[nodiscard]] Json json() const {
        Json out = Json::object();
        out.set("transport", name(transport)).set("status", status).set_if("reason", reason).set("exchange", exchange);
        if (http) { out.set("protocol", "http"); }
        if (retry_after_ms) { out.set("retry_after_ms", *retry_after_ms); }
        return out;
    }
};

}  // namespace crossdock::sdk
