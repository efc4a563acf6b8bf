#pragma once

#include <crossdock/testing/cassette.hpp>
#include <crossdock/testing/compare.hpp>
#include <crossdock/testing/fake_host.hpp>
#include <crossdock/testing/plugin.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Plays cassettes: the plugin is called with the recorded input, its requests are answered as recorded, and what it sends,
/// emits and answers is compared with the record.
namespace crossdock::sdk::testing {

namespace detail {

/// The settings of a cassette as a plugin can take them, and the texts that placeholders stand for.
class Placeholders {
public:
    /// A setting whose value is its own placeholder gets a made-up one: "test-api_key".
    Placeholders(const Json& settings, const Json& schema) {
        for (const auto& [name, value] : settings.members()) {
            const bool made_up = value.is_string() && value.text() == "{{" + name + "}}";
            given_.set(name, made_up ? Json(made_up_value(name, schema)) : value);
        }
        const Json first = given_;
        for (const auto& [name, value] : first.members()) { values_.emplace_back(name, as_text(value)); }
        // A setting may speak of another one: "{{base_url}}/callback".
        given_ = in(first);
        values_.clear();
        for (const auto& [name, value] : given_.members()) { values_.emplace_back(name, as_text(value)); }
        // Defaults can be spoken of as well.
        for (const auto& row : schema.items()) {
            const auto name = row.text("name").value_or("");
            if (const auto* otherwise = row.find("default"); otherwise != nullptr && given_.find(name) == nullptr) {
                values_.emplace_back(name, as_text(*otherwise));
            }
        }
    }

    [[nodiscard]] const Json& settings() const { return given_; }

    /// Puts values in; placeholders of no setting stay as they are.
    [[nodiscard]] std::string in(std::string_view text) const {
        std::string out;
        while (true) {
            const auto begin = text.find("{{");
            const auto end = begin == std::string_view::npos ? begin : text.find("}}", begin);
            if (end == std::string_view::npos) { return out + std::string(text); }
            const auto name = text.substr(begin + 2, end - begin - 2);
            const auto value = std::find_if(values_.begin(), values_.end(), [&](const auto& one) { return one.first == name; });
            // "{{" alone is passed over, so that "{{{{api_key}}" is found too.
            const auto taken = value == values_.end() ? begin + 1 : end + 2;
            out += text.substr(0, begin);
            out += value == values_.end() ? "{" : value->second;
            text.remove_prefix(taken);
        }
    }
    /// The same in every string of a value.
    [[nodiscard]] Json in(const Json& value) const {
        if (value.is_string()) { return Json(in(std::string_view(value.text()))); }
        if (value.is_array()) {
            Json made = Json::array();
            for (const auto& item : value.items()) { made.push(in(item)); }
            return made;
        }
        if (!value.is_object()) { return value; }
        Json made = Json::object();
        for (const auto& [key, member] : value.members()) { made.set(in(std::string_view(key)), in(member)); }
        return made;
    }

private:
    static std::string as_text(const Json& value) { return value.is_string() ? value.text() : value.dump(); }
    static std::string made_up_value(const std::string& name, const Json& schema) {
        const auto* row = setting_row(schema, name);
        if (row != nullptr && row->text("type") == "url") { return "https://test-" + name + ".example"; }
        return "test-" + name;
    }

