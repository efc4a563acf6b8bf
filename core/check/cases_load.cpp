// Bad inputs, fuzz, secrets, cancellation, many calls at once and very many calls.
#include "check/cases.hpp"
#include "check/fuzz.hpp"
#include "check/rules.hpp"

#include <fstream>
#include <sstream>

namespace crossdock::check {
namespace {

constexpr std::size_t at_once = 64;
constexpr milliseconds overlap{20};
constexpr std::size_t fuzz_rounds = 300;
constexpr std::size_t growth_calls = 10'000;
constexpr std::size_t growth_warm_up = 2'000;
/// At once: each thread of a worker has memory of its own, which is no leak.
constexpr std::size_t growth_chunk = 8;
constexpr std::int64_t growth_max_kib = 1'024;
/// Of half of the calls; malloc's own restlessness stays below it.
constexpr std::int64_t growth_part_kib = 192;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool instrumented = true;
#else
constexpr bool instrumented = false;
#endif
constexpr milliseconds cancel_after{200};
constexpr std::int64_t cancel_within_ms = 4'000;

/// The operations that can be tried.
std::vector<const Example*> tried_operations(const Subject& subject) {
    std::vector<const Example*> list;
    for (const auto& operation : subject.manifest.operations) {
        if (const auto* example = subject.dialect.example(operation)) { list.push_back(example); }
    }
    return list;
}

/// Documents that lack something, or have it in a wrong kind.
std::vector<Json> bad_inputs(const Json& good) {
    std::vector<Json> made{Json::object()};
    for (std::size_t i = 0; i < good.members().size(); ++i) {
        Json without = good;
        without.members().erase(without.members().begin() + static_cast<std::ptrdiff_t>(i));
        made.push_back(std::move(without));
        for (const Json& value : {Json(), Json(7), Json::array()}) {
            Json wrong = good;
            wrong.members()[i].second = value;
            made.push_back(std::move(wrong));
        }
    }
    return made;
}

Outcome bad_input(const Subject& subject, const Example& example) {
    return on_stage(subject, {}, [&](Stage& stage, Outcome& outcome) {
        const auto order = stage.order(1);
        stage.world().put_in_play(order);
        bool first = true;
        for (const auto& input : bad_inputs(stage.input(example.operation, order))) {
            const auto seen = stage.call({example.operation, input, order});
            append(outcome.lines, breaches(seen));
            if (seen.worker_died) { return; }
            const bool nothing_to_go_by = first && example.operation != "sync_inventory";
            first = false;
            if (nothing_to_go_by && seen.answered()) {
                outcome.lines.push_back(example.operation +
                                        " takes {} for an input: a member that is missing must be a fault that names it");
            }
            if (nothing_to_go_by && !seen.arrivals.empty()) {
                outcome.lines.push_back(example.operation + " sends " + seen.arrivals.front().line + " though its input is {}");
            }
        }
    });
}

Outcome fuzz(const Subject& subject, const Example& example) {
    return on_stage(subject, {}, [&](Stage& stage, Outcome& outcome) {
        const auto mutator = std::make_shared<Mutator>(subject.seed);
        const auto order = stage.order(1);
        stage.world().put_in_play(order);
        if (example.operation != "create_order") { (void)stage.world().adopt(order.reference); }
        const auto last = std::make_shared<std::string>();
        const bool webhook = example.operation == "handle_webhook";
        if (!webhook) {
            stage.world().spoil = [mutator, last](http::Response& answer) {
                answer.body = mutator->document(answer.body);
                *last = answer.body;
            };
        }
        for (std::size_t round = 1; round <= fuzz_rounds; ++round) {
            Json input = stage.input(example.operation, order);
            if (webhook) {
                *last = mutator->document(example.input.text("body"));
                input.set("body", *last);
            }
            const auto seen = stage.call({example.operation, std::move(input), order});
            auto wrong = breaches(seen);
            if (wrong.empty()) { continue; }
            append(outcome.lines, std::move(wrong));
            outcome.lines.push_back("in round " + std::to_string(round) + " of --seed " + std::to_string(subject.seed) +
                                    ", with " + (webhook ? "the payload " : "the answer ") + shortened(Json(*last).dump()));
            return;
        }
    });
}

/// In clear a secret shows nowhere. Where something is printed or logged the host has blotted it out already, and the blot tells;
/// in an answer the blot is right, since the host's own words about an exchange may hold one.
void look_for_secrets(const Stage& stage, const std::string& where, const std::string& text, bool blot_tells, Outcome& outcome) {
    if (blot_tells && text.find("[secret]") != std::string::npos) {
        append(outcome.lines, {where + " shows a secret (the host has blotted it out): a secret belongs into requests alone"});
    }
    for (const auto& [name, value] : stage.secrets()) {
        if (text.find(value) != std::string::npos) { append(outcome.lines, {where + " shows the secret " + name + " in clear"}); }
    }
}

void try_for_secrets(Stage& stage, Outcome& outcome) {
    const auto order = stage.order(1);
    stage.world().put_in_play(order);
    (void)stage.world().adopt(order.reference);
    std::string before;
    for (const auto* example : tried_operations(stage.subject())) {
        for (auto input : {stage.input(example->operation, order), Json::object()}) {
            const auto seen = stage.call({example->operation, std::move(input), order});
            look_for_secrets(stage, "the answer of " + example->operation, seen.answer.text + seen.answer.output.dump(), false,
                             outcome);
            const auto printed = stage.printed();
            look_for_secrets(stage, "what " + example->operation + " logs or prints",
                             printed.substr(std::min(before.size(), printed.size())), true, outcome);
            before = printed;
        }
    }
}

Outcome secrets(const Subject& subject) {
    Outcome outcome;
    for (const auto trouble : {Trouble::none, Trouble::error_500, Trouble::malformed, Trouble::cut_fresh}) {
        const auto one = on_stage(subject, {.trouble = trouble}, &try_for_secrets);
        append(outcome.lines, one.lines);
    }
    return outcome;
}

Outcome canceled(const Subject& subject, const Example& example) {
    // The first page comes and the second does not, where there are pages; else the only answer.
    Stage::Setup setup{.trouble = Trouble::silence, .trouble_from = example.exchanges.size() > 1 ? 1U : 0U};
    setup.request_timeout = subject.patience * 2;
    return on_stage(subject, std::move(setup), [&](Stage& stage, Outcome& outcome) {
        const auto order = stage.order(1);
        stage.world().put_in_play(order);
        (void)stage.world().adopt(order.reference);
        const auto timer = stage.bench().clock().after(cancel_after, [&stage] { stage.bench().cancel(); });
        const auto seen = stage.call(example.operation, order);
        stage.bench().clock().cancel(timer);
        if (seen.took < cancel_after) {
            outcome.lines.push_back(example.operation + " ended before it was canceled: " + seen.answer.text);
        }
        else if (seen.worker_died) {
            outcome.lines.push_back(example.operation + " does not give up when it is canceled: " + seen.answer.text);
        }
        else if (seen.took.count() > cancel_within_ms) {
            outcome.lines.push_back(example.operation + " gave up " + std::to_string(seen.took.count()) +
                                    " ms after it had begun, and was canceled after " + std::to_string(cancel_after.count()) +
                                    " ms");
        }
        else if (seen.answered() && example.operation == "sync_inventory") {
            outcome.lines.push_back("sync_inventory says that the stock is complete after it was canceled");
        }
    });
}

Outcome many_at_once(const Subject& subject, const Example& example) {
    return on_stage(subject, {.latency = overlap}, [&](Stage& stage, Outcome& outcome) {
        std::vector<Stage::Ask> asks;
        const bool creates = example.operation == "create_order";
        for (std::size_t i = 0; i < at_once; ++i) {
            const auto order = stage.order(i + 1);
            stage.world().put_in_play(order);
            if (!creates) { (void)stage.world().adopt(order.reference); }
            asks.push_back({example.operation, stage.input(example.operation, order), order});
        }
        for (const auto& seen : stage.call_all(asks, false)) {
            if (seen.worker_died) { return append(outcome.lines, breaches(seen)); }
            const auto ids = stage.world().orders_of(seen.order.reference);
            const auto wrong = unlike(example, seen, ids.empty() ? "" : ids.front());
            if (!wrong.empty()) {
                append(outcome.lines, {wrong.front() + " (with " + std::to_string(at_once) + " calls at once, for " +
                                       seen.order.reference + ")"});
            }
            if (outcome.lines.size() >= 3) { return; }
        }
    });
}

/// Anonymous resident memory of a process in KiB (proc(5), RssAnon); nothing when it is not told.
std::optional<std::int64_t> anonymous_kib(int pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("RssAnon:")) { continue; }
        std::istringstream words(line.substr(8));
        std::int64_t kib = 0;
        if (words >> kib) { return kib; }
    }
    return {};
}

