// libexpressions.so: the one place that runs jq. A worker loads it as it loads a plugin, so that an expression that crashes,
// hangs or eats memory costs one attempt.
#include "jq/interface.hpp"
#include "program.hpp"

#include <crossdock/export.hpp>
#include <crossdock/json.hpp>
#include <crossdock/structs.hpp>

#include <sys/resource.h>

#include <map>
#include <memory>
#include <stdexcept>

namespace crossdock::jq {
namespace {

/// All expressions of a step, or of a pipeline that is checked.
constexpr std::size_t expressions_max = 1000;
/// Compiled programs that are kept; more than a daemon's pipelines have steps, as a rule.
constexpr std::size_t programs_max = 128;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// Beyond it jq finds no memory and ends the process, which is what its supervisor is for. Sanitizers reserve far more.
constexpr rlim_t memory_max = rlim_t{256} << 20U;

void cap_memory() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_max > memory_max) {
        limit = {memory_max, memory_max};
        ::setrlimit(RLIMIT_DATA, &limit);
    }
}
#else
void cap_memory() {}
#endif

/// Compiled programs by their expressions.
/// Threads: one call at a time (XD_SERIAL_CALLS).
class Evaluator {
public:
    [[nodiscard]] sdk::Json check(const sdk::Json& input) {
        const auto expressions = expressions_of(input);
        sdk::Json results = sdk::Json::array();
        // Most have no error: one compilation for all then.
        const bool good = sound(expressions) && program_of(expressions) != nullptr;
        for (const auto& expression : expressions) {
            const auto error = good ? std::nullopt : jq::check(expression);
            sdk::Json one = sdk::Json::object();
            if (error) {
                one.set("message", error->message).set("line", error->position.line).set("column", error->position.column);
            }
            results.push(std::move(one));
        }
        sdk::Json answer = sdk::Json::object();
        return answer.set("results", std::move(results));
    }

    /// Written by hand: values are text already.
    [[nodiscard]] std::string evaluate(const sdk::Json& input) {
        const auto expressions = expressions_of(input);
        const auto* document = input.find("input");
        if (document == nullptr) { throw std::runtime_error("the call has no input"); }
        Program* program = sound(expressions) ? program_of(expressions) : nullptr;
        if (program == nullptr) { throw std::runtime_error(first_error(expressions)); }
        const auto outcomes = program->run(Owned(to_jv(*document)));
        std::string answer = R"({"results":[)";
        std::size_t size = 0;
        for (const auto& outcome : outcomes) {
            size += outcome.json.size();
            if (&outcome != outcomes.data()) { answer += ','; }
            if (!outcome.error.empty()) { answer += R"({"error":)" + sdk::Json(outcome.error).dump() + "}"; }
            else if (size > output_bytes_max) {
                answer +=
                    R"({"error":"the values of this step are larger than )" + std::to_string(output_bytes_max) + R"( bytes"})";
            }
            else { answer += R"({"value":)" + outcome.json + "}"; }
        }
        return answer + "]}";
    }

    /// As text in and out: who is in between need not read it.
    [[nodiscard]] sdk::Json evaluate_one(const sdk::Json& input) {
        const std::vector<std::string> expressions{input.need_text("expression")};
        sdk::Json answer = sdk::Json::object();
        Program* program = sound(expressions) ? program_of(expressions) : nullptr;
        if (program == nullptr) {
            const auto error = jq::check(expressions.front()).value_or(CompileError{"jq does not compile this", {}});
            return answer.set("error", error.message).set("line", error.position.line).set("column", error.position.column);
        }
        const auto outcome = program->run(Owned(document_of(input.need_text("document")))).at(0);
        if (!outcome.error.empty()) { return answer.set("error", outcome.error); }
        return answer.set("value", outcome.json);
    }

private:
    static jv document_of(const std::string& text) {
        try {
            return to_jv(sdk::Json::parse(text));
        } catch (const sdk::JsonError& error) {
            throw std::runtime_error(std::string("the document is no JSON: ") + error.what());
        }
    }

