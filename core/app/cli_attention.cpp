// attention list|resolve, dead-letter list|show|replay, explain.
#include "app/command.hpp"
#include "notify/attention.hpp"
#include "orders/explain.hpp"
#include "pipeline/dead_letters.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace crossdock::app {
namespace {

std::string choices_text(const Json& entry) {
    std::string text;
    const Json* choices = entry.find("choices");
    if (choices == nullptr) { return text; }
    for (const auto& choice : choices->items()) {
        const auto& word = choice.as_string();
        text += (text.empty() ? "" : " | ") + std::string("--") + word + (word == "adopt" ? " ID" : "");
    }
    return text;
}

std::string attention_text(const Json& result) {
    const auto& list = result.find("attention")->items();
    if (list.empty()) { return "nothing waits for a person\n"; }
    std::string text;
    for (const auto& one : list) {
        text += column("#" + std::to_string(one.integer("number")), 5) + one.text("opened_at") + "  " + one.text("about") + "\n" +
                "       " + one.text("reason") + "\n";
        if (one.maybe_text("resolved_at")) {
            text += "       resolved " + one.text("resolved_at") + " by " + one.text("resolved_by") + ": " +
                    one.text("resolution") + "\n";
        }
        else {
            text +=
                "       crossdock attention resolve " + std::to_string(one.integer("number")) + " " + choices_text(one) + "\n";
        }
    }
    return text;
}

void add_attention(CLI::App& app, CommandLine& line) {
    auto* attention = app.add_subcommand("attention", "What waits for a person");
    attention->require_subcommand(1);
    auto all = std::make_shared<bool>(false);
    auto* list = attention->add_subcommand("list", "List what is open, oldest first, with what may be said to it");
    list->add_flag("--all", *all, "What was resolved, too");
    list->callback([&line, all] {
        line.exit_code = reading(
            line, [all](store::Tx& tx) -> Result<Json> { return notify::list_attention(tx, *all, 1'000); }, attention_text);
    });

    struct Given {
        std::int64_t number = 0;
        std::string adopt, note;
        bool resend = false, cancel = false, done = false;
    };
    auto given = std::make_shared<Given>();
    auto* resolve = attention->add_subcommand("resolve", "Say how it stands; written to the audit log");
    resolve->add_option("number", given->number, "As the list shows it, without #")->required();
    auto* what = resolve->add_option_group("what", "One of");
    what->add_option("--adopt", given->adopt, "The supplier has the order, under this id of its own");
    what->add_flag(
        "--resend", given->resend,
        "The supplier does not have it: send it again, under a new reference. If it does have it, that is a second order");
    what->add_flag("--cancel", given->cancel, "The supplier does not have it, or has canceled it, and the order is canceled");
    what->add_flag("--done", given->done, "Seen to elsewhere");
    what->require_option(1);
    resolve->add_option("--note", given->note, "Why, for the audit log");
    resolve->callback([&line, given] {
        const char* const word = given->resend ? "resend" : given->cancel ? "cancel" : given->done ? "done" : "adopt";
        line.exit_code = changing(line,
                                  Json::object({{"command", "attention.resolve"},
                                                {"number", given->number},
                                                {"what", word},
                                                {"supplier_order_id", given->adopt},
                                                {"note", given->note}}),
                                  [](const Json& result) {
                                      const auto order = result.text("order_id");
                                      return "#" + std::to_string(result.integer("number")) +
                                             " is resolved: " + (order.empty() ? "" : order + " ") + result.text("resolution") +
                                             "\n";
                                  });
    });
}

std::string letters_text(const Json& list) {
    std::string text;
    for (const auto& one : list.items()) {
        const auto pipeline = one.text("pipeline");
        text += one.text("id") + "  " + one.text("failed_at") + "  " +
                column(pipeline.empty() ? one.text("account") : pipeline + "/" + one.text("step"), 24) +
                column(one.text("order_id", "-"), 18) + one.text("reason") + "\n";
    }
    return text;
}

Json letters_json(const std::vector<pipeline::DeadLetter>& letters) {
    Json list = Json::array();
    for (const auto& letter : letters) { list.push(letter.json()); }
    return Json::object({{"dead_letters", std::move(list)}});
}

void add_filter(CLI::App& command, pipeline::DeadLetterFilter& filter) {
    command.add_option("--pipeline", filter.pipeline, "Of this pipeline only");
    command.add_option("--account", filter.account, "Of this account or channel only");
    command.add_option("--order", filter.order_id, "Of this order only");
    command.add_option("--reason", filter.reason, "With this text in the reason only");
}

void add_dead_letters(CLI::App& app, CommandLine& line) {
    auto* group = app.add_subcommand("dead-letter", "What was given up, and can be taken up again");
    group->require_subcommand(1);
    auto filter = std::make_shared<pipeline::DeadLetterFilter>();
    auto* list = group->add_subcommand("list", "List dead letters, oldest first");
    add_filter(*list, *filter);
    list->callback([&line, filter] {
        line.exit_code = reading(
            line, [filter](store::Tx& tx) -> Result<Json> { return letters_json(pipeline::dead_letters(tx, *filter)); },
            [](const Json& result) {
                const auto text = letters_text(*result.find("dead_letters"));
                return text.empty() ? "no dead letters\n" : text;
            });
    });

    auto id = std::make_shared<std::string>();
    auto* show = group->add_subcommand("show", "Print one with its input and every exchange, secrets replaced");
    show->add_option("id", *id, "Its id, or the first eight characters and more")->required();
    show->callback([&line, id] {
        line.exit_code = reading(
            line,
            [id](store::Tx& tx) -> Result<Json> {
                auto found = pipeline::show_dead_letter(tx, *id);
                if (!found) {
                    return Fault{"there is no such dead letter, or more than one; `crossdock dead-letter list` shows them", *id};
                }
                return std::move(*found);
            },
            [](const Json& result) { return result.pretty() + "\n"; });
    });

    struct Given {
        pipeline::DeadLetterFilter filter;
        bool all = false, preview = false;
        std::string from;
        int rate = 10;
    };
    auto given = std::make_shared<Given>();
    auto* replay = group->add_subcommand("replay", "Continue dead letters where they ended, with the same keys");
    replay->add_option("id", given->filter.ids, "Their ids, or the first eight characters and more");
    replay->add_flag("--all", given->all, "All that the filters leave");
    add_filter(*replay, given->filter);
    replay->add_option("--from", given->from, "Go back to this step; what it and later ones did is not done again");
    replay->add_option("--rate", given->rate, "So many a second at most")->check(CLI::Range(1, 1'000))->capture_default_str();
    replay->add_flag("--preview", given->preview, "Only say what would be replayed");
    replay->callback([&line, given] {
        if (given->filter.ids.empty() == !given->all) {
            line.exit_code =
                fail(line, Fault{"name dead letters by their ids, or say --all, with filters if you like", "dead-letter replay"},
                     exit_usage);
            return;
        }
        Json ids = Json::array();
        for (const auto& one : given->filter.ids) { ids.push(one); }
        line.exit_code =
            changing(line,
                     Json::object({{"command", "dead-letter.replay"},
                                   {"ids", std::move(ids)},
                                   {"pipeline", given->filter.pipeline},
                                   {"account", given->filter.account},
                                   {"order_id", given->filter.order_id},
                                   {"reason", given->filter.reason},
                                   {"from", given->from},
                                   {"rate", given->rate},
                                   {"preview", given->preview}}),
                     [](const Json& result) {
                         const auto& letters = *result.find("dead_letters");
                         const auto count = std::to_string(letters.items().size());
                         return letters_text(letters) +
                                (result.boolean("preview") ? count + " would be replayed" : count + " are under way") +
                                ", at most " + std::to_string(result.integer("rate")) + " a second\n";
                     });
    });
}

}  // namespace

void add_attention_commands(CLI::App& app, CommandLine& line) {
    add_attention(app, line);
    add_dead_letters(app, line);
    auto order_id = std::make_shared<std::string>();
    auto* explain = app.add_subcommand("explain", "Print every decision about an order with its reason, and what it waits for");
    explain->add_option("order_id", *order_id)->required();
    explain->callback([&line, order_id] {
        line.exit_code = reading(
            line,
            [order_id](store::Tx& tx) -> Result<Json> {
                auto explained = orders::explain_order(tx, *order_id);
                if (!explained) { return Fault{"there is no such order", *order_id}; }
                return std::move(*explained);
            },
            orders::explain_text);
    });
}

}  // namespace crossdock::app
