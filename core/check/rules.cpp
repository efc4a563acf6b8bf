#include "check/rules.hpp"

#include "check/cases.hpp"

#include <crossdock/testing/compare.hpp>

#include <algorithm>

namespace crossdock::check {
namespace {

using plugin::CallStatus;

std::string shown(const Json& value) {
    auto text = value.dump();
    return shortened(std::move(text));
}

/// Of what the host recorded: the last response of the call, null when nothing was sent.
const Json* last_response(const Seen& seen) {
    const auto& exchanges = seen.answer.exchanges;
    return exchanges.is_array() && !exchanges.items().empty() ? exchanges.items().back().find("response") : nullptr;
}

void dishonest(const Seen& seen, std::vector<std::string>& lines) {
    const auto* response = last_response(seen);
    const auto& output = seen.answer.output;
    const std::string transport = response == nullptr ? "not_sent" : response->text("transport", "answered");
    if (output.text("transport") != transport) {
        lines.push_back(seen.operation + " says transport " + shown(Json(output.text("transport"))) +
                        ", and on the wire it was " + shown(Json(transport)) + ": report what came back");
        return;
    }
    const auto status = response == nullptr ? 0 : response->integer("status");
    const auto said = output.integer("status");
    if (seen.operation == "deliver" && response != nullptr && seen.answer.exchanges.items().back().find("smtp") == nullptr) {
        // A channel says in SMTP's codes what came of a message: 250, 451, 550.
        const bool taken = status >= 200 && status < 300;
        if (taken != (said >= 200 && said < 300) && transport == "answered") {
            lines.push_back("deliver says status " + std::to_string(said) + ", and the peer answered " + std::to_string(status));
        }
        return;
    }
    if (said != status) {
        lines.push_back(seen.operation + " says status " + std::to_string(said) + ", and the peer answered " +
                        std::to_string(status));
    }
    const bool may_be_told = seen.operation == "create_order" || seen.operation == "cancel_order";
    const auto delay = response == nullptr ? 0 : response->integer("retry_after_ms");
    if (may_be_told && delay > 0 && output.integer("retry_after_ms") != delay) {
        lines.push_back(seen.operation + " drops the peer's Retry-After of " + std::to_string(delay / 1000) +
                        " s: hand it on as retry_after_ms");
    }
}

void bad_fault(const Seen& seen, std::vector<std::string>& lines) {
    const auto& text = seen.answer.text;
    if (text.empty() || text == "the plugin failed without a text") {
        lines.push_back(seen.operation + " failed without a text: say what was wrong, and name the field");
    }
    const auto* response = last_response(seen);
    if (is_effect(seen.operation) && response != nullptr) {
        lines.push_back(seen.operation + " failed (" + text +
                        ") though a request had left: report what came back, so that the account's file can say what it means");
    }
    const auto delay = response == nullptr ? 0 : response->integer("retry_after_ms");
    const bool may_be_told = seen.operation == "sync_inventory" || seen.operation == "get_order_status";
    if (may_be_told && delay > 0 && !seen.answer.retry_after) {
        lines.push_back(seen.operation + " drops the peer's Retry-After of " + std::to_string(delay / 1000) +
                        " s: hand it on (RetryLater, or xd_reply.retry_after)");
    }
}

void text_member(const Json& object, const char* key, bool required, const std::string& what, std::vector<std::string>& lines) {
    const auto* member = object.find(key);
    if (member == nullptr) {
        if (required) { lines.push_back(what + " lacks \"" + key + "\""); }
        return;
    }
    if (!member->is_string()) { lines.push_back(what + ": \"" + key + "\" must be a string, and is " + shown(*member)); }
    else if (required && member->as_string().empty()) { lines.push_back(what + ": \"" + key + "\" is empty"); }
}

void misshapen_transport(const std::string& operation, const Json& output, std::vector<std::string>& lines) {
    const auto transport = output.text("transport");
    if (transport != "answered" && transport != "not_sent" && transport != "cut") {
        lines.push_back(operation + ": \"transport\" must be answered, not_sent or cut");
    }
    const auto* status = output.find("status");
    if (status == nullptr || !status->integer()) { lines.push_back(operation + ": \"status\" must be an integer"); }
}

/// Each member of a list.
void misshapen_list(const std::string& operation, const Json& output, const char* key, bool required,
                    const std::function<void(const Json&, const std::string&)>& look) {
    const auto* list = output.find(key);
    if (list == nullptr && !required) { return; }
    if (list == nullptr || !list->is_array()) { return look(Json(), operation + ": \"" + key + "\" must be a list"); }
    for (const auto& item : list->items()) { look(item, operation + ": a member of \"" + key + "\""); }
}

}  // namespace

std::string shortened(std::string text) {
    constexpr std::size_t longest = 200;
    if (text.size() <= longest) { return text; }
    text.resize(longest);
    // Not in the middle of a character.
    while (!is_utf8(text)) { text.pop_back(); }
    return text + "...";
}

std::vector<std::string> misshapen(const std::string& operation, const Json& output) {
    std::vector<std::string> lines;
    if (!output.is_object()) { return {operation + ": the answer is no JSON object"}; }
    if (operation == "sync_inventory") {
        if (!output.boolean("complete")) { lines.push_back(operation + ": \"complete\" must be true; anything less is a fault"); }
        return lines;
    }
    if (operation == "get_order_status" || operation == "handle_webhook") {
        misshapen_list(operation, output, "evidence", true, [&](const Json& item, const std::string& what) {
            if (!item.is_object()) { return lines.push_back(what); }
            text_member(item, "supplier_status", true, what, lines);
            for (const char* const key : {"event", "reference", "supplier_order_id", "tracking_number", "occurred_at"}) {
                text_member(item, key, false, what, lines);
            }
            if (item.text("reference").empty() && item.text("supplier_order_id").empty()) {
                lines.push_back(what + " names no order: \"reference\" and \"supplier_order_id\" are missing");
            }
        });
        return lines;
    }
    misshapen_transport(operation, output, lines);
    if (operation == "find_order") {
        misshapen_list(operation, output, "matches", false, [&](const Json& item, const std::string& what) {
            if (!item.is_object()) { return lines.push_back(what); }
            // Without an id the engine has a person look.
            text_member(item, "supplier_order_id", false, what, lines);
        });
        return lines;
    }
    for (const char* const key : {"supplier_order_id", "supplier_status", "reason"}) {
        text_member(output, key, false, operation, lines);
    }
    return lines;
}

std::vector<std::string> breaches(const Seen& seen) {
    std::vector<std::string> lines;
    if (seen.worker_died) { return {seen.operation + " ended its worker: " + seen.answer.text}; }
    if (is_effect(seen.operation) && seen.arrivals.size() > 1) {
        lines.push_back(seen.operation + " put " + std::to_string(seen.arrivals.size()) +
                        " requests on the wire; an effect has one");
    }
    if (!seen.answered()) {
        bad_fault(seen, lines);
        return lines;
    }
    const auto& output = seen.answer.output;
    auto shape = misshapen(seen.operation, output);
    if (!shape.empty()) {
        lines.insert(lines.end(), shape.begin(), shape.end());
        return lines;
    }
    const bool reports_transport = is_effect(seen.operation) || seen.operation == "find_order";
    if (reports_transport) { dishonest(seen, lines); }
    return lines;
}

std::vector<std::string> gullible(const Seen& seen) {
    if (!seen.answered()) { return {}; }
    const auto& output = seen.answer.output;
    const std::string clause(info(seen.trouble).clause);
    const bool nothing_known = leaves_no_answer(seen.trouble) || spoils_body(seen.trouble);
    // libcurl may ask again when a connection turns out to be dead, where asking changes nothing.
    const bool asked_again = seen.trouble == Trouble::cut_reused && !is_effect(seen.operation);
    if (!nothing_known && seen.trouble != Trouble::other_order && seen.trouble != Trouble::looping_pages &&
        seen.trouble != Trouble::empty_page) {
        return {};
    }
    if (asked_again) { return {}; }
    if (seen.operation == "create_order" && output.maybe_text("supplier_order_id")) {
        return {"create_order reports the id " + shown(Json(output.text("supplier_order_id"))) + " " + clause +
                ": an id that the supplier did not give for this order must not be reported"};
    }
    if (seen.operation == "find_order" && output.find("matches") != nullptr && nothing_known) {
        return {"find_order reports matches " + shown(*output.find("matches")) + " " + clause +
                ": without an answer that was understood there are none, and an empty list would have the order placed again"};
    }
    if (seen.operation == "find_order" && seen.trouble == Trouble::other_order && output.find("matches") != nullptr &&
        !output.find("matches")->items().empty()) {
        return {"find_order reports a match that is another order's: compare the reference"};
    }
    if (seen.operation == "sync_inventory") {
        return {"sync_inventory says that the stock is complete " + clause + ": half a list must be a fault"};
    }
    if (seen.operation == "get_order_status" && nothing_known && !output.find("evidence")->items().empty()) {
        return {"get_order_status reports evidence " + clause};
    }
    return {};
}

namespace {

/// A document's text with its placeholders replaced; `otherwise` when that is no JSON any more.
Json with_values(std::string text, const Values& values, const Json& otherwise) {
    auto made = Json::parse(filled_in(std::move(text), values), {64U << 20U, 90});
    return made ? std::move(*made) : otherwise;
}

/// Compares what was sent, as the host recorded it, with the cassette's request. Headers that the cassette has not are free.
void sent_unlike(const Json& wanted, const Json& found, const std::string& what, std::vector<std::string>& lines) {
    for (const auto& [key, value] : wanted.members()) {
        const auto* sent = found.find(key);
        if (key == "headers") {
            for (const auto& [name, text] : value.members()) {
                const auto* header = sent == nullptr ? nullptr : sent->find(name);
                const bool hidden = text.is_string() && text.as_string() == "[redacted]";
                if (hidden || (header != nullptr && *header == text)) { continue; }
                lines.push_back(what + ": the header " + name + " is " + (header == nullptr ? "missing" : shown(*header)) +
                                ", and should be " + shown(text));
            }
        }
        else if (sent != nullptr && key == "json") {
            const auto theirs = [](const Json& document) { return sdk::Json::parse(document.dump()); };
            append(lines, sdk::testing::differences(theirs(value), theirs(*sent), what + ", body"));
        }
        else if (sent == nullptr || !(*sent == value)) {
            lines.push_back(what + ": \"" + key + "\" is " + (sent == nullptr ? "missing" : shown(*sent)) + ", and should be " +
                            shown(value));
        }
    }
}

}  // namespace

std::vector<std::string> unlike(const Example& example, const Seen& seen, const std::string& supplier_order_id) {
    if (!seen.answered()) {
        std::string asked;
        for (const auto& arrival : seen.arrivals) {
            if (!arrival.matched) { asked = "; no cassette shows its request " + arrival.line; }
        }
        return {seen.operation + " fails while its peer behaves: " + seen.answer.text + asked};
    }
    const auto moved = [&](const Json& document) {
        auto text = replaced(document.dump(), example.reference, seen.order.reference);
        text = replaced(std::move(text), http::encoded(example.reference), http::encoded(seen.order.reference));
        if (!seen.order.effect_key.empty()) { text = replaced(std::move(text), example.effect_key, seen.order.effect_key); }
        if (!supplier_order_id.empty()) { text = replaced(std::move(text), example.supplier_order_id, supplier_order_id); }
        return with_values(text, seen.values, document);
    };
    const auto wanted = moved(example.output);
    std::vector<std::string> lines;
    for (const auto& arrival : seen.arrivals) {
        if (!arrival.matched) {
            lines.push_back(seen.operation + " asks " + arrival.line + ", and no cassette shows such a request");
        }
    }
    for (const auto& [key, value] : wanted.members()) {
        if (key == "exchange") { continue; }
        const auto* found = seen.answer.output.find(key);
        if (found != nullptr && *found == value) { continue; }
        lines.push_back(seen.operation + " (" + example.file + "): \"" + key + "\" is " +
                        (found == nullptr ? "missing" : shown(*found)) + ", and should be " + shown(value));
    }
    const auto& exchanges = seen.answer.exchanges;
    for (std::size_t i = 0; exchanges.is_array() && i < example.exchanges.size() && i < exchanges.items().size(); ++i) {
        const auto* request = exchanges.items()[i].find("request");
        if (request == nullptr) { continue; }
        sent_unlike(moved(example.exchanges[i].request), with_values(request->dump(), seen.values, *request),
                    seen.operation + ", request " + std::to_string(i + 1), lines);
    }
    if (example.operation == "sync_inventory" && seen.rows.items().size() != example.rows.items().size() &&
        !example.rows.items().empty()) {
        lines.push_back("sync_inventory handed over " + std::to_string(seen.rows.items().size()) +
                        " rows, and the cassette has " + std::to_string(example.rows.items().size()));
    }
    return lines;
}

}  // namespace crossdock::check
