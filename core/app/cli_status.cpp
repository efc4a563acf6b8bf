// status: how much is open, and what waits for a person.
#include "app/command.hpp"
#include "app/registry.hpp"
#include "orders/account_load.hpp"

#include <CLI/CLI.hpp>

namespace crossdock::app {
namespace {

Json read_status(store::Tx& tx) {
    Json accounts = Json::array();
    for (const auto& [name, id] : tx.all<std::string, std::string>("SELECT name, id FROM suppliers ORDER BY name")) {
        auto load = orders::account_load(tx, name, id);
        accounts.push(std::move(load.set("disabled", orders::disabled_json(tx, name))));
    }
    return Json::object({{"orders", tx.number("SELECT COUNT(*) FROM orders")},
                         {"needs_attention", tx.number("SELECT COUNT(*) FROM orders WHERE attention IS NOT NULL")},
                         {"accounts", std::move(accounts)}});
}

std::string status_text(const Json& status) {
    std::string text = std::to_string(status.integer("orders")) + " orders, " +
                       std::to_string(status.integer("needs_attention")) + " of them need attention\n";
    for (const auto& account : status.find("accounts")->items()) {
        text += account.text("name") + ": " + std::to_string(account.integer("open")) + " open, " +
                std::to_string(account.integer("silent")) + " of them silent; " +
                std::to_string(account.integer("misses_healed")) + " missed webhooks healed by asking";
        if (const auto next = account.maybe_text("next_poll_at")) { text += "; next asked at " + *next; }
        if (const auto* disabled = account.find("disabled"); disabled != nullptr && disabled->is_object()) {
            text += "; DISABLED since " + disabled->text("since") +
                    (disabled->text("reason").empty() ? "" : ": " + disabled->text("reason"));
        }
        text += "\n";
    }
    return text;
}

}  // namespace

void add_status_command(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("status", "How much is open at each account, and what needs attention");
    command->callback([&line] {
        const auto config = line.load();
        if (!config) {
            line.exit_code = fail(line, config.error(), exit_bad_config);
            return;
        }
        const auto status = read_store(*config, [](store::Tx& tx) -> Result<Json> { return read_status(tx); });
        line.exit_code = status ? show(line, *status, status_text(*status)) : fail(line, status.error(), exit_unavailable);
    });
}

}  // namespace crossdock::app
