// order submit|show|list|cancel, supplier list.
#include "app/command.hpp"
#include "app/registry.hpp"
#include "http/loopback.hpp"
#include "http/tls.hpp"
#include "orders/account_load.hpp"
#include "orders/story.hpp"
#include "store/account_pauses.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace crossdock::app {
namespace {

Result<std::string> read_document(const std::string& file) {
    if (file == "-") { return good(std::string((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>())); }
    std::ifstream in(file, std::ios::binary);
    if (!in) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file}; }
    return good(std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()));
}

int submit(const CommandLine& line, const std::string& file, const std::string& key) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto body = read_document(file);
    if (!body) { return fail(line, body.error(), exit_failed); }
    http::LoopbackCall call;
    call.host = config->listen_host;
    call.port = config->listen_port;
    call.method = "POST";
    call.target = "/v1/orders";
    call.headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + key}};
    call.body = *body;
    if (config->tls) {
        const auto tls = http::load_tls(config->tls->certificate, config->tls->key);
        if (!tls) { return fail(line, tls.error(), exit_bad_config); }
        call.pin = (*tls)->fingerprint;
    }
    const auto answer = http::exchange(call);
    if (!answer) {
        Fault fault = answer.error();
        fault.what += "; does the daemon run? `crossdock serve` starts it";
        return fail(line, fault, exit_unavailable);
    }
    if (answer->status == 202) {
        const auto parsed = Json::parse(answer->body);
        const bool repeated = answer->header("Idempotency-Replayed").has_value();
        return show(line, parsed ? *parsed : Json(),
                    "accepted: " + (parsed ? parsed->text("order_id") : "") + (repeated ? " (was here already)" : "") + "\n");
    }
    const auto problem = Json::parse(answer->body);
    std::string what = "the daemon answered " + std::to_string(answer->status);
    if (problem) { what += ": " + problem->text("title") + ": " + problem->text("detail"); }
    return fail(line, Fault{what, file}, answer->status == 503 ? exit_unavailable : exit_failed);
}

std::string orders_text(const Json& result) {
    std::string text;
    for (const auto& order : result.find("orders")->items()) {
        text += column(order.text("order_id"), 20) + column(order.text("status"), 12) + column(order.text("total"), 14) +
                column(order.text("customer_id"), 18) + order.text("placed_at");
        if (order.maybe_text("needs_attention")) { text += "  NEEDS ATTENTION: " + order.text("needs_attention"); }
        text += "\n";
    }
    return text.empty() ? "no orders\n" : text;
}

/// Null, or why nothing is sent to the account.
Json pause_of(const std::vector<store::AccountPause>& pauses, const std::string& account) {
    const auto at = std::find_if(pauses.begin(), pauses.end(), [&](const auto& one) { return one.account == account; });
    if (at == pauses.end()) { return {}; }
    Json pause = Json::object({{"reason", at->reason}, {"since", rfc3339(at->since_at)}});
    if (at->probe_at) { pause.set("tried_again", rfc3339(*at->probe_at)); }
    return pause;
}

Json suppliers(store::Tx& tx) {
    Json list = Json::array();
    const auto pauses = store::account_pauses(tx);
    for (auto& [name, type, endpoint, active, digest, configured] :
         tx.all<std::string, std::string, std::optional<std::string>, std::int64_t, std::optional<std::string>, std::int64_t>(
             "SELECT name, type, api_endpoint, active, plugin_digest, configured FROM suppliers ORDER BY name")) {
        list.push(Json::object({{"name", name},
                                {"type", type},
                                {"api_endpoint", endpoint},
                                {"active", active != 0},
                                {"configured", configured != 0},
                                {"plugin_digest", digest},
                                {"disabled", orders::disabled_json(tx, name)},
                                {"paused", pause_of(pauses, name)}}));
    }
    return list;
}

/// What the person said who disabled it.
std::string said(const Json& disabled) {
    return disabled.text("reason").empty() ? "a person said so" : disabled.text("reason");
}

std::string suppliers_text(const Json& list) {
    std::string text;
    for (const auto& one : list.items()) {
        const Json* pause = one.find("paused");
        const bool paused = pause != nullptr && pause->is_object();
        const bool active = one.boolean("active");
        const char* state = !active ? "disabled" : paused ? "paused" : one.boolean("configured") ? "active" : "removed";
        text += column(one.text("name"), 16) + column(one.text("type"), 8) + column(state, 8) + one.text("api_endpoint") + "\n";
        if (!active) { text += "  since " + one.find("disabled")->text("since") + ": " + said(*one.find("disabled")) + "\n"; }
        if (paused) { text += "  since " + pause->text("since") + ": " + pause->text("reason") + "\n"; }
    }
    return text;
}

}  // namespace

void add_order_commands(CLI::App& app, CommandLine& line) {
    auto* order = app.add_subcommand("order", "Place and read orders");
    order->require_subcommand(1);

    auto file = std::make_shared<std::string>();
    auto key = std::make_shared<std::string>();
    auto* submit_command = order->add_subcommand("submit", "Place an order through the daemon's API");
    submit_command->add_option("file", *file, "The order document, - for standard input")->required();
    submit_command->add_option("--key", *key, "An API key with orders:write ($CROSSDOCK_API_KEY)")
        ->envname("CROSSDOCK_API_KEY")
        ->required();
    submit_command->callback([&line, file, key] { line.exit_code = submit(line, *file, *key); });

    auto id = std::make_shared<std::string>();
    auto* show_command = order->add_subcommand("show", "Print an order's story: facts, calls, mails, status");
    show_command->add_option("order_id", *id)->required();
    show_command->callback([&line, id] {
        const auto unit = [&](store::Tx& tx) -> Result<Json> {
            auto story = orders::order_story(tx, *id);
            if (!story) { return Fault{"there is no such order", *id}; }
            return std::move(*story);
        };
        line.exit_code = reading(line, unit, orders::story_text);
    });

    struct Cancel {
        std::string id, reason;
    };
    auto canceled = std::make_shared<Cancel>();
    auto* cancel_command =
        order->add_subcommand("cancel", "Cancel an order: at once if it has not left, else by asking the supplier");
    cancel_command->add_option("order_id", canceled->id)->required();
    cancel_command->add_option("--reason", canceled->reason, "Handed to the supplier");
    cancel_command->callback([&line, canceled] {
        line.exit_code =
            changing(line, Json::object({{"command", "order.cancel"}, {"order_id", canceled->id}, {"reason", canceled->reason}}),
                     [](const Json& result) {
                         const bool done = result.text("cancel") == "done";
                         return result.text("order_id") +
                                (done ? " is " + result.text("status")
                                      : " is " + result.text("status") + "; the supplier is asked to cancel it") +
                                "\n";
                     });
    });

    auto* list_command = order->add_subcommand("list", "List orders, newest first");
    list_command->callback([&line] {
        line.exit_code = reading(
            line, [](store::Tx& tx) -> Result<Json> { return orders::list_orders(tx, 1000, {}); }, orders_text);
    });

    auto* supplier = app.add_subcommand("supplier", "Suppliers' accounts");
    supplier->require_subcommand(1);
    auto* supplier_list = supplier->add_subcommand("list", "List the accounts");
    supplier_list->callback([&line] {
        line.exit_code = reading(
            line, [](store::Tx& tx) -> Result<Json> { return suppliers(tx); }, suppliers_text);
    });

    add_supplier_capture_command(*supplier, line);
    add_supplier_enable_commands(*supplier, line);
    add_supplier_show_commands(*supplier, line);
    add_supplier_shadow_command(*supplier, line);
}

}  // namespace crossdock::app
