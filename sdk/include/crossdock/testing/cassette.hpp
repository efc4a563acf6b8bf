#pragma once

#include <crossdock/host.hpp>
#include <crossdock/json.hpp>
#include <crossdock/testing/plugin.hpp>
#include <crossdock/testing/traffic.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::sdk::testing {

/// One operation with the HTTP or SMTP exchanges that it made: format 1, as `crossdock supplier capture` writes it.
/// Strings still hold placeholders, "{{api_key}}"; see play().
struct Cassette {
    static constexpr std::int64_t format = 1;

    struct Exchange {
        bool smtp = false;
        Json request;   ///< the members of "request", or of "smtp"
        Json response;  ///< the members of "response"
    };

    std::string file;  ///< begins each error
    std::string interface;
    std::string operation;
    Json settings;
    Json input;
    std::vector<Exchange> exchanges = {};
    /// What expressions gave, in order: members "expression" and "value" or "error". The last one of an expression holds on.
    std::vector<Json> evaluations = {};
    std::vector<Json> rows = {};
    std::optional<Json> output = {};  ///< or, when there is none:
    std::string fault = {};

    /// Errors: std::runtime_error that names the file and the member.
    [[nodiscard]] static Cassette load(const std::filesystem::path& path);
    /// The same for a text; `file` is what errors call it.
    [[nodiscard]] static Cassette parse(std::string_view text, std::string file);
};

namespace detail {

/// Bytes of a base64 text (RFC 4648, section 4); nothing when it is none.
[[nodiscard]] inline std::optional<std::string> from_base64(std::string_view text) {
    static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.size() % 4 != 0) { return {}; }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) { text.remove_suffix(1); }
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) { return {}; }
        bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>((bits >> held) & 0xFFU);
        }
    }
    return bytes;
}

/// A request's or answer's body as bytes: "json", "body", "body_base64", or none of them.
[[nodiscard]] inline std::string body_of(const Json& message) {
    if (const auto* json = message.find("json")) { return json->dump(); }
    if (const auto encoded = message.text("body_base64")) { return from_base64(*encoded).value_or(""); }
    return message.text("body").value_or("");
}

/// Reads a cassette; every error names file and member.
class CassetteReader {
public:
    CassetteReader(const Json& whole, const std::string& file) : whole_(whole), file_(file) {}

    [[nodiscard]] Cassette read() const {
        if (!whole_.is_object()) { fail("", "is no JSON object"); }
        known(whole_, "",
              {"cassette", "interface", "operation", "settings", "input", "exchanges", "evaluations", "rows", "output", "fault"});
        Cassette made{.file = file_, .interface = {}, .operation = {}, .settings = {}, .input = {}};
        const auto* version = whole_.find("cassette");
        if (version == nullptr) { fail("/cassette", "is missing: it says the format, 1"); }
        if (version->integer() != Cassette::format) { fail("/cassette", "is " + version->dump() + ", and 1 can be played"); }
        made.interface = need(whole_, "", "interface", Json::Kind::string).text();
        made.operation = need(whole_, "", "operation", Json::Kind::string).text();
        const auto* info = find_operation(made.operation);
        if (made.interface != CROSSDOCK_SUPPLIER_ID && made.interface != CROSSDOCK_CHANNEL_ID) {
            fail("/interface", "is neither " CROSSDOCK_SUPPLIER_ID " nor " CROSSDOCK_CHANNEL_ID);
        }
        if (info == nullptr || info->interface != made.interface) { fail("/operation", "is no operation of " + made.interface); }
        made.settings = need(whole_, "", "settings", Json::Kind::object);
        made.input = need(whole_, "", "input", Json::Kind::object);
        read_exchanges(made);
        read_evaluations(made);
        read_rows(made);
        const bool failed = whole_.find("fault") != nullptr;
        if (failed == (whole_.find("output") != nullptr)) { fail("", "needs either \"output\" or \"fault\""); }
        if (failed) { made.fault = need(whole_, "", "fault", Json::Kind::string).text(); }
        else { made.output = need(whole_, "", "output", Json::Kind::object); }
        return made;
    }

private:
    using Keys = std::initializer_list<std::string_view>;