/// Calls every operation again and again; a call that fails or an end of the worker ends it.
bool call_on(Stage& stage, std::size_t calls, Outcome& outcome) {
    const auto operations = tried_operations(stage.subject());
    for (std::size_t done = 0, next = 0; done < calls; done += growth_chunk) {
        std::vector<Stage::Ask> asks;
        for (std::size_t i = 0; i < growth_chunk; ++i, ++next) {
            const auto& example = *operations[next % operations.size()];
            const auto order = stage.order(1 + next % growth_chunk);
            asks.push_back({example.operation, stage.input(example.operation, order), order});
        }
        for (const auto& seen : stage.call_all(asks, false)) {
            if (!seen.answered() || seen.worker_died) {
                outcome.lines.push_back(seen.operation + " failed after about " + std::to_string(done) +
                                        " calls: " + seen.answer.text);
                return false;
            }
        }
    }
    return true;
}

Outcome growth(const Subject& subject) {
    if (instrumented) { return skipped("memory is not measured under a sanitizer"); }
    if (tried_operations(subject).empty()) { return skipped("no operation can be tried"); }
    return on_stage(subject, {.honours_keys = true}, [&](Stage& stage, Outcome& outcome) {
        for (std::size_t i = 1; i <= growth_chunk; ++i) {
            stage.world().put_in_play(stage.order(i));
            (void)stage.world().adopt(stage.order(i).reference);
        }
        if (!call_on(stage, growth_warm_up, outcome)) { return; }
        // What has settled does not grow for ever; a leak does, in each of three parts.
        std::int64_t least = growth_max_kib;
        std::string told;
        for (int part = 0; part < 3; ++part) {
            const auto before = anonymous_kib(stage.bench().pid());
            if (!call_on(stage, growth_calls / 2, outcome)) { return; }
            const auto after = anonymous_kib(stage.bench().pid());
            if (!before || !after) {
                outcome = skipped("this system does not tell how much memory a process has");
                return;
            }
            least = std::min(least, *after - *before);
            told += (told.empty() ? "" : ", ") + std::to_string(*after - *before);
            // Enough when the 10,000 calls left nothing behind; the third part settles a doubt.
            if (part == 1 && least <= growth_part_kib) { return; }
        }
        if (least > growth_part_kib) {
            outcome.lines.push_back("the worker's memory grew by " + told + " KiB in parts of " +
                                    std::to_string(growth_calls / 2) + " calls: something is never freed");
        }
    });
}

}  // namespace

