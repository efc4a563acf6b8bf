// inventory, feed list|show|approve|reject: what suppliers said of their stock, and what a person says to what waits.
#include "app/command.hpp"
#include "base/system_clock.hpp"
#include "inventory/feed.hpp"
#include "inventory/items.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace crossdock::app {
namespace {

std::string list_text(const Json& result) {
    std::string text;
    for (const auto& one : result.find("feeds")->items()) {
        text += one.text("id") + "  " + one.text("created_at") + "  " + column(one.text("account"), 14) +
                column(one.text("kind") + " " + one.text("origin"), 13) + column(one.text("state"), 11) +
                std::to_string(one.integer("rows")) + " rows";
        if (one.integer("bad_rows") > 0) { text += ", " + std::to_string(one.integer("bad_rows")) + " unreadable"; }
        if (!one.text("reason").empty()) { text += "  " + one.text("reason"); }
        text += "\n";
    }
    return text.empty() ? "no feeds\n" : text;
}

std::string value_text(const Json* value) {
    if (value == nullptr || value->is_null()) { return "nothing"; }
    return value->is_string() ? value->as_string() : value->literal();
}

std::string report_text(const Json& report) {
    std::string text;
    for (const auto& reason : report.find("reasons")->items()) { text += "why      " + reason.text("what") + "\n"; }
    const Json& counts = *report.find("counts");
    text += "diff     ";
    bool first = true;
    for (const auto& [name, number] : counts.members()) {
        std::string words = name;
        for (char& c : words) { c = c == '_' ? ' ' : c; }
        text += (first ? "" : ", ") + number.literal() + " " + words;
        first = false;
    }
    text += "\n";
    for (const auto& one : report.find("biggest")->items()) {
        const auto warehouse = one.text("warehouse");
        text += "         " + column(one.text("change"), 9) +
                column(one.text("sku") + (warehouse.empty() ? "" : " in " + warehouse), 30) + value_text(one.find("before")) +
                " -> " + value_text(one.find("after")) + "\n";
    }
    return text;
}

std::string show_text(const Json& feed) {
    std::string text =
        "feed     " + feed.text("id") + "\n" + "account  " + feed.text("account") + "\n" + "state    " + feed.text("state");
    if (feed.maybe_text("decided_by")) { text += " (by " + feed.text("decided_by") + ")"; }
    text += "\nkind     " + feed.text("kind") + ", by " + feed.text("origin") + ", " + feed.text("created_at");
    if (feed.maybe_text("as_of")) { text += ", as of " + feed.text("as_of"); }
    text +=
        "\nrows     " + std::to_string(feed.integer("rows")) + ", " + std::to_string(feed.integer("bad_rows")) + " unreadable\n";
    if (const Json* report = feed.find("report")) { text += report_text(*report); }
    else if (!feed.text("reason").empty()) { text += "why      " + feed.text("reason") + "\n"; }
    for (const auto& bad : feed.find("unreadable")->items()) {
        const Json* line = bad.find("line");
        text += "bad row  ";
        if (line != nullptr && line->is_number()) { text += "line " + line->literal() + ": "; }
        text += bad.text("reason") + (bad.text("sku").empty() ? "" : " (sku " + bad.text("sku") + ")") + ": " + bad.text("text") +
                "\n";
    }
    if (feed.text("state") == "quarantined") {
        text += "\nIt changes nothing until a person says so:\n  crossdock feed approve " + feed.text("id") +
                "\n  crossdock feed reject " + feed.text("id") + "\n";
    }
    return text;
}

std::string decided_text(const Json& result) {
    if (result.text("decision") == "rejected") { return "rejected: nothing has changed\n"; }
    const auto number = [&](const char* key) { return std::to_string(result.integer(key)); };
    return "applied to " + result.text("account") + ": " + number("rows") + " rows, " + number("added") + " new, " +
           number("removed") + " gone, " + number("quantity_changes") + " quantities and " + number("price_changes") +
           " prices changed\n";
}

std::string inventory_text(const Json& result) {
    std::string text;
    for (const auto& item : result.find("items")->items()) {
        const std::string quantity = std::to_string(item.integer("quantity")) + (item.boolean("lower_bound") ? "+" : "");
        text += column(item.text("sku"), 26) + column(quantity, 7) +
                column("sell " + std::to_string(item.integer("sellable")), 11) +
                column(item.text("price") + " " + item.text("currency"), 12) + column(item.text("grade"), 3) +
                column(item.text("warehouse"), 6) + item.text("account") + (item.boolean("low_stock") ? "  low" : "") + "\n";
    }
    return text.empty() ? "no inventory\n" : text;
}

void add_inventory_command(CLI::App& app, CommandLine& line) {
    struct Given {
        inventory::ItemQuery query;
        bool low = false, csv = false;
    };
    auto given = std::make_shared<Given>();
    given->query.most = 100'000;
    auto* command = app.add_subcommand("inventory", "List what the suppliers hold, and what of it can be sold");
    command->add_option("--supplier", given->query.account, "Only this account's");
    command->add_option("--sku", given->query.sku, "Only this SKU");
    command->add_option("-q,--text", given->query.text, "Only with this text in the SKU or name");
    command->add_option("--warehouse", given->query.warehouse, "Only there");
    command->add_option("--grade", given->query.grade, "Only of this grade");
    command->add_option("--lock", given->query.lock_status, "Only with this lock status");
    command->add_flag("--low", given->low, "Only what is low");
    command->add_flag("--csv", given->csv, "As CSV with a title row");
    command->add_option("--most", given->query.most, "So many at most")->check(CLI::Range(1, 10'000'000))->capture_default_str();
    command->callback([&line, given] {
        const auto config = line.load();
        if (!config) {
            line.exit_code = fail(line, config.error(), exit_bad_config);
            return;
        }
        inventory::StockRulesByAccount rules;
        for (const auto& account : config->accounts) { rules[account.name] = account.stock; }
        if (given->low) { given->query.low = true; }
        const auto list = read_store(*config, [&](store::Tx& tx) -> Result<Json> {
            return inventory::list_items(tx, given->query, rules, system_utc_ms());
        });
        if (!list) {
            line.exit_code = fail(line, list.error(), list.error().advice == Advice::stop ? exit_unavailable : exit_failed);
            return;
        }
        line.exit_code = show(line, *list, given->csv ? inventory::items_csv(*list) : inventory_text(*list));
    });
}

}  // namespace