    [[noreturn]] void fail(const std::string& where, const std::string& what) const {
        throw std::runtime_error(file_ + ": " + (where.empty() ? "the cassette" : where) + " " + what);
    }
    void known(const Json& object, const std::string& where, Keys keys) const {
        for (const auto& member : object.members()) {
            if (std::find(keys.begin(), keys.end(), member.first) == keys.end()) {
                fail(where + "/" + member.first, "is no member that a cassette has there");
            }
        }
    }
    static std::string_view name(Json::Kind kind) {
        switch (kind) {
            case Json::Kind::object: return "an object";
            case Json::Kind::array: return "a list";
            case Json::Kind::number: return "a number";
            case Json::Kind::boolean: return "true or false";
            case Json::Kind::string: return "a string";
            case Json::Kind::null: break;
        }
        return "null";
    }
    /// The member when it is there; of that kind then.
    const Json* maybe(const Json& object, const std::string& where, std::string_view key, Json::Kind kind) const {
        const auto* member = object.find(key);
        if (member != nullptr && member->kind() != kind) {
            fail(where + "/" + std::string(key), "must be " + std::string(name(kind)));
        }
        return member;
    }
    const Json& need(const Json& object, const std::string& where, std::string_view key, Json::Kind kind) const {
        const auto* member = maybe(object, where, key, kind);
        if (member == nullptr) { fail(where + "/" + std::string(key), "is missing"); }
        return *member;
    }
    std::optional<std::int64_t> integer(const Json& object, const std::string& where, std::string_view key) const {
        const auto* member = object.find(key);
        if (member == nullptr) { return {}; }
        if (const auto value = member->integer()) { return value; }
        fail(where + "/" + std::string(key), "must be an integer");
    }
    void one_of(const Json& object, const std::string& where, std::string_view key, Keys words) const {
        const auto* member = maybe(object, where, key, Json::Kind::string);
        if (member == nullptr || std::find(words.begin(), words.end(), member->text()) != words.end()) { return; }
        fail(where + "/" + std::string(key),
             "must be one of " + listed(std::vector<std::string>(words.begin(), words.end()), ""));
    }
    void check_headers(const Json& message, const std::string& where) const {
        const auto* headers = maybe(message, where, "headers", Json::Kind::object);
        if (headers == nullptr) { return; }
        for (const auto& header : headers->members()) { need(*headers, where + "/headers", header.first, Json::Kind::string); }
    }
    void check_body(const Json& message, const std::string& where) const {
        maybe(message, where, "body", Json::Kind::string);
        const auto* encoded = maybe(message, where, "body_base64", Json::Kind::string);
        if (encoded != nullptr && !from_base64(encoded->text())) { fail(where + "/body_base64", "is no base64"); }
        const auto is_there = [&](std::string_view key) { return message.find(key) != nullptr ? 1 : 0; };
        if (is_there("json") + is_there("body") + is_there("body_base64") > 1) {
            fail(where, "has more than one of \"json\", \"body\" and \"body_base64\"");
        }
    }

    void check_http(const Json& request, const std::string& where) const {
        known(request, where, {"method", "url", "headers", "json", "body", "body_base64"});
        need(request, where, "method", Json::Kind::string);
        need(request, where, "url", Json::Kind::string);
        check_headers(request, where);
        check_body(request, where);
    }
    void check_smtp(const Json& mail, const std::string& where) const {
        known(mail, where, {"host", "port", "tls", "from", "to", "message"});
        for (const auto* const key : {"host", "tls", "from", "message"}) { need(mail, where, key, Json::Kind::string); }
        one_of(mail, where, "tls", {"none", "starttls", "implicit"});
        const auto* port = mail.find("port");
        if (port == nullptr) { fail(where + "/port", "is missing"); }
        // A placeholder is a string.
        if (!port->is_string() && !port->integer()) { fail(where + "/port", "must be an integer or a placeholder"); }
        for (const auto& address : need(mail, where, "to", Json::Kind::array).items()) {
            if (!address.is_string()) { fail(where + "/to", "must be a list of strings"); }
        }
    }
    void check_response(const Json& response, const std::string& where) const {
        known(response, where, {"transport", "status", "headers", "json", "body", "body_base64", "reason", "retry_after_ms"});
        one_of(response, where, "transport", {"answered", "not_sent", "cut"});
        const bool answered = response.text("transport").value_or("answered") == "answered";
        const auto status = integer(response, where, "status");
        if (answered && !status) { fail(where + "/status", "is missing"); }
        if (!answered && status.value_or(0) != 0) { fail(where + "/status", "cannot be there without an answer"); }
        maybe(response, where, "reason", Json::Kind::string);
        (void)integer(response, where, "retry_after_ms");
        check_headers(response, where);
        check_body(response, where);
    }

