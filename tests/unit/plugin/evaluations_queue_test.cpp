// Whose expression is evaluated when: over a scripted evaluator and a clock that moves only when told to.
#include "plugin/evaluations.hpp"
#include "support/manual_clock.hpp"

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <utility>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

/// Evaluates nothing: writes down what comes, and takes the time that the test says.
struct Script {
    boost::asio::io_context io;
    test::ManualClock clock;
    milliseconds takes{0};
    int starts = 0;
    bool refuses = false;
    std::vector<std::string> seen;  ///< the expressions in the order of their evaluation
    std::map<std::string, EvaluationAnswer> answers;
    std::function<void()> meanwhile;  ///< happens once, during an evaluation

    static Task<Result<Manifest>> start(Script* script, WorkerSpec spec) {
        ++script->starts;
        CHECK(spec.name == evaluations_worker);
        CHECK_FALSE(spec.quarantine);
        if (script->refuses) { co_return Fault{"no such file"}; }
        co_return Manifest{};
    }
    static Task<CallAnswer> call(Script* script, Call call) {
        script->seen.push_back(call.input.text("expression"));
        script->clock.advance(script->takes);
        if (const auto happens = std::exchange(script->meanwhile, {})) { happens(); }
        CallAnswer answer{CallStatus::answered};
        answer.output = Json::object({{"value", "of " + call.input.text("expression")}});
        if (script->takes > evaluation_timeout) { answer = {CallStatus::unknown, {}, "the worker was ended"}; }
        co_return answer;
    }

    std::shared_ptr<Evaluations> evaluations =
        std::make_shared<Evaluations>(io.get_executor(), clock, "/lib/libexpressions.so",
                                      Evaluations::Evaluator{[this](WorkerSpec spec) { return start(this, std::move(spec)); },
                                                             [this](Call wanted) { return call(this, std::move(wanted)); }});

    void take(
        const std::string& account, const std::string& expression, std::string document = "1",
        std::function<bool()> wanted = [] { return true; }) {
        evaluations->take({account, expression, std::move(document), std::move(wanted),
                           [this, expression](EvaluationAnswer answer) { answers[expression] = std::move(answer); }});
    }
    void run() {
        io.restart();
        io.run();
    }
};

}  // namespace

TEST_CASE("accounts take turns, however much one of them wants evaluated", "[plugin][unit]") {
    Script script;
    for (const auto* one : {"a1", "a2", "a3", "a4"}) { script.take("a", one); }
    for (const auto* one : {"b1", "b2"}) { script.take("b", one); }
    script.take("c", "c1");
    script.run();
    CHECK(script.seen == std::vector<std::string>{"a1", "b1", "c1", "a2", "b2", "a3", "a4"});
    CHECK(script.starts == 1);
    CHECK(script.answers["b2"].value == "of b2");
    script.take("a", "a5");
    script.run();
    CHECK(script.seen.size() == 8);
    CHECK(script.starts == 1);
}

TEST_CASE("who asks while another account's expression is evaluated is next", "[plugin][unit]") {
    Script script;
    for (const auto* one : {"a1", "a2", "a3"}) { script.take("a", one); }
    script.meanwhile = [&script] {
        script.take("b", "b1");
        script.take("b", "b2");
        script.take("a", "a4");
    };
    script.run();
    CHECK(script.seen == std::vector<std::string>{"a1", "b1", "a2", "b2", "a3", "a4"});
    CHECK(script.answers.size() == 6);
}

TEST_CASE("an expression that takes too long says so, and what waited too long behind it fails", "[plugin][unit]") {
    Script script;
    script.takes = milliseconds{2'100};
    for (const auto* one : {"1", "2", "3", "4", "5", "6"}) { script.take("a", one); }
    script.run();
    CHECK(script.seen == std::vector<std::string>{"1", "2", "3", "4"});
    CHECK(script.answers["1"].error == "it took longer than 2s");
    CHECK_THAT(script.answers["6"].error, Contains("its turn did not come within 8s"));
    CHECK(script.answers.size() == 6);
}

TEST_CASE("what nobody waits for any more is not evaluated", "[plugin][unit]") {
    Script script;
    script.take("a", "1", "1", [] { return false; });
    script.take("a", "2");
    script.run();
    CHECK(script.seen == std::vector<std::string>{"2"});
}

TEST_CASE("documents that wait are bounded together", "[plugin][unit]") {
    Script script;
    const std::string large(evaluations_bytes_max / 2, ' ');
    for (const auto* one : {"1", "2", "3"}) { script.take("a", one, large); }
    CHECK_THAT(script.answers["3"].error, Contains("too much is waiting"));
    script.run();
    CHECK(script.answers["2"].value == "of 2");
    script.take("a", "4", large);
    script.run();
    CHECK(script.answers["4"].value == "of 4");
}

TEST_CASE("an evaluator that does not start fails each evaluation, and is tried again", "[plugin][unit]") {
    Script script;
    script.refuses = true;
    script.take("a", "1");
    script.run();
    CHECK(script.answers["1"].error == "the expression worker does not start: no such file");
    script.refuses = false;
    script.take("a", "2");
    script.run();
    CHECK(script.answers["2"].value == "of 2");
    CHECK(script.starts == 2);
}

TEST_CASE("without the evaluator's library nothing is evaluated", "[plugin][unit]") {
    boost::asio::io_context io;
    test::ManualClock clock;
    const auto evaluations = std::make_shared<Evaluations>(io.get_executor(), clock, "", Evaluations::Evaluator{});
    std::string error;
    evaluations->take({"a", "1", "1", [] { return true; }, [&error](const EvaluationAnswer& answer) { error = answer.error; }});
    CHECK(error == "nothing is evaluated here");
}
