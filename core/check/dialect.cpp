#include "check/dialect.hpp"

#include <crossdock/testing/cassette.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace crossdock::check {
namespace {

namespace fs = std::filesystem;
using sdk::testing::Cassette;

/// A cassette's documents are bounded by its file; what an integrator wrote is no attack.
constexpr JsonLimits document_limits{64U << 20U, 90};

Result<Json> ours(const sdk::Json& value) {
    return Json::parse(value.dump(), document_limits);
}

bool went_well(const std::string& operation, const Json& output) {
    const auto has = [&](std::string_view list) {
        const auto* found = output.find(list);
        return found != nullptr && found->is_array() && !found->items().empty();
    };
    const auto status = output.integer("status");
    if (operation == "create_order") { return !output.text("supplier_order_id").empty(); }
    if (operation == "find_order") { return has("matches"); }
    if (operation == "cancel_order" || operation == "deliver") {
        return output.text("transport") == "answered" && status >= 200 && status < 300;
    }
    if (operation == "sync_inventory") { return output.boolean("complete"); }
    return has("evidence");
}

/// find_order answered, and the supplier has no such order.
bool says_not_found(const std::string& operation, const Json& output) {
    const auto* matches = output.find("matches");
    return operation == "find_order" && matches != nullptr && matches->is_array() && matches->items().empty();
}

std::string supplier_order_id_of(const Json& input, const Json& output) {
    for (const auto* document : {&output, &input}) {
        if (auto id = document->text("supplier_order_id"); !id.empty()) { return id; }
    }
    for (const char* const list : {"matches", "evidence"}) {
        const auto* found = output.find(list);
        if (found != nullptr && found->is_array() && !found->items().empty()) {
            return found->items().front().text("supplier_order_id");
        }
    }
    return {};
}

std::string reference_of(const Json& input, const Json& output) {
    if (auto reference = input.text("reference"); !reference.empty()) { return reference; }
    const auto* evidence = output.find("evidence");
    if (evidence == nullptr || !evidence->is_array() || evidence->items().empty()) { return {}; }
    return evidence->items().front().text("reference");
}

Result<Example> example_of(const Cassette& cassette) {
    Example made{.file = cassette.file, .operation = cassette.operation, .input = {}, .output = {}};
    auto input = ours(cassette.input);
    auto output = ours(*cassette.output);
    if (!input || !output) { return Fault{(input ? output : input).error().text(), cassette.file}; }
    made.input = std::move(*input);
    made.output = std::move(*output);
    for (const auto& row : cassette.rows) {
        auto read = ours(row);
        if (!read) { return Fault{read.error().text(), cassette.file}; }
        made.rows.push(std::move(*read));
    }
    for (const auto& exchange : cassette.exchanges) {
        if (exchange.smtp) {
            made.smtp_tls = exchange.request.text("tls").value_or("none");
            continue;
        }
        RecordedExchange one{.method = exchange.request.need_text("method"), .url = exchange.request.need_text("url")};
        if (const auto* status = exchange.response.find("status")) {
            one.status = static_cast<int>(status->integer().value_or(200));
            // Where the exchange broke off a cassette has no status, or 0.
            const bool broke_off = one.status == 0 && exchange.response.find("transport") != nullptr;
            if (!broke_off && (one.status < 200 || one.status > 599)) {
                return Fault{"the status " + status->dump() + " of exchange " + std::to_string(made.exchanges.size() + 1) +
                                 " is none of an HTTP answer (200 to 599)",
                             cassette.file};
            }
        }
        if (const auto* headers = exchange.response.find("headers")) {
            for (const auto& [name, value] : headers->members()) { one.headers.emplace_back(name, value.text()); }
        }
        one.body = sdk::testing::detail::body_of(exchange.response);
        auto request = ours(exchange.request);
        if (!request) { return Fault{request.error().text(), cassette.file}; }
        one.request = std::move(*request);
        made.exchanges.push_back(std::move(one));
    }
    made.reference = reference_of(made.input, made.output);
    made.effect_key = made.input.text("effect_key", made.input.text("message_id"));
    made.supplier_order_id = supplier_order_id_of(made.input, made.output);
    return made;
}

Result<> take(Dialect& dialect, const Cassette& cassette) {
    if (!cassette.output) { return {}; }
    auto example = example_of(cassette);
    if (!example) { return example.error(); }
    auto settings = ours(cassette.settings);
    if (!settings) { return Fault{settings.error().text(), cassette.file}; }
    if (dialect.settings.members().empty()) { dialect.settings = *settings; }
    if (says_not_found(example->operation, example->output) && !dialect.not_found) { dialect.not_found = *example; }
    if (!went_well(example->operation, example->output) || dialect.example(example->operation) != nullptr) { return {}; }
    for (const auto* id : {&example->reference, &example->effect_key, &example->supplier_order_id}) {
        const bool digits = std::all_of(id->begin(), id->end(), [](char c) { return c >= '0' && c <= '9'; });
        const bool escaped = Json(*id).dump().size() != id->size() + 2;
        if (id->empty() || (id->size() >= (digits ? 5U : 3U) && !escaped)) { continue; }
        return Fault{"the id " + Json(*id).dump() +
                         " is too short, or has characters that JSON escapes, to be told from other texts: record another order",
                     cassette.file};
    }
    if (dialect.examples.empty()) { dialect.settings = std::move(*settings); }
    dialect.examples.push_back(std::move(*example));
    return {};
}

}  // namespace

Result<Dialect> Dialect::learn(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() == ".json") { files.push_back(at->path()); }
    }
    std::sort(files.begin(), files.end());
    Dialect dialect;
    for (const auto& file : files) {
        try {
            if (auto taken = take(dialect, Cassette::load(file)); !taken) { return taken.error(); }
        } catch (const std::exception& wrong) { return Fault{wrong.what()}; }
    }
    return dialect;
}

void Dialect::set_apart(const std::vector<std::string>& preparation_urls) {
    const auto prepares = [&](const RecordedExchange& exchange) {
        return exchange.method == "POST" &&
               std::find(preparation_urls.begin(), preparation_urls.end(), exchange.url) != preparation_urls.end();
    };
    const auto strip = [&](Example& example) {
        const auto first = std::find_if(example.exchanges.begin(), example.exchanges.end(), prepares);
        if (first == example.exchanges.end()) { return; }
        if (preparations.empty()) { preparations.push_back(*first); }
        std::erase_if(example.exchanges, prepares);
    };
    for (auto& one : examples) { strip(one); }
    if (not_found) { strip(*not_found); }
}

const Example* Dialect::example(std::string_view operation) const {
    const auto found =
        std::find_if(examples.begin(), examples.end(), [&](const Example& one) { return one.operation == operation; });
    return found == examples.end() ? nullptr : &*found;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    if (from.empty()) { return text; }
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::string filled_in(std::string text, const Values& values) {
    for (const auto& [placeholder, value] : values) { text = replaced(std::move(text), placeholder, value); }
    return text;
}

std::string target_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) { return std::string(url); }
    const auto path = url.find('/', scheme + 3);
    return path == std::string_view::npos ? "/" : std::string(url.substr(path));
}

}  // namespace crossdock::check
