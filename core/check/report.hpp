#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace crossdock::check {

enum class Verdict { passed, failed, skipped };

[[nodiscard]] std::string_view name(Verdict verdict);

/// What became of one case.
struct CaseReport {
    std::string name;   ///< "create_order.error-500", as --case takes it
    std::string title;  ///< a sentence for people
    Verdict verdict = Verdict::passed;
    std::vector<std::string> lines = {};  ///< what is wrong, or why it was skipped
    milliseconds took{0};
};

/// All that a check found out.
struct Report {
    std::string library;
    std::string plugin;  ///< "acme 1.0.0"; empty when it does not load
    std::string digest;
    std::uint64_t seed = 0;
    std::vector<CaseReport> cases = {};

    [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// {"library", "plugin", "digest", "seed", "passed", "failed", "skipped", "cases": [{"name", "title", "verdict", "lines",
/// "took_ms"}]}
[[nodiscard]] Json report_json(const Report& report);

/// JUnit's XML, as CI systems read it: one suite, a testcase per case, the lines of a failure as its text.
[[nodiscard]] std::string report_junit(const Report& report);

}  // namespace crossdock::check