void add_feed_commands(CLI::App& app, CommandLine& line) {
    add_inventory_command(app, line);
    auto* feed = app.add_subcommand("feed", "What suppliers said of their stock, and what of it waits for a person");
    feed->require_subcommand(1);

    auto filter = std::make_shared<inventory::FeedFilter>();
    auto* list = feed->add_subcommand("list", "List feeds with what became of them, newest first");
    list->add_option("--account", filter->account, "Only this account's");
    list->add_option("--state", filter->state, "Only those in this state")
        ->check(CLI::IsMember({"staging", "complete", "applied", "quarantined", "abandoned"}));
    list->add_option("--last", filter->most, "So many at most")->check(CLI::Range(1, 10'000))->capture_default_str();
    list->callback([&line, filter] {
        line.exit_code = reading(
            line, [filter](store::Tx& tx) -> Result<Json> { return inventory::list_feeds(tx, *filter); }, list_text);
    });

    auto id = std::make_shared<std::string>();
    auto* show = feed->add_subcommand("show", "Print what one would change, why it waits, and its unreadable rows");
    show->add_option("id", *id, "Its id, or the first eight characters and more")->required();
    show->callback([&line, id] {
        line.exit_code = reading(
            line,
            [id](store::Tx& tx) -> Result<Json> {
                auto found = inventory::show_feed(tx, *id);
                if (!found) { return Fault{"there is no such feed, or more than one; `crossdock feed list` shows them", *id}; }
                return std::move(*found);
            },
            show_text);
    });

    struct Given {
        std::string id, note;
    };
    for (const char* const word : {"approve", "reject"}) {
        const bool approving = std::string_view(word) == "approve";
        auto given = std::make_shared<Given>();
        auto* decide = feed->add_subcommand(word, approving ? "Apply what `feed show` shows, whatever the gate says of it"
                                                            : "Drop it: the catalog stays as it is");
        decide->add_option("id", given->id, "Its id, or the first eight characters and more")->required();
        decide->add_option("--note", given->note, "Why, for the audit log");
        decide->callback([&line, given, word] {
            line.exit_code = changing(
                line, Json::object({{"command", std::string("feed.") + word}, {"feed", given->id}, {"note", given->note}}),
                decided_text);
        });
    }
}

}  // namespace crossdock::app
