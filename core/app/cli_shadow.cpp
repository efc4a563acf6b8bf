// supplier shadow: what another account would have been sent, beside what was.
#include "app/command.hpp"
#include "app/registry.hpp"
#include "orders/shadow.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace crossdock::app {
namespace {

struct Given {
    std::string account, order_id;
    std::int64_t most = 100;
};

std::string value_of(const Json& difference, const char* whose) {
    const auto text = difference.maybe_text(whose);
    return text ? *text : std::string("nothing");
}

std::string order_text(const Json& order) {
    const Json* differences = order.find("differences");
    std::string text = "  " + column(order.text("order_id"), 20);
    if (differences == nullptr) {
        return text + order.text("state") + (order.text("reason").empty() ? "" : ": ") + order.text("reason") + "\n";
    }
    const bool with_real = order.text("compared_with") == "real";
    const auto count = differences->items().size();
    text += count == 0 ? "the same" : std::to_string(count) + (count == 1 ? " difference" : " differences");
    text += with_real ? "\n" : ", compared with the order alone\n";
    for (const auto& difference : differences->items()) {
        text += "    " + column(difference.text("field"), 36) + "order " + difference.text("order");
        if (with_real) { text += ", real " + value_of(difference, "real"); }
        text += ", shadow " + value_of(difference, "shadow") + "\n";
    }
    return text;
}

std::string report_text(const Json& report) {
    std::string text = report.text("account") + ": " + std::to_string(report.integer("recorded")) + " recorded, " +
                       std::to_string(report.integer("failed")) + " could not be built, " +
                       std::to_string(report.integer("waiting")) + " wait; of those shown " +
                       std::to_string(report.integer("differ")) + " differ\n";
    for (const auto& order : report.find("orders")->items()) {
        text += order_text(order);
        if (const auto* request = order.find("request")) { text += request->pretty() + "\n"; }
    }
    return text;
}

int run(const CommandLine& line, const Given& given) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    if (const auto known = account_of(*config, given.account); !known) { return fail(line, known.error(), exit_failed); }
    const auto report = read_store(*config, [&](store::Tx& tx) -> Result<Json> {
        auto made = orders::shadow_report(tx, given.account, given.order_id, given.most, !given.order_id.empty());
        if (!given.order_id.empty() && made.find("orders")->items().empty()) {
            return Fault{"the account " + given.account + " has no shadow of this order; the newest " +
                             std::to_string(orders::shadows_kept) + " are kept",
                         given.order_id};
        }
        return made;
    });
    if (!report) { return fail(line, report.error(), report.error().advice == Advice::stop ? exit_unavailable : exit_failed); }
    return show(line, *report, report_text(*report));
}

}  // namespace

void add_supplier_shadow_command(CLI::App& supplier, CommandLine& line) {
    auto given = std::make_shared<Given>();
    auto* command =
        supplier.add_subcommand("shadow", "What an account would have been sent as a route's shadow, and where that differs");
    command->add_option("account", given->account)->required();
    command->add_option("--order", given->order_id, "This order alone, with the whole request");
    command->add_option("--most", given->most, "The newest so many")->check(CLI::Range(1, 1000));
    command->callback([&line, given] { line.exit_code = run(line, *given); });
}

}  // namespace crossdock::app
