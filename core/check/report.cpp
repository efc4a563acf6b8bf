#include "check/report.hpp"

#include "base/joined.hpp"

#include <algorithm>

namespace crossdock::check {
namespace {

/// Text for XML 1.0: markup escaped, characters that it forbids replaced.
std::string xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\n': out += "&#10;"; break;
            case '\t': out += "&#9;"; break;
            default: out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    return out;
}

std::string seconds(milliseconds took) {
    const auto rest = std::to_string(took.count() % 1000);
    return std::to_string(took.count() / 1000) + "." + std::string(3 - rest.size(), '0') + rest;
}

}  // namespace

std::string_view name(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed: return "passed";
        case Verdict::failed: return "failed";
        case Verdict::skipped: break;
    }
    return "skipped";
}

std::size_t Report::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(cases.begin(), cases.end(), [&](const CaseReport& one) { return one.verdict == verdict; }));
}

Json report_json(const Report& report) {
    Json cases = Json::array();
    for (const auto& one : report.cases) {
        Json lines = Json::array();
        for (const auto& line : one.lines) { lines.push(line); }
        Json made = Json::object({{"name", one.name}, {"title", one.title}, {"verdict", name(one.verdict)}});
        cases.push(made.set("lines", std::move(lines)).set("took_ms", static_cast<std::int64_t>(one.took.count())));
    }
    Json made = Json::object({{"library", report.library}, {"plugin", report.plugin}, {"digest", report.digest}});
    made.set("seed", report.seed);
    for (const auto verdict : {Verdict::passed, Verdict::failed, Verdict::skipped}) {
        made.set(std::string(name(verdict)), static_cast<std::uint64_t>(report.count(verdict)));
    }
    return std::move(made.set("cases", std::move(cases)));
}

std::string report_junit(const Report& report) {
    milliseconds total{0};
    for (const auto& one : report.cases) { total += one.took; }
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    out += "<testsuite name=\"crossdock plugin check " + xml(report.plugin.empty() ? report.library : report.plugin) +
           "\" tests=\"" + std::to_string(report.cases.size()) + "\" failures=\"" +
           std::to_string(report.count(Verdict::failed)) + "\" skipped=\"" + std::to_string(report.count(Verdict::skipped)) +
           "\" errors=\"0\" time=\"" + seconds(total) + "\">\n";
    for (const auto& one : report.cases) {
        out += "  <testcase classname=\"crossdock.check\" name=\"" + xml(one.name) + "\" time=\"" + seconds(one.took) + "\"";
        if (one.verdict == Verdict::passed) {
            out += "/>\n";
            continue;
        }
        const auto text = joined(one.lines, "\n");
        if (one.verdict == Verdict::skipped) { out += "><skipped message=\"" + xml(text) + "\"/></testcase>\n"; }
        else { out += "><failure message=\"" + xml(one.title) + "\">" + xml(text) + "</failure></testcase>\n"; }
    }
    return out + "</testsuite>\n";
}

}  // namespace crossdock::check
