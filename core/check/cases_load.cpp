// Bad inputs, fuzz, secrets, cancellation, many calls at once and very many calls.
#include "check/cases.hpp"
#include "check/fuzz.hpp"
#include "check/rules.hpp"
#include "crypto/crypto.hpp"

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
/// The host starts some of its own as calls come.
constexpr std::int64_t growth_threads = 64;
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
        stage.prepare(example.operation, order);
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

/// What stands in a base64 text whose bytes hold the secret: one for each place that it can begin at within three bytes.
std::vector<std::string> base64_forms(const std::string& secret) {
    std::vector<std::string> forms;
    for (std::size_t before = 0; before < 3; ++before) {
        const auto encoded = crypto::base64(std::string(before, 'x') + secret);
        // Only characters that say nothing of what stands around the secret: each has six bits.
        const auto first = (before * 8 + 5) / 6;
        const auto end = (before + secret.size()) * 8 / 6;
        forms.push_back(encoded.substr(first, end - first));
    }
    return forms;
}

/// In clear a secret shows nowhere. Where something is printed or logged the host has blotted it out already, and the blot tells;
/// in an answer the blot is right, since the host's own words about an exchange may hold one.
void look_for_secrets(const Stage& stage, const std::string& where, const std::string& text, bool blot_tells, Outcome& outcome) {
    if (blot_tells && text.find("[secret]") != std::string::npos) {
        append(outcome.lines, {where + " shows a secret (the host has blotted it out): a secret belongs into requests alone"});
    }
    for (const auto& [name, value] : stage.secrets()) {
        if (text.find(value) != std::string::npos) { append(outcome.lines, {where + " shows the secret " + name + " in clear"}); }
        for (const auto& form : base64_forms(value)) {
            if (text.find(form) == std::string::npos) { continue; }
            append(outcome.lines, {where + " shows the secret " + name + " in base64, which anybody reads"});
        }
    }
}

void try_for_secrets(Stage& stage, Outcome& outcome) {
    const auto order = stage.order(1);
    stage.have_placed(order);
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
        stage.have_placed(order);
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
        for (std::size_t i = 0; i < at_once; ++i) {
            const auto order = stage.order(i + 1);
            stage.prepare(example.operation, order);
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

/// What a worker holds on to, as /proc/PID/status tells it (proc(5)).
struct Holdings {
    std::int64_t anonymous_kib = 0;
    std::int64_t descriptor_slots = 0;  ///< a power of two, at least as many as are open
    std::int64_t threads = 0;
};

std::optional<Holdings> holdings_of(int pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    Holdings found;
    const std::pair<std::string_view, std::int64_t*> wanted[] = {
        {"RssAnon:", &found.anonymous_kib}, {"FDSize:", &found.descriptor_slots}, {"Threads:", &found.threads}};
    std::size_t read = 0;
    for (std::string line; std::getline(in, line);) {
        for (const auto& [key, value] : wanted) {
            if (line.starts_with(key) && std::istringstream(line.substr(key.size())) >> *value) { ++read; }
        }
    }
    return read == std::size(wanted) ? std::optional(found) : std::nullopt;
}

/// A document for that call: as the cassette has it, or for a webhook that is to fail, half a payload.
Json growth_input(Stage& stage, const Example& example, const InPlay& order, bool to_fail) {
    auto input = stage.input(example.operation, order);
    if (to_fail && example.operation == "handle_webhook") {
        const auto body = input.text("body");
        input.set("body", body.substr(0, body.size() / 2));
    }
    return input;
}

/// Calls every operation again and again, every second time while its peer fails; a good call that fails or an end of the worker
/// ends it.
bool call_on(Stage& stage, std::size_t calls, Outcome& outcome) {
    constexpr Trouble turns[] = {Trouble::none, Trouble::error_500, Trouble::none, Trouble::malformed};
    const auto operations = tried_operations(stage.subject());
    for (std::size_t done = 0, next = 0, turn = 0; done < calls; done += growth_chunk, ++turn) {
        stage.world().trouble = turns[turn % std::size(turns)];
        const bool to_fail = stage.world().trouble != Trouble::none;
        std::vector<Stage::Ask> asks;
        for (std::size_t i = 0; i < growth_chunk; ++i, ++next) {
            const auto& example = *operations[next % operations.size()];
            const auto order = stage.order(1 + next % growth_chunk);
            asks.push_back({example.operation, growth_input(stage, example, order, to_fail), order});
        }
        for (const auto& seen : stage.call_all(asks, false)) {
            if (!seen.worker_died && (to_fail || seen.answered())) { continue; }
            outcome.lines.push_back(seen.operation + " failed after about " + std::to_string(done) +
                                    " calls: " + seen.answer.text);
            return false;
        }
    }
    return true;
}

Outcome growth(const Subject& subject) {
    if (instrumented) { return skipped("memory is not measured under a sanitizer"); }
    return on_stage(subject, {.honours_keys = true}, [&](Stage& stage, Outcome& outcome) {
        stage.world().one_per_reference = true;
        for (std::size_t i = 1; i <= growth_chunk; ++i) { stage.have_placed(stage.order(i)); }
        if (!call_on(stage, growth_warm_up, outcome)) { return; }
        const auto first = holdings_of(stage.bench().pid());
        if (!first) {
            outcome = skipped("this system does not tell what a process holds");
            return;
        }
        // What has settled does not grow for ever; a leak does, in each of three parts.
        std::int64_t least = growth_max_kib;
        std::string told;
        auto before = *first;
        for (int part = 0; part < 3; ++part) {
            if (!call_on(stage, growth_calls / 2, outcome)) { return; }
            const auto after = holdings_of(stage.bench().pid()).value_or(before);
            const auto grown = after.anonymous_kib - before.anonymous_kib;
            least = std::min(least, grown);
            told += (told.empty() ? "" : ", ") + std::to_string(grown);
            before = after;
            // Enough when the 10,000 calls left nothing behind; the third part settles a doubt.
            if (part == 1 && least <= growth_part_kib) { break; }
        }
        if (least > growth_part_kib) {
            outcome.lines.push_back("the worker's memory grew by " + told + " KiB in parts of " +
                                    std::to_string(growth_calls / 2) + " calls: something is never freed");
        }
        if (before.descriptor_slots > first->descriptor_slots) {
            outcome.lines.push_back("the worker's table of descriptors grew from " + std::to_string(first->descriptor_slots) +
                                    " to " + std::to_string(before.descriptor_slots) + ": something is never closed");
        }
        if (before.threads > first->threads + growth_threads) {
            outcome.lines.push_back("the worker has " + std::to_string(before.threads) + " threads, and had " +
                                    std::to_string(first->threads) + ": some never end");
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
        cases.push_back({name + ".threads", std::to_string(at_once) + " calls of " + name + " at once keep their answers apart",
                         with(&many_at_once)});
    }
    if (operations.empty()) { return; }
    cases.push_back({"secrets", "no secret is logged, printed or answered", &secrets});
    cases.push_back({"growth", std::to_string(growth_calls) + " calls leave no memory, descriptors or threads behind", &growth});
}

}  // namespace crossdock::check