    static std::vector<std::string> expressions_of(const sdk::Json& input) {
        std::vector<std::string> expressions;
        for (const auto& one : input.need_array("expressions").items()) {
            if (!one.is_string()) { throw std::runtime_error("an expression is no text"); }
            expressions.push_back(one.text());
        }
        if (expressions.size() > expressions_max) {
            throw std::runtime_error("more than " + std::to_string(expressions_max) + " expressions in one call");
        }
        return expressions;
    }

    /// Whether each may stand in a program with others.
    static bool sound(const std::vector<std::string>& expressions) {
        for (const auto& expression : expressions) {
            if (problem_of(expression)) { return false; }
        }
        return true;
    }

    static std::string first_error(const std::vector<std::string>& expressions) {
        for (const auto& expression : expressions) {
            if (const auto error = jq::check(expression)) { return "`" + expression + "`: " + error->message; }
        }
        return "jq does not compile this";
    }

    /// Null when they do not compile.
    Program* program_of(const std::vector<std::string>& expressions) {
        if (const auto known = programs_.find(expressions); known != programs_.end()) { return known->second.get(); }
        auto made = Program::compile(expressions);
        if (!made) { return nullptr; }
        if (programs_.size() >= programs_max) { programs_.clear(); }
        return programs_.emplace(expressions, std::move(made)).first->second.get();
    }

    std::map<std::vector<std::string>, std::unique_ptr<Program>> programs_;
};

std::uint32_t answer(const xd_reply* reply, const std::string& document) {
    reply->document(reply->context, sdk::text(document));
    return XD_OK;
}

std::uint32_t check_operation(void* self, const xd_host* /*host*/, xd_text input, const xd_reply* reply) {
    return sdk::detail::guarded(
        reply, [&] { return answer(reply, static_cast<Evaluator*>(self)->check(sdk::Json::parse(sdk::view(input))).dump()); });
}

std::uint32_t evaluate_operation(void* self, const xd_host* /*host*/, xd_text input, const xd_reply* reply) {
    return sdk::detail::guarded(
        reply, [&] { return answer(reply, static_cast<Evaluator*>(self)->evaluate(sdk::Json::parse(sdk::view(input)))); });
}

std::uint32_t evaluate_one_operation(void* self, const xd_host* /*host*/, xd_text input, const xd_reply* reply) {
    return sdk::detail::guarded(reply, [&] {
        return answer(reply, static_cast<Evaluator*>(self)->evaluate_one(sdk::Json::parse(sdk::view(input))).dump());
    });
}

std::uint32_t manifest(const xd_reply* reply) {
    return sdk::detail::guarded(reply, [&] { return answer(reply, R"({"classes":{},"settings":[]})"); });
}

std::uint32_t create(const xd_host* /*host*/, const xd_reply* reply, void** instance) {
    return sdk::detail::guarded(reply, [&] {
        cap_memory();
        *instance = std::make_unique<Evaluator>().release();
        return XD_OK;
    });
}

void destroy(void* instance) {
    delete static_cast<Evaluator*>(instance);
}

constexpr xd_expressions_v1 table{{sizeof(xd_expressions_v1), XD_SERIAL_CALLS, &manifest, &create, &destroy},
                                  &check_operation,
                                  &evaluate_operation,
                                  &evaluate_one_operation};

const void* get_interface(xd_text id) {
    return sdk::view(id) == CROSSDOCK_EXPRESSIONS_ID ? &table : nullptr;
}

constexpr std::string_view own_name = "expressions";
constexpr std::string_view own_version = "1";

}  // namespace
}  // namespace crossdock::jq

extern "C" CROSSDOCK_EXPORT constinit const xd_plugin crossdock_plugin = {
    sizeof(xd_plugin),
    CROSSDOCK_ABI_REVISION,
    {crossdock::jq::own_name.data(), crossdock::jq::own_name.size()},
    {crossdock::jq::own_version.data(), crossdock::jq::own_version.size()},
    &crossdock::jq::get_interface,
    CROSSDOCK_ABI_REVISION,
    0};
