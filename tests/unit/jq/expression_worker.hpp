#pragma once

#include "../plugin/floor.hpp"

#include <initializer_list>
#include <string>
#include <vector>

/// The evaluator in a worker of its own.
class ExpressionWorker {
public:
    ExpressionWorker() {
        crossdock::plugin::WorkerSpec spec;
        spec.name = "expressions";
        spec.interface = "crossdock.expressions/1";
        spec.library = EXPRESSIONS;
        spec.quarantine = false;
        started = floor.wait(floor.workers->start(std::move(spec)));
    }

    crossdock::plugin::CallAnswer call(const std::string& operation, const std::vector<std::string>& expressions,
                                       const std::string& document = "null",
                                       crossdock::milliseconds timeout = crossdock::milliseconds{20'000}) {
        crossdock::Json list = crossdock::Json::array();
        for (const auto& one : expressions) { list.push(one); }
        crossdock::plugin::Call made;
        made.target = "expressions";
        made.operation = operation;
        made.input = crossdock::Json::object();
        made.input.set("expressions", std::move(list)).set("input", crossdock::Json::parse(document).value());
        made.timeout = timeout;
        return floor.wait(floor.workers->call(std::move(made), {}));
    }

    /// The value's JSON, or "error: ..."; for a call that gave no results its text.
    std::string value(const std::string& expression, const std::string& document = "null") {
        const auto answer = call("evaluate", {expression}, document);
        if (answer.status != crossdock::plugin::CallStatus::answered) { return "no answer: " + answer.text; }
        const auto& result = answer.output.find("results")->items().at(0);
        if (const auto* found = result.find("value")) { return found->dump(); }
        return "error: " + result.text("error");
    }

    /// "line:column message", or "ok".
    std::string checked(const std::string& expression) {
        const auto answer = call("check", {expression});
        if (answer.status != crossdock::plugin::CallStatus::answered) { return "no answer: " + answer.text; }
        const auto& result = answer.output.find("results")->items().at(0);
        if (result.find("message") == nullptr) { return "ok"; }
        return std::to_string(result.integer("line")) + ":" + std::to_string(result.integer("column")) + " " +
               result.text("message");
    }

    /// Any other worker would be quarantined at its first death.
    static crossdock::plugin::Workers::Options strict() {
        crossdock::plugin::Workers::Options options;
        options.deaths_max = 1;
        return options;
    }

    Floor floor{strict()};
    crossdock::Result<crossdock::plugin::Manifest> started = crossdock::Fault{"not started"};
};
