// Each operation against a peer that behaves, and against one that does not.
#include "check/cases.hpp"
#include "check/rules.hpp"

#include <algorithm>

namespace crossdock::check {
namespace {

constexpr std::size_t huge_bytes = 1U << 20U;

struct MailTrouble {
    Trouble trouble;
    const char* name;
    const char* clause;
};
constexpr MailTrouble mail_troubles[] = {
    {Trouble::none, "well", "while the mail server behaves"},
    {Trouble::busy_429, "later-451", "while the mail server answers 451"},
    {Trouble::error_500, "refused-554", "while the mail server answers 554"},
    {Trouble::cut_fresh, "cut", "while the mail server stores the mail and then cuts the connection"},
    {Trouble::silence, "silence", "while the mail server never greets"},
    {Trouble::malformed, "malformed", "while what answers is no mail server"},
    {Trouble::nobody_listens, "nobody-listens", "while nobody listens there"},
};

/// Which troubles an operation that speaks HTTP is put into.
bool applies(Trouble trouble, const Example& example) {
    switch (trouble) {
        case Trouble::other_order: return example.operation == "create_order" || example.operation == "find_order";
        case Trouble::duplicates: return example.operation == "find_order";
        case Trouble::empty_page:
        case Trouble::looping_pages: return example.operation == "sync_inventory";
        default: return true;
    }
}

void ask_for_an_unknown_order(Stage& stage, Outcome& outcome) {
    if (!stage.subject().dialect.not_found) { return; }
    const auto unknown = stage.order(2);
    stage.world().put_in_play(unknown);
    const auto seen = stage.call("find_order", unknown);
    append(outcome.lines, breaches(seen));
    append(outcome.lines, unlike(*stage.subject().dialect.not_found, seen, ""));
}

void behave(Stage& stage, const Example& example, Outcome& outcome) {
    const auto order = stage.order(1);
    stage.prepare(example.operation, order);
    const auto seen = stage.call(example.operation, order);
    append(outcome.lines, breaches(seen));
    if (seen.worker_died) { return; }
    const auto ids = stage.world().orders_of(order.reference);
    append(outcome.lines, unlike(example, seen, ids.empty() ? "" : ids.front()));
    if (example.operation == "find_order") { ask_for_an_unknown_order(stage, outcome); }
    if (!example.smtp_tls.empty() && seen.mails != 1) {
        outcome.lines.push_back(example.operation + ": the mail server has " + std::to_string(seen.mails) +
                                " mails instead of one");
    }
}

void find_duplicates(Stage& stage, Outcome& outcome) {
    const auto order = stage.order(1);
    stage.prepare("find_order", order);
    (void)stage.world().adopt(order.reference);
    const auto& example = *stage.subject().dialect.example("find_order");
    const auto& body = example.exchanges.front().body;
    if (with_each(body, example.supplier_order_id, {"XD-1", "XD-2"}).find("XD-2") == std::string::npos) {
        outcome = skipped("the supplier's answer has no list in which two orders could stand");
        return;
    }
    const auto seen = stage.call("find_order", order);
    append(outcome.lines, breaches(seen));
    const auto* matches = seen.answered() ? seen.answer.output.find("matches") : nullptr;
    if (matches == nullptr || matches->items().size() != 2) {
        outcome.lines.push_back("find_order reports " + std::string(matches == nullptr ? "nothing" : matches->dump()) +
                                " where the supplier has two orders of the reference: report both, so that a person looks");
    }
}

/// One call in that trouble.
void suffer(Stage& stage, const Example& example, Trouble trouble, Outcome& outcome) {
    if (trouble == Trouble::duplicates) { return find_duplicates(stage, outcome); }
    const bool about_pages = trouble == Trouble::empty_page || trouble == Trouble::looping_pages;
    if (about_pages && example.exchanges.size() < 2) {
        outcome = skipped("the cassette has one page: record two to have it tried");
        return;
    }
    if (trouble == Trouble::other_order && !example.exchanges.empty() &&
        example.exchanges.front().body.find(example.reference) == std::string::npos) {
        outcome = skipped("the supplier's answer does not repeat the reference");
        return;
    }
    const auto order = stage.order(1);
    stage.prepare(example.operation, order);
    if (trouble == Trouble::cut_reused) {
        const auto first = stage.order(2);
        stage.prepare(example.operation, first);
        const auto before = stage.call(example.operation, first);
        append(outcome.lines, breaches(before));
        // What prepared its request may have used the connection before.
        if (stage.world().inflicted() > 0) { append(outcome.lines, gullible(before)); }
    }
    const auto inflicted = stage.world().inflicted();
    auto seen = stage.call(example.operation, order);
    append(outcome.lines, breaches(seen));
    if (seen.worker_died) { return; }
    if (trouble == Trouble::cut_reused && stage.world().inflicted() == inflicted) {
        if (outcome.lines.empty()) { outcome = skipped("the connection was not used again"); }
        return;
    }
    append(outcome.lines, gullible(seen));
    if (stage.tls_believed() > 0) {
        outcome.lines.push_back(example.operation + " sent something to a peer whose certificate is signed by nobody");
    }
}

void add_http_cases(const Subject& subject, const Example& example, std::vector<Case>& cases) {
    for (const auto& one : troubles) {
        if (!applies(one.trouble, example)) { continue; }
        const auto add = [&](const std::string& suffix, const std::string& where, std::size_t from) {
            cases.push_back({example.operation + "." + std::string(one.name) + suffix,
                             example.operation + " keeps to the contract " + std::string(one.clause) + where,
                             [&example, trouble = one.trouble, from](const Subject& tried) {
                                 Stage::Setup setup{.trouble = trouble, .trouble_from = from};
                                 return on_stage(tried, std::move(setup), [&](Stage& stage, Outcome& outcome) {
                                     if (trouble == Trouble::none) { behave(stage, example, outcome); }
                                     else { suffer(stage, example, trouble, outcome); }
                                 });
                             }});
        };
        add("", "", 0);
        const bool pages = example.operation == "sync_inventory" && example.exchanges.size() > 1;
        if (pages && (leaves_no_answer(one.trouble) || spoils_body(one.trouble)) && one.trouble != Trouble::untrusted_tls &&
            one.trouble != Trouble::nobody_listens) {
            add("-later", ", from the second page on", 1);
        }
    }
    if (std::none_of(subject.manifest.schema.items().begin(), subject.manifest.schema.items().end(),
                     [](const Json& row) { return row.text("type") == "url"; })) {
        return;
    }
    cases.push_back({example.operation + ".trailing-slash", example.operation + " takes an address that ends with a slash",
                     [&example](const Subject& tried) {
                         Stage::Setup setup;
                         setup.url_suffix = "/";
                         return on_stage(tried, std::move(setup),
                                         [&](Stage& stage, Outcome& outcome) { behave(stage, example, outcome); });
                     }});
}

void add_mail_cases(const Example& example, std::vector<Case>& cases) {
    for (const auto& one : mail_troubles) {
        cases.push_back({example.operation + "." + one.name, example.operation + " keeps to the contract " + one.clause,
                         [&example, trouble = one.trouble](const Subject& tried) {
                             return on_stage(tried, {.trouble = trouble}, [&](Stage& stage, Outcome& outcome) {
                                 if (trouble == Trouble::none) { return behave(stage, example, outcome); }
                                 append(outcome.lines, breaches(stage.call(example.operation, stage.order(1))));
                             });
                         }});
    }
}

Seen translate(Stage& stage, const std::string& body) {
    Json input = stage.subject().dialect.example("handle_webhook")->input;
    input.set("body", body);
    return stage.call({"handle_webhook", std::move(input), {}});
}

Outcome webhook_twice(const Subject& subject) {
    return on_stage(subject, {}, [](Stage& stage, Outcome& outcome) {
        const auto& example = *stage.subject().dialect.example("handle_webhook");
        const auto first = stage.call({"handle_webhook", example.input, {}});
        const auto second = stage.call({"handle_webhook", example.input, {}});
        append(outcome.lines, breaches(first));
        append(outcome.lines, breaches(second));
        if (first.answered() && second.answered() && !(first.answer.output == second.answer.output)) {
            outcome.lines.push_back("handle_webhook makes " + second.answer.output.dump() + " of a payload of which it made " +
                                    first.answer.output.dump() + " before");
        }
    });
}

Outcome webhook_spoiled(const Subject& subject) {
    return on_stage(subject, {}, [](Stage& stage, Outcome& outcome) {
        const auto good = stage.subject().dialect.example("handle_webhook")->input.text("body");
        const std::pair<const char*, std::string> bodies[] = {
            {"an empty body", ""},
            {"what is no JSON", "<html></html>"},
            {"half a payload", good.substr(0, good.size() / 2)},
            {"{}", "{}"},
            {"[]", "[]"},
            {"a megabyte", std::string(huge_bytes, '[')},
            {"bytes that are no UTF-8", "\xFF\xFE{\"\xC3\x28\":1}"},
        };
        for (const auto& [what, body] : bodies) {
            const auto seen = translate(stage, body);
            append(outcome.lines, breaches(seen));
            if (seen.worker_died) { return; }
            const auto* evidence = seen.answered() ? seen.answer.output.find("evidence") : nullptr;
            if (evidence != nullptr && evidence->is_array() && !evidence->items().empty()) {
                outcome.lines.push_back("handle_webhook makes evidence of " + std::string(what) + ": " +
                                        shortened(evidence->dump()));
            }
        }
    });
}

Outcome webhook_members(const Subject& subject) {
    return on_stage(subject, {}, [](Stage& stage, Outcome& outcome) {
        const auto good = Json::parse(stage.subject().dialect.example("handle_webhook")->input.text("body"));
        if (!good || !good->is_object()) {
            outcome = skipped("the recorded payload is no JSON object");
            return;
        }
        for (std::size_t i = 0; i < good->members().size(); ++i) {
            for (const Json& value : {Json(), Json(7), Json(""), Json::object(), Json::array()}) {
                Json payload = *good;
                payload.members()[i].second = value;
                const auto seen = translate(stage, payload.dump());
                for (auto& line : breaches(seen)) {
                    outcome.lines.push_back(std::move(line) + " (with " + Json(payload.members()[i].first).dump() + ": " +
                                            value.dump() + ")");
                }
                if (seen.worker_died) { return; }
            }
        }
    });
}

void add_webhook_cases(std::vector<Case>& cases) {
    cases.push_back({"handle_webhook.well", "handle_webhook translates what the cassette shows", [](const Subject& subject) {
                         return on_stage(subject, {}, [](Stage& stage, Outcome& outcome) {
                             const auto& example = *stage.subject().dialect.example("handle_webhook");
                             const auto seen = stage.call({"handle_webhook", example.input, {example.reference, ""}});
                             append(outcome.lines, breaches(seen));
                             append(outcome.lines, unlike(example, seen, ""));
                         });
                     }});
    cases.push_back({"handle_webhook.twice", "handle_webhook makes the same of the same payload", &webhook_twice});
    cases.push_back({"handle_webhook.spoiled", "handle_webhook refuses what is no payload", &webhook_spoiled});
    cases.push_back({"handle_webhook.members", "handle_webhook withstands members of a wrong type", &webhook_members});
}

}  // namespace

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
    for (auto& line : more) {
        if (std::find(lines.begin(), lines.end(), line) == lines.end()) { lines.push_back(std::move(line)); }
    }
}

Outcome on_stage(const Subject& subject, Stage::Setup setup, const std::function<void(Stage&, Outcome&)>& body) {
    auto stage = Stage::open(subject, std::move(setup));
    if (!stage) { return {{"it does not start: " + stage.error().text()}}; }
    Outcome outcome;
    body(**stage, outcome);
    return outcome;
}

void add_call_cases(const Subject& subject, std::vector<Case>& cases) {
    for (const auto& operation : subject.manifest.operations) {
        const auto* example = subject.dialect.example(operation);
        if (example == nullptr) { continue; }
        if (operation == "handle_webhook") { add_webhook_cases(cases); }
        else if (!example->smtp_tls.empty()) { add_mail_cases(*example, cases); }
        else { add_http_cases(subject, *example, cases); }
    }
}

}  // namespace crossdock::check