void add_load_cases(const Subject& subject, std::vector<Case>& cases) {
    const auto operations = tried_operations(subject);
    for (const auto* example : operations) {
        const auto& name = example->operation;
        const auto with = [example](Outcome (*run)(const Subject&, const Example&)) {
            return [example, run](const Subject& tried) { return run(tried, *example); };
        };
        cases.push_back({name + ".input", name + " refuses inputs that lack something", with(&bad_input)});
        if (!example->exchanges.empty() || name == "handle_webhook") {
            cases.push_back(
                {name + ".fuzz", name + " withstands " + std::to_string(fuzz_rounds) + " damaged documents", with(&fuzz)});
        }
        const bool speaks = !example->exchanges.empty() || !example->smtp_tls.empty();
        if (speaks && !is_effect(name)) {
            cases.push_back({name + ".cancel", name + " gives up when it is canceled", with(&canceled)});
        }
        if (name != "sync_inventory") {
            cases.push_back({name + ".threads",
                             std::to_string(at_once) + " calls of " + name + " at once keep their answers apart",
                             with(&many_at_once)});
        }
    }
    if (operations.empty()) { return; }
    cases.push_back({"secrets", "no secret is logged, printed or answered", &secrets});
    cases.push_back({"growth", std::to_string(growth_calls) + " calls leave no memory behind", &growth});
}

}  // namespace crossdock::check
