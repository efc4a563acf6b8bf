#include "check/check.hpp"

#include "base/joined.hpp"
#include "base/system_clock.hpp"
#include "check/cases.hpp"
#include "plugin/settings.hpp"

#include <algorithm>

namespace crossdock::check {
namespace {

namespace fs = std::filesystem;

/// Some peers keep a request waiting for a second on purpose.
constexpr milliseconds patience_min{3'000};

/// Where the cassettes of a library are by habit: beside it, or where `plugin new` puts them.
fs::path cassettes_of(const fs::path& library) {
    const auto folder = library.parent_path();
    for (const auto& candidate : {folder / "cassettes", folder / ".." / "cassettes", folder / ".." / "tests" / "cassettes"}) {
        std::error_code ignored;
        if (fs::is_directory(candidate, ignored)) { return fs::canonical(candidate, ignored); }
    }
    return folder / "cassettes";
}

bool chosen(const Options& options, const std::string& name) {
    return options.only.empty() || std::any_of(options.only.begin(), options.only.end(), [&](const std::string& one) {
               return name == one || name.starts_with(one + ".");
           });
}

struct Plan {
    Subject subject;
    std::vector<Case> cases = {};
    std::optional<CaseReport> does_not_load = {};
};

Result<std::unique_ptr<Plan>> make_plan(const Options& options) {
    std::error_code error;
    if (!fs::is_regular_file(options.library, error)) { return Fault{"there is no such file", options.library.string()}; }
    if (options.patience < patience_min) {
        return Fault{"one call needs at least " + duration_text(patience_min) + " here", "--timeout"};
    }
    if (const auto folder = ScratchFolder::make("check"); !folder) { return folder.error(); }
    auto plan = std::make_unique<Plan>();
    plan->subject.library = fs::absolute(options.library);
    plan->subject.patience = options.patience;
    plan->subject.seed = options.seed;
    auto manifest = inspect_plugin(plan->subject.library, options.interface);
    if (!manifest) {
        plan->does_not_load =
            CaseReport{"descriptor", "the plugin loads and says what it is", Verdict::failed, {manifest.error().text()}, {}};
        return plan;
    }
    plan->subject.manifest = std::move(*manifest);
    const auto folder = options.cassettes.value_or(cassettes_of(plan->subject.library));
    if (options.cassettes && !fs::is_directory(folder, error)) { return Fault{"there is no such folder", folder.string()}; }
    auto dialect = Dialect::learn(folder);
    if (!dialect) { return dialect.error(); }
    plan->subject.dialect = std::move(*dialect);
    plan->subject.cassettes = folder;
    const auto& schema = plan->subject.manifest.schema;
    const auto& settings = plan->subject.dialect.settings;
    plan->subject.dialect.set_apart(plugin::preparations(schema, settings));
    // What an account with the cassettes' settings does not have is not tried.
    std::erase_if(plan->subject.manifest.operations,
                  [&](const std::string& operation) { return plugin::lacking_setting(schema, settings, operation).has_value(); });
    auto& cases = plan->cases;
    cases.push_back({"descriptor", "the plugin loads and says what it is", [](const Subject& subject) {
                         const auto& all = subject.manifest.interfaces;
                         if (all.size() < 2) { return Outcome{}; }
                         return skipped("it has the interfaces " + joined(all) + "; tried is " + subject.manifest.interface +
                                        ", and --interface names another");
                     }});
    add_manifest_cases(plan->subject, cases);
    add_call_cases(plan->subject, cases);
    add_effect_cases(plan->subject, cases);
    add_load_cases(plan->subject, cases);
    for (const auto& wanted : options.only) {
        const bool known = std::any_of(cases.begin(), cases.end(),
                                       [&](const Case& one) { return one.name == wanted || one.name.starts_with(wanted + "."); });
        if (known) { continue; }
        const auto operation = wanted.substr(0, wanted.find('.'));
        if (plan->subject.offers(operation) && plan->subject.dialect.example(operation) == nullptr) {
            return Fault{"no cassette in " + folder.string() + " shows " + operation + " succeeding, so that it has no cases",
                         "--case " + wanted};
        }
        return Fault{"there is no case " + wanted + "; --list shows them"};
    }
    std::erase_if(cases, [&](const Case& one) { return !chosen(options, one.name); });
    return plan;
}

Outcome run_case(const Case& one, const Subject& subject, milliseconds patience) {
    try {
        return one.run(subject);
    } catch (const Overdue&) {
        return {{"the case took longer than " + duration_text(patience) + ": the plugin is slow, or stuck (--case-timeout)"}};
    }
}

}  // namespace

Result<std::vector<CaseReport>> list(const Options& options) {
    auto plan = make_plan(options);
    if (!plan) { return plan.error(); }
    std::vector<CaseReport> cases;
    if ((*plan)->does_not_load) { cases.push_back(*(*plan)->does_not_load); }
    for (const auto& one : (*plan)->cases) { cases.push_back({one.name, one.title}); }
    return cases;
}

Result<Report> run(const Options& options, const std::function<void(const CaseReport&, std::size_t of)>& on_case) {
    auto made = make_plan(options);
    if (!made) { return made.error(); }
    auto& plan = **made;
    Report report{
        .library = options.library.string(), .plugin = {}, .digest = plan.subject.manifest.digest, .seed = options.seed};
    if (plan.does_not_load) {
        report.cases.push_back(*plan.does_not_load);
        on_case(report.cases.back(), 1);
        return report;
    }
    report.plugin = plan.subject.manifest.name + " " + plan.subject.manifest.version;
    bool hopeless = false;
    for (const auto& one : plan.cases) {
        const auto began = system_boot_ms();
        plan.subject.deadline = began + options.case_patience.count();
        auto outcome = hopeless ? skipped("the plugin does not start") : run_case(one, plan.subject, options.case_patience);
        hopeless = hopeless || outcome.hopeless;
        CaseReport done{one.name, one.title, Verdict::passed, std::move(outcome.lines), milliseconds{system_boot_ms() - began}};
        if (!done.lines.empty()) { done.verdict = outcome.skipped ? Verdict::skipped : Verdict::failed; }
        report.cases.push_back(std::move(done));
        on_case(report.cases.back(), plan.cases.size());
    }
    return report;
}

}  // namespace crossdock::check
