#pragma once

#include "check/report.hpp"
#include "check/stage.hpp"

#include <functional>
#include <string>
#include <vector>

namespace crossdock::check {

/// What became of a case: no lines means that it passed.
struct Outcome {
    std::vector<std::string> lines = {};
    bool skipped = false;
    bool hopeless = false;  ///< nothing else can be tried either
};

[[nodiscard]] inline Outcome skipped(std::string why) {
    return {.lines = {std::move(why)}, .skipped = true};
}

/// One case. Each has worker processes of its own.
struct Case {
    std::string name;
    std::string title;
    std::function<Outcome(const Subject&)> run;
};

/// The parts of a check; each appends its cases. The subject has its manifest and dialect.
void add_manifest_cases(const Subject& subject, std::vector<Case>& cases);
void add_call_cases(const Subject& subject, std::vector<Case>& cases);
void add_effect_cases(const Subject& subject, std::vector<Case>& cases);
void add_load_cases(const Subject& subject, std::vector<Case>& cases);

/// Runs `body` on a stage; a stage that cannot be raised is what is wrong.
[[nodiscard]] Outcome on_stage(const Subject& subject, Stage::Setup setup, const std::function<void(Stage&, Outcome&)>& body);

void append(std::vector<std::string>& lines, std::vector<std::string> more);

}  // namespace crossdock::check