    void read_exchanges(Cassette& made) const {
        const auto* list = maybe(whole_, "", "exchanges", Json::Kind::array);
        if (list == nullptr) { return; }
        for (std::size_t i = 0; i < list->items().size(); ++i) {
            const auto where = "/exchanges/" + std::to_string(i);
            const auto& item = list->items()[i];
            if (!item.is_object()) { fail(where, "must be an object"); }
            known(item, where, {"request", "smtp", "response"});
            Cassette::Exchange exchange;
            exchange.smtp = item.find("smtp") != nullptr;
            if (exchange.smtp == (item.find("request") != nullptr)) { fail(where, "needs either \"request\" or \"smtp\""); }
            const std::string key = exchange.smtp ? "smtp" : "request";
            exchange.request = need(item, where, key, Json::Kind::object);
            exchange.response = need(item, where, "response", Json::Kind::object);
            if (exchange.smtp) { check_smtp(exchange.request, where + "/smtp"); }
            else { check_http(exchange.request, where + "/request"); }
            check_response(exchange.response, where + "/response");
            made.exchanges.push_back(std::move(exchange));
        }
    }

    void read_evaluations(Cassette& made) const {
        const auto* list = maybe(whole_, "", "evaluations", Json::Kind::array);
        if (list == nullptr) { return; }
        for (std::size_t i = 0; i < list->items().size(); ++i) {
            const auto where = "/evaluations/" + std::to_string(i);
            const auto& item = list->items()[i];
            if (!item.is_object()) { fail(where, "must be an object"); }
            known(item, where, {"expression", "value", "error"});
            need(item, where, "expression", Json::Kind::string);
            if ((maybe(item, where, "error", Json::Kind::string) == nullptr) == (item.find("value") == nullptr)) {
                fail(where, "needs either \"value\" or \"error\"");
            }
            made.evaluations.push_back(item);
        }
    }

    void read_rows(Cassette& made) const {
        const auto* list = maybe(whole_, "", "rows", Json::Kind::array);
        if (list == nullptr) { return; }
        for (std::size_t i = 0; i < list->items().size(); ++i) {
            const auto where = "/rows/" + std::to_string(i);
            const auto& row = list->items()[i];
            if (!row.is_object()) { fail(where, "must be an object"); }
            known(row, where,
                  {"sku", "name", "quantity", "lower_bound", "price", "currency", "grade", "lock_status", "warehouse"});
            need(row, where, "sku", Json::Kind::string);
            for (const auto* const key : {"name", "price", "currency", "grade", "lock_status", "warehouse"}) {
                maybe(row, where, key, Json::Kind::string);
            }
            if (!integer(row, where, "quantity")) { fail(where + "/quantity", "is missing"); }
            maybe(row, where, "lower_bound", Json::Kind::boolean);
            made.rows.push_back(row);
        }
    }

    const Json& whole_;
    const std::string& file_;
};

}  // namespace detail

inline Cassette Cassette::load(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) {
        throw std::runtime_error(path.string() + ": the cassette cannot be opened");
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse(text, path.string());
}

inline Cassette Cassette::parse(std::string_view text, std::string file) {
    Json whole;
    try {
        whole = Json::parse(text);
    } catch (const JsonError& error) { throw std::runtime_error(file + ": " + error.what()); }
    return detail::CassetteReader(whole, file).read();
}

}  // namespace crossdock::sdk::testing
