// status: how much is open, and what waits for a person.
#include "app/command.hpp"
#include "app/registry.hpp"
#include "model/status.hpp"
#include "orders/polling.hpp"

#include <CLI/CLI.hpp>

namespace crossdock::app {
namespace {

/// One account: {"name","open","silent","next_poll_at","misses_healed","disabled"}. Open: the supplier's orders that have not
/// reached an end; silent: those of them that were asked for in vain since they were last heard of.
Json account_status(store::Tx& tx, const std::string& name, const std::string& id) {
    std::string ends;
    for (const auto& row : model::status_table()) {
        if (row.final_) { ends += (ends.empty() ? "'" : ", '") + std::string(row.name) + "'"; }
    }
    const auto counted = tx.first<std::int64_t, std::int64_t, std::optional<std::int64_t>>(
        "SELECT COUNT(*), COALESCE(SUM(polls > 0), 0), MIN(next_poll_at) FROM supplier_orders WHERE supplier_id = :1 AND status "
        "NOT "
        "IN (" +
            ends + ")",
        {id});
    const auto& [open, silent, next] = *counted;
    return Json::object({{"name", name},
                         {"open", open},
                         {"silent", silent},
                         {"next_poll_at", next ? std::optional(rfc3339_ms(*next)) : std::nullopt},
                         {"misses_healed", orders::misses_healed(tx, id)},
                         {"disabled", disabled_json(tx, name)}});
}

Json read_status(store::Tx& tx) {
    Json accounts = Json::array();
    for (const auto& [name, id] : tx.all<std::string, std::string>("SELECT name, id FROM suppliers ORDER BY name")) {
        accounts.push(account_status(tx, name, id));
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
