// webhook list|secrets: what came in, and which secrets are still in use.
#include "app/command.hpp"
#include "orders/webhooks.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace crossdock::app {
namespace {

std::string list_text(const Json& list) {
    std::string text;
    for (const auto& one : list.items()) {
        text += one.text("received_at") + "  " + column(one.text("account"), 12) + column(one.text("state"), 9) +
                std::to_string(one.integer("bytes")) + " bytes  " + one.text("peer");
        if (const auto secret = one.maybe_text("secret")) { text += "  signed with " + *secret; }
        if (const auto id = one.maybe_text("delivery_id")) { text += "  " + *id; }
        if (const auto repeats = one.integer("repeats"); repeats > 0) {
            const auto others = one.integer("other_bodies");
            text += "  came " + std::to_string(repeats + 1) + " times";
            if (others > 0) { text += ", " + std::to_string(others) + " of them with another body"; }
        }
        if (!one.text("reason").empty()) { text += "  " + one.text("reason"); }
        text += "\n";
    }
    return text.empty() ? "no webhooks\n" : text;
}

std::string secrets_text(const Json& list) {
    std::string text;
    for (const auto& one : list.items()) {
        const auto used = one.maybe_text("last_used_at");
        const auto uses = std::to_string(one.integer("uses"));
        text += column(one.text("account"), 16) + column(one.text("secret"), 16) +
                (used ? "last used " + *used + " (" + uses + " times)" : std::string("never used")) + " since " +
                one.text("added_at") + "\n";
    }
    return text.empty() ? "no secrets: no account takes webhooks, or the daemon has not started with this config yet\n" : text;
}

}  // namespace

void add_webhook_commands(CLI::App& app, CommandLine& line) {
    auto* webhook = app.add_subcommand("webhook", "Webhooks that came in");
    webhook->require_subcommand(1);

    auto filter = std::make_shared<orders::WebhookFilter>();
    auto* list = webhook->add_subcommand("list", "List them with what became of them, newest first");
    list->add_option("--account", filter->account, "Only this account's");
    list->add_option("--state", filter->state, "Only those in this state")
        ->check(CLI::IsMember({"received", "applied", "unmatched", "rejected", "refused"}));
    list->add_option("--last", filter->count, "So many at most")->check(CLI::Range(1, 10'000))->capture_default_str();
    list->callback([&line, filter] {
        line.exit_code = reading(
            line, [filter](store::Tx& tx) -> Result<Json> { return orders::list_webhooks(tx, *filter); }, list_text);
    });

    auto account = std::make_shared<std::string>();
    auto* secrets = webhook->add_subcommand("secrets", "List the secrets of the accounts, and when each last fitted a signature");
    secrets->add_option("account", *account, "Only this account's");
    secrets->callback([&line, account] {
        line.exit_code = reading(
            line,
            [account](store::Tx& tx) -> Result<Json> {
                if (!account->empty() && tx.number("SELECT COUNT(*) FROM suppliers WHERE name = :1", {*account}) == 0) {
                    return Fault{"there is no such account; `crossdock supplier list` shows them", *account};
                }
                return orders::list_webhook_secrets(tx, *account);
            },
            secrets_text);
    });
}

}  // namespace crossdock::app
