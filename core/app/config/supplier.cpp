#include "config/parts.hpp"

#include "model/status.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <array>

namespace crossdock::app {
namespace {

using yaml::Fields;
using yaml::Node;

void check_endpoint(Part& part, yaml::Place place, const std::string& url) {
    const bool http = url.starts_with("http://") || url.starts_with("https://");
    const auto host = http ? url.find("//") + 2 : 0;
    const bool blank =
        std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
    if (!http || blank || host >= url.size() || url[host] == '/') {
        part.checks.refuse(place, "`api_endpoint` takes a URL such as https://api.example.com/v1, not " + json_quoted(url));
    }
    else if (url.substr(0, url.find('/', host)).find('@') != std::string::npos) {
        part.checks.refuse(place, "`api_endpoint` holds a user name; credentials belong under `credentials`");
    }
}

OperationConfig read_operation(Part& part, const std::string& name, const Node& node) {
    static constexpr std::array<std::string_view, 3> classes{"idempotent", "lookup", "unsafe"};
    Fields fields(part.checks, node, "`" + name + "`", {"class", "key_valid_for", "visible_within"});
    OperationConfig operation;
    if (const Node* written = fields.require("class")) {
        if (written->text == "repeatable") {
            part.checks.refuse(written->place, "`repeatable` is for notifications only: " + name +
                                                   " would be sent again blindly; take " + yaml::one_of(classes));
        }
        operation.effect_class = yaml::word_of(part.checks, *written, "class", classes).value_or(operation.effect_class);
    }
    operation.key_valid_for = fields.duration("key_valid_for").value_or(operation.key_valid_for);
    operation.visible_within = fields.duration("visible_within").value_or(operation.visible_within);
    if (operation.effect_class == "idempotent" && operation.key_valid_for.count() == 0) {
        part.checks.refuse(node.place, "`" + name + "` is idempotent for how long? add `key_valid_for`");
    }
    if (operation.effect_class == "lookup" && !fields.has("visible_within")) {
        part.checks.refuse(node.place, "`" + name + "` is looked up after how long? add `visible_within`");
    }
    return operation;
}

void read_operations(Part& part, Fields& fields, AccountConfig& account) {
    const Node* map = fields.map("operations");
    if (map == nullptr) { return; }
    account.operations_where = part.checks.where(fields.place("operations"));
    const Fields known(part.checks, *map, "`operations`", {"create_order", "cancel_order"});
    if (!part.checks.ok()) { return; }
    for (const auto& [key, place, value] : map->entries) { account.operations.emplace(key, read_operation(part, key, value)); }
}

void read_outcomes(Part& part, Fields& fields, AccountConfig& account) {
    const Node* map = fields.map("outcomes");
    if (map == nullptr) { return; }
    Fields outcomes(part.checks, *map, "`outcomes`", {"accepted", "refused", "not_processed"});
    account.accepted = outcomes.integers("accepted", {200, 299}).value_or(account.accepted);
    account.refused = outcomes.integers("refused", {400, 599}).value_or(account.refused);
    account.not_processed = outcomes.integers("not_processed", {400, 599}).value_or(account.not_processed);
    for (const int status : account.refused) {
        if (std::find(account.not_processed.begin(), account.not_processed.end(), status) != account.not_processed.end()) {
            part.checks.refuse(map->place,
                               "the status " + std::to_string(status) + " stands under both `refused` and `not_processed`");
        }
    }
}

void read_statuses(Part& part, Fields& fields, AccountConfig& account) {
    const Node* map = fields.map("statuses");
    if (map == nullptr) { return; }
    std::vector<std::string_view> status_words;
    for (const model::StatusRow& row : model::status_table()) { status_words.push_back(row.name); }
    static constexpr std::array<std::string_view, 2> stages{"awaiting", "received"};
    for (const auto& [key, place, value] : map->entries) {
        if (value.kind != Node::Kind::map) {
            account.statuses.emplace(key, yaml::word_of(part.checks, value, key, status_words).value_or(std::string()));
            continue;
        }
        Fields word(part.checks, value, "`" + key + "`", {"status", "payment", "quote"});
        if (const Node* status = word.require("status")) {
            account.statuses.emplace(key, yaml::word_of(part.checks, *status, "status", status_words).value_or(std::string()));
        }
        account.beside.emplace(key, model::Beside{word.word("payment", stages).value_or(std::string()),
                                                  word.word("quote", stages).value_or(std::string())});
    }
}

model::BreakerLimits read_breaker(Part& part, Fields& fields) {
    model::BreakerLimits made;
    const Node* map = fields.map("breaker");
    if (map == nullptr) { return made; }
    const yaml::DurationRange range{std::chrono::seconds{1}, std::chrono::hours{24}};
    Fields breaker(part.checks, *map, "`breaker`", {"failures", "within", "pause", "pause_max"});
    made.failures = static_cast<int>(breaker.integer("failures", {2, 10'000}).value_or(made.failures));
    made.within = breaker.duration("within", range).value_or(made.within);
    made.pause = breaker.duration("pause", range).value_or(made.pause);
    made.pause_max = breaker.duration("pause_max", range).value_or(std::max(made.pause, made.pause_max));
    if (made.pause_max < made.pause) { part.checks.refuse(breaker.place("pause_max"), "`pause_max` is shorter than `pause`"); }
    return made;
}

/// `poll`: how long an order may be silent, and how often it is asked for then. `until` is what the account reports last: without
/// a word for delivered under `statuses`, that is shipped.
std::optional<model::PollPattern> read_poll(Part& part, Fields& account_fields, const AccountConfig& account) {
    static constexpr std::array<std::string_view, 2> ends{"shipped", "delivered"};
    static constexpr yaml::DurationRange range{milliseconds{1'000}};
    const Node* map = account_fields.map("poll");
    if (map == nullptr) { return {}; }
    Fields fields(part.checks, *map, "`poll`", {"silent_for", "every", "every_max", "give_up_after", "until"});
    model::PollPattern pattern;
    pattern.silent_for = fields.duration("silent_for", range).value_or(pattern.silent_for);
    pattern.every = fields.duration("every", range).value_or(pattern.every);
    pattern.every_max = fields.duration("every_max", range).value_or(8 * pattern.every);
    pattern.give_up_after = fields.duration("give_up_after", range).value_or(pattern.give_up_after);
    if (pattern.every_max < pattern.every) {
        part.checks.refuse(fields.place("every_max"), "`every_max` is " + duration_text(pattern.every_max) +
                                                          ", less than `every`, " + duration_text(pattern.every));
    }
    if (pattern.give_up_after <= pattern.silent_for) {
        part.checks.refuse(fields.place("give_up_after"), "`give_up_after` is " + duration_text(pattern.give_up_after) +
                                                              ", no more than `silent_for`, " +
                                                              duration_text(pattern.silent_for) + ": nothing would be asked");
    }
    const bool delivers = std::any_of(account.statuses.begin(), account.statuses.end(),
                                      [](const auto& word) { return word.second == model::name(model::Status::delivered); });
    pattern.until = delivers ? model::Status::delivered : model::Status::shipped;
    if (const auto until = fields.word("until", ends)) { pattern.until = *model::status_named(*until); }
    return pattern;
}

}  // namespace

ReadAccount read_account(Part& part, const Node& root) {
    static constexpr std::array<std::string_view, 3> types{"direct", "phonex", "custom"};
    Fields fields(
        part.checks, root, "a supplier file",
        {"account", "name",      "type",      "plugin",          "api_endpoint", "currency",   "credentials", "settings",
         "webhook", "isolation", "not_after", "request_timeout", "operations",   "outcomes",   "statuses",    "low_stock",
         "limits",  "breaker",   "poll",      "supplier_code",   "reach",        "plain_http", "inventory"});
    AccountConfig account;
    account.name = fields.required_text("account");
    check_name(part, fields.place("account"), "account", account.name);
    account.display_name = fields.text("name").value_or(account.name);
    check_printable(part, fields.place("name"), "name", account.display_name);
    account.type = fields.word("type", types).value_or("custom");
    account.settings = read_settings(part, fields, account.folders);
    // Who is reached by files has no API.
    account.endpoint = account.folders.empty() ? fields.required_text("api_endpoint") : fields.text("api_endpoint").value_or("");
    if (!account.endpoint.empty()) { check_endpoint(part, fields.place("api_endpoint"), account.endpoint); }
    if (auto currency = fields.text("currency")) {
        check_currency(part, fields.place("currency"), *currency);
        account.currency = std::move(*currency);
    }
    account.credentials = read_credentials(part, fields);
    account.settings_where = setting_places(part, fields);
    account.settings_where.emplace("base_url", part.checks.where(fields.place("api_endpoint")));
    account.outbound = read_outbound(part, fields);
    if (const Node* webhook = fields.find("webhook")) { account.webhook = read_webhook(part, *webhook); }
    read_times(fields, account.not_after, account.request_timeout);
    read_operations(part, fields, account);
    read_outcomes(part, fields, account);
    read_statuses(part, fields, account);
    account.poll = read_poll(part, fields, account);
    account.supplier_code = fields.text("supplier_code").value_or(std::string());
    account.stock = read_stock(part, fields);
    account.pace.limits = read_pace_limits(part, fields);
    account.pace.breaker = read_breaker(part, fields);
    read_plugin(part, fields, account.plugin, account.plugin_where);
    account.in_process = read_in_process(part, fields);
    return {std::move(account), fields.place("account")};
}

}  // namespace crossdock::app
