// notify preview|stopped|resume, customer preferences.
#include "app/command.hpp"
#include "base/joined.hpp"
#include "expr/mail_template.hpp"
#include "notify/mail_data.hpp"
#include "notify/recipients.hpp"
#include "yaml/words.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace crossdock::app {
namespace {

struct Preview {
    std::string event, order_id, language;
    bool html = false;
    bool text = false;
};

/// What an order's mail is made from: the fact when there was one, else an example of it, about that order.
Result<Json> preview_data(store::Tx& tx, const Preview& wanted, Json example) {
    if (tx.number("SELECT COUNT(*) FROM orders WHERE id = :1", {wanted.order_id}) == 0) {
        return Fault{"there is no such order", wanted.order_id};
    }
    if (const auto fact = notify::latest_fact(tx, wanted.order_id, wanted.event)) {
        return Json::object({{"happened", true}, {"data", notify::mail_data(tx, *fact)}});
    }
    example.set("partial", false);
    notify::StoredFact fact{"", wanted.event, wanted.order_id, {}, std::move(example)};
    return Json::object({{"happened", false}, {"data", notify::mail_data(tx, fact)}});
}

int preview(const CommandLine& line, const Preview& wanted) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto mails = expr::MailLanguages::load(config->templates);
    if (!mails) { return fail(line, mails.error(), exit_bad_config); }
    auto example = notify::example_data(wanted.event);
    if (!example) {
        const auto& known = notify::mail_names();
        const std::vector<std::string_view> words(known.begin(), known.end());
        return fail(line, {"there is no event of that name that is told by mail" + yaml::hint(wanted.event, words), wanted.event},
                    exit_failed);
    }
    Json data = *example;
    if (const Json* address = data.find("shipping_address"); address != nullptr) {
        data.set("shipping_address", Json::object({{"name", "WorldTech Receiving"},
                                                   {"line1", "1734 Harbor Boulevard"},
                                                   {"city", "Miami"},
                                                   {"postal_code", "33132"},
                                                   {"country", "US"}}));
    }
    bool happened = false;
    if (!wanted.order_id.empty()) {
        const auto found =
            read_store(*config, [&](store::Tx& tx) -> Result<Json> { return preview_data(tx, wanted, std::move(*example)); });
        if (!found) { return fail(line, found.error(), found.error().advice == Advice::stop ? exit_unavailable : exit_failed); }
        data = *found->find("data");
        happened = found->boolean("happened");
    }
    const std::string language = wanted.language.empty() ? "en" : wanted.language;
    const auto mail = mails->render(wanted.event, language, data);
    if (!mail) { return fail(line, mail.error(), exit_bad_config); }
    const auto shown = mails->language_of(wanted.event, language).value_or(language);
    if (!happened && !line.json) {
        std::fprintf(stderr, "%s\n",
                     wanted.order_id.empty() ? "an example: --order ID shows the mail of an order"
                                             : "this has not happened to the order: parts of it are an example");
    }
    const std::string text = wanted.html   ? mail->html
                             : wanted.text ? mail->text
                                           : "Subject: " + mail->subject + "\n\n" + mail->text;
    return show(line,
                Json::object({{"event", wanted.event},
                              {"language", shown},
                              {"happened", happened},
                              {"subject", mail->subject},
                              {"text", mail->text},
                              {"html", mail->html}}),
                text);
}

void add_preview(CLI::App& group, CommandLine& line) {
    auto wanted = std::make_shared<Preview>();
    auto* command = group.add_subcommand("preview", "Show the mail that an event makes; nothing is sent");
    command->add_option("event", wanted->event, "order.shipped, digest, ...")->required();
    command->add_option("--order", wanted->order_id, "Of this order; without it, an example");
    command->add_option("--language", wanted->language, "en, de, or another that has templates");
    auto* html = command->add_flag("--html", wanted->html, "The HTML part alone");
    command->add_flag("--text", wanted->text, "The text part alone")->excludes(html);
    command->callback([&line, wanted] { line.exit_code = preview(line, *wanted); });
}

std::string stopped_text(const Json& list) {
    std::string text;
    for (const auto& one : list.items()) {
        text += column(one.text("recipient"), 32) + column(one.text("channel"), 10) + column(one.text("cause"), 12) +
                one.text("stopped_at") + "  " + one.text("reason") + "\n";
    }
    return text.empty() ? "nobody is stopped\n" : text;
}

void add_stopped(CLI::App& group, CommandLine& line) {
    auto* stopped = group.add_subcommand("stopped", "Recipients to whom nothing is sent any more, and why");
    stopped->callback([&line] {
        line.exit_code = reading(
            line, [](store::Tx& tx) -> Result<Json> { return notify::list_stopped(tx); }, stopped_text);
    });
    auto recipient = std::make_shared<std::string>();
    auto channel = std::make_shared<std::string>();
    auto* resume = group.add_subcommand("resume", "Send to a recipient again that had unsubscribed or was refused");
    resume->add_option("recipient", *recipient, "The mail address")->required();
    resume->add_option("--channel", *channel, "On this channel only");
    resume->callback([&line, recipient, channel] {
        line.exit_code =
            changing(line, Json::object({{"command", "recipient.resume"}, {"recipient", *recipient}, {"channel", *channel}}),
                     [](const Json& result) { return result.text("recipient") + " is sent to again\n"; });
    });
}

struct Wanted {
    std::string id, file, language, timezone, quiet, digest_at;
    std::vector<std::string> events, channels;
};