    Json given_ = Json::object();
    std::vector<std::pair<std::string, std::string>> values_;
};

[[nodiscard]] inline Reply reply_of(const Json& response) {
    Reply reply;
    const auto transport = response.text("transport").value_or("answered");
    reply.transport = transport == "answered" ? Transport::answered : transport == "cut" ? Transport::cut : Transport::not_sent;
    if (const auto* status = response.find("status")) { reply.status = static_cast<int>(status->integer().value_or(0)); }
    if (const auto* headers = response.find("headers")) {
        for (const auto& [name, value] : headers->members()) { reply.headers.emplace_back(name, value.text()); }
    }
    reply.body = body_of(response);
    reply.reason = response.text("reason").value_or("");
    if (const auto* delay = response.find("retry_after_ms")) { reply.retry_after_ms = delay->integer(); }
    return reply;
}

[[nodiscard]] inline std::string_view name(SmtpSubmission::Tls tls) {
    return tls == SmtpSubmission::Tls::none ? "none" : tls == SmtpSubmission::Tls::implicit ? "implicit" : "starttls";
}

[[nodiscard]] inline std::string summary(const Request& request) {
    if (const auto* http = std::get_if<HttpRequest>(&request)) { return http->method + " " + http->url; }
    return "a mail through " + std::get<MailRequest>(request).mail.host;
}

[[nodiscard]] inline std::string summary(const Cassette::Exchange& exchange) {
    if (exchange.smtp) { return "a mail through " + exchange.request.need_text("host"); }
    return exchange.request.need_text("method") + " " + exchange.request.need_text("url");
}

/// Compares texts, and names the line of long ones.
inline void compare_texts(std::string_view expected, std::string_view found, const std::string& where,
                          std::vector<std::string>& lines) {
    if (expected == found) { return; }
    std::size_t number = 1;
    const auto line_of = [](std::string_view text) { return text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1); };
    const bool many = expected.find('\n') != std::string_view::npos || found.find('\n') != std::string_view::npos;
    while (many && !expected.empty() && !found.empty() && line_of(expected) == line_of(found)) {
        const auto size = line_of(expected).size();
        expected.remove_prefix(size);
        found.remove_prefix(size);
        ++number;
    }
    const auto shown_line = [&](std::string_view text) {
        return text.empty() ? "nothing" : shown(Json(many ? line_of(text) : text));
    };
    lines.push_back(where + (many ? " line " + std::to_string(number) : "") + ": " + shown_line(found) + " instead of " +
                    shown_line(expected));
}

inline void compare_headers(const Json& expected, const HttpRequest& found, const std::string& where,
                            std::vector<std::string>& lines) {
    for (const auto& [name, wanted] : expected.members()) {
        const auto& header = name;
        const auto& value = wanted.text();
        const auto fits = [&](const Header& one) {
            return same_header(one.first, header) && (value == "[redacted]" || one.second == value);
        };
        if (std::any_of(found.headers.begin(), found.headers.end(), fits)) { continue; }
        const auto given = found.header(header);
        lines.push_back(where + " header " + header + ": " + (given ? shown(Json(*given)) : "missing") + ", should be " +
                        shown(Json(value)));
    }
}

inline void compare_http(const Json& expected, const HttpRequest& found, const std::string& where,
                         std::vector<std::string>& lines) {
    compare_texts(expected.need_text("method"), found.method, where + " method", lines);
    compare_texts(expected.need_text("url"), found.url, where + " url", lines);
    if (const auto* headers = expected.find("headers")) { compare_headers(*headers, found, where, lines); }
    const auto* json = expected.find("json");
    if (json == nullptr) {
        compare_texts(body_of(expected), found.body, where + " body", lines);
        return;
    }
    try {
        const auto differing = differences(*json, found.json(), where + " body");
        lines.insert(lines.end(), differing.begin(), differing.end());
    } catch (const JsonError& error) { lines.push_back(where + " body: " + error.what() + ", should be " + shown(*json)); }
}

inline void compare_smtp(const Json& expected, const SmtpSubmission& found, const std::string& where,
                         std::vector<std::string>& lines) {
    compare_texts(expected.need_text("host"), found.host, where + " host", lines);
    const auto* port = expected.find("port");
    compare_texts(port->text(), std::to_string(found.port), where + " port", lines);
    compare_texts(expected.need_text("tls"), name(found.tls), where + " tls", lines);
    compare_texts(expected.need_text("from"), found.from, where + " from", lines);
    Json to = Json::array();
    for (const auto& address : found.to) { to.push(address); }
    const auto differing = differences(*expected.find("to"), to, where + " to");
    lines.insert(lines.end(), differing.begin(), differing.end());
    compare_texts(expected.need_text("message"), found.message, where + " message", lines);
}

inline void compare_traffic(const std::vector<Cassette::Exchange>& expected, const std::vector<Request>& found,
                            std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
        const auto where = "request " + std::to_string(i + 1);
        if (i >= expected.size()) {
            lines.push_back(where + ": " + summary(found[i]) + " is not in the cassette");
            continue;
        }
        if (i >= found.size()) {
            lines.push_back(where + ": " + summary(expected[i]) + " was never made");
            continue;
        }
        const auto* http = std::get_if<HttpRequest>(&found[i]);
        if ((http == nullptr) != expected[i].smtp) {
            lines.push_back(where + ": " + summary(found[i]) + " instead of " + summary(expected[i]));
        }
        else if (http != nullptr) { compare_http(expected[i].request, *http, where, lines); }
        else { compare_smtp(expected[i].request, std::get<MailRequest>(found[i]).mail, where, lines); }
    }
}

[[nodiscard]] inline Json row_document(const InventoryRow& row) {
    Json made = Json::object();
    made.set("sku", row.sku).set("name", row.name).set("quantity", row.quantity).set("lower_bound", row.lower_bound);
    made.set("price", row.price).set("currency", row.currency).set("grade", row.grade);
    return made.set("lock_status", row.lock_status).set("warehouse", row.warehouse);
}

inline void compare_rows(const std::vector<Json>& expected, const std::vector<InventoryRow>& found,
                         std::vector<std::string>& lines) {
    if (expected.size() != found.size()) {
        lines.push_back("rows: " + std::to_string(found.size()) + " instead of " + std::to_string(expected.size()));
    }
    for (std::size_t i = 0; i < std::min(expected.size(), found.size()); ++i) {
        Json whole = row_document({});
        for (const auto& [key, value] : expected[i].members()) { whole.set(key, value); }
        const auto differing = differences(whole, row_document(found[i]), "row " + std::to_string(i + 1));
        lines.insert(lines.end(), differing.begin(), differing.end());
    }
}