/// "22:00-07:00" or "none"
Json quiet_of(const std::string& text) {
    const auto dash = text.find('-');
    if (dash == std::string::npos) { return text; }
    return Json::object({{"from", text.substr(0, dash)}, {"to", text.substr(dash + 1)}});
}

Result<Json> changes_of(const Wanted& wanted) {
    Json changes = Json::object();
    const auto take = [&changes](const char* key, const std::string& value) {
        if (!value.empty()) { changes.set(key, value == "default" ? Json() : Json(value)); }
    };
    take("language", wanted.language);
    take("timezone", wanted.timezone);
    take("digest_at", wanted.digest_at);
    if (!wanted.quiet.empty()) { changes.set("quiet_hours", wanted.quiet == "default" ? Json() : quiet_of(wanted.quiet)); }
    if (!wanted.channels.empty()) {
        Json list = Json::array();
        for (const auto& channel : wanted.channels) { list.push(channel); }
        changes.set("channels", wanted.channels.front() == "default" ? Json() : std::move(list));
    }
    if (wanted.events.empty()) { return good(std::move(changes)); }
    Json events = Json::object();
    for (const auto& said : wanted.events) {
        const auto equals = said.find('=');
        if (equals == std::string::npos) { return Fault{"takes EVENT=off, immediate, daily or default", "--event " + said}; }
        const std::string when = said.substr(equals + 1);
        events.set(said.substr(0, equals), when == "default" ? Json() : Json(when));
    }
    changes.set("events", std::move(events));
    return good(std::move(changes));
}

Result<Json> read_document(const std::string& file) {
    std::string text;
    if (file == "-") { text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()); }
    else {
        std::ifstream in(file, std::ios::binary);
        if (!in) { return Fault{"cannot be read", file}; }
        text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    auto document = Json::parse(text);
    if (!document) { return Fault{document.error().what, file + ":" + document.error().where}; }
    return document;
}

std::string preferences_text(const Json& shown) {
    const Json& effective = *shown.find("effective");
    std::string text = shown.text("customer_id") + "\n";
    for (const char* const key : {"language", "timezone", "digest_at"}) {
        if (const auto value = effective.maybe_text(key)) { text += "  " + column(key, 26) + *value + "\n"; }
    }
    if (const Json* quiet = effective.find("quiet_hours"); quiet != nullptr && quiet->is_object()) {
        text += "  " + column("quiet_hours", 26) + quiet->text("from") + "-" + quiet->text("to") + "\n";
    }
    const Json* own = shown.find("preferences")->find("events");
    for (const auto& [event, said] : effective.find("events")->members()) {
        const auto channels = joined(said.find("channels")->items(), ", ", [](const Json& one) { return one.as_string(); });
        const bool chosen = own != nullptr && own->find(event) != nullptr;
        text += "  " + column(event, 26) + column(said.text("when"), 10) + (said.text("when") == "off" ? "" : channels) +
                (chosen ? "" : "  (default)") + "\n";
    }
    for (const auto& one : shown.find("stopped")->items()) {
        text += "  STOPPED on " + one.text("channel") + ": " + one.text("reason") + "; `crossdock notify resume " +
                one.text("recipient") + "` ends it\n";
    }
    return text;
}

int preferences(const CommandLine& line, const Wanted& wanted) {
    auto changes = changes_of(wanted);
    if (!changes) { return fail(line, changes.error(), exit_usage); }
    if (wanted.file.empty() && changes->members().empty()) {
        const auto config = line.load();
        if (!config) { return fail(line, config.error(), exit_bad_config); }
        const auto unit = [&](store::Tx& tx) -> Result<Json> {
            auto shown = notify::shown_preferences(tx, wanted.id, config->notifications.clients);
            if (!shown) { return Fault{"there is no such customer; `crossdock customer list` shows them", wanted.id}; }
            return good(std::move(*shown));
        };
        return reading(line, unit, preferences_text);
    }
    Json request = Json::object({{"command", "customer.preferences"}, {"id", wanted.id}});
    if (!wanted.file.empty()) {
        auto document = read_document(wanted.file);
        if (!document) { return fail(line, document.error(), exit_failed); }
        request.set("replace", std::move(*document));
    }
    else { request.set("changes", std::move(*changes)); }
    return changing(line, request, preferences_text);
}

}  // namespace

void add_preferences_command(CLI::App& customer, CommandLine& line) {
    auto wanted = std::make_shared<Wanted>();
    auto* command = customer.add_subcommand("preferences", "Show or change how a customer is told; `default` takes one back");
    command->add_option("id", wanted->id)->required();
    auto* file = command->add_option("--set", wanted->file, "A JSON document instead of all that was; - reads standard input");
    const auto change = [&](const char* name, auto& into, const char* help) {
        command->add_option(name, into, help)->excludes(file);
    };
    change("--event", wanted->events, "order.placed=daily; off, immediate, daily");
    change("--channels", wanted->channels, "By which it is told");
    change("--language", wanted->language, "en, de, or another that has templates");
    change("--timezone", wanted->timezone, "Such as Europe/Berlin");
    change("--quiet-hours", wanted->quiet, "22:00-07:00, or none");
    change("--digest-at", wanted->digest_at, "08:00");
    command->callback([&line, wanted] { line.exit_code = preferences(line, *wanted); });
}

void add_notify_commands(CLI::App& app, CommandLine& line) {
    auto* group = app.add_subcommand("notify", "What people are told");
    group->require_subcommand(1);
    add_preview(*group, line);
    add_stopped(*group, line);
}

}  // namespace crossdock::app