/// A text with its durations left out, " in 12 ms": adapters quote exchanges, and no two take equally long.
[[nodiscard]] inline std::string without_durations(std::string text) {
    constexpr std::string_view before = " in ";
    for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
        at += before.size();
        const auto end = std::min(text.find_first_not_of("0123456789", at), text.size());
        if (end > at && std::string_view(text).substr(end).starts_with(" ms")) { text.replace(at, end - at, "some"); }
    }
    return text;
}

/// A text that the host shows, as two runs of the same give it.
[[nodiscard]] inline std::string comparable(const std::string& text, const FakeHost& host) {
    return without_durations(host.redacted(text));
}

/// What of an output is compared: all but "exchange".
[[nodiscard]] inline Json comparable(const Json& output, const FakeHost& host) {
    if (!output.is_object()) { return output; }
    Json made = Json::object();
    for (const auto& [key, value] : output.members()) {
        if (key == "exchange") { continue; }
        made.set(key, key == "reason" && value.is_string() ? Json(comparable(value.text(), host)) : value);
    }
    return made;
}

inline void compare_answers(const std::optional<Json>& output, const std::string& fault, const Answer& found,
                            const FakeHost& host, std::vector<std::string>& lines) {
    if (output && found.ok()) {
        const auto differing = differences(comparable(*output, host), comparable(found.document, host), "output");
        lines.insert(lines.end(), differing.begin(), differing.end());
    }
    else if (output) { lines.push_back("output: it failed (" + found.fault + ") instead of answering " + shown(*output)); }
    else if (found.ok()) {
        lines.push_back("output: it answered " + shown(found.document) + " instead of failing (" + fault + ")");
    }
    else { compare_texts(comparable(fault, host), comparable(found.fault, host), "fault", lines); }
}

}  // namespace detail

/// Plays one cassette. The differences, a readable line each; empty: it was played back exactly.
///
/// Strict, and in order: method, URL and body of each request, and the headers that the cassette names; rows; the answer. A
/// plugin that does not take the cassette's settings, or lacks its interface, is a difference too.
[[nodiscard]] inline std::vector<std::string> play(const Plugin& plugin, const Cassette& cassette) {
    std::vector<std::string> lines;
    try {
        const detail::Placeholders put(cassette.settings, plugin.schema(cassette.interface));
        FakeHost host;
        auto instance = plugin.start(put.settings(), host, cassette.interface);
        auto exchanges = cassette.exchanges;
        for (auto& exchange : exchanges) {
            exchange.request = put.in(exchange.request);
            host.answer(detail::reply_of(put.in(exchange.response)));
        }
        for (const auto& one : cassette.evaluations) {
            // An expression is no text that placeholders stand in.
            if (const auto* value = one.find("value")) { host.evaluates_next(one.need_text("expression"), put.in(*value)); }
            else { host.fails_to_evaluate_next(one.need_text("expression"), one.need_text("error")); }
        }
        std::vector<Json> rows;
        for (const auto& row : cassette.rows) { rows.push_back(put.in(row)); }
        const auto answer = instance.call(cassette.operation, put.in(cassette.input), host);
        detail::compare_traffic(exchanges, host.sent(), lines);
        detail::compare_rows(rows, host.rows(), lines);
        const auto output = cassette.output ? std::optional<Json>(put.in(*cassette.output)) : std::nullopt;
        detail::compare_answers(output, put.in(std::string_view(cassette.fault)), answer, host, lines);
    } catch (const std::runtime_error& error) { lines.emplace_back(error.what()); }
    return lines;
}

/// Plays every *.json of a folder, in the order of their names; a bad cassette is a difference. Lines begin with the file's name.
/// Errors: std::runtime_error when there is none, since a test that plays nothing tests nothing.
[[nodiscard]] inline std::vector<std::string> play_all(const Plugin& plugin, const std::filesystem::path& folder) {
    if (!std::filesystem::is_directory(folder)) { throw std::runtime_error(folder.string() + ": there is no such folder"); }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") { files.push_back(entry.path()); }
    }
    if (files.empty()) { throw std::runtime_error(folder.string() + ": there is no cassette, no *.json"); }
    std::sort(files.begin(), files.end());
    std::vector<std::string> lines;
    for (const auto& file : files) {
        const auto name = file.filename().string();
        try {
            for (const auto& line : play(plugin, Cassette::load(file))) { lines.push_back(name + ": " + line); }
        } catch (const std::runtime_error& error) { lines.emplace_back(error.what()); }
    }
    return lines;
}

}  // namespace crossdock::sdk::testing
