#include "definition/definition.hpp"

#include "crypto/crypto.hpp"
#include "definition/expression.hpp"
#include "definition/schedule.hpp"
#include "definition/waits.hpp"
#include "yaml/schema.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace crossdock::pipeline {
namespace {

using yaml::Checks;
using yaml::Fields;
using yaml::Node;

constexpr std::size_t name_max = 64;

bool is_name(std::string_view text, std::string_view more) {
    if (text.empty() || text.size() > name_max || std::isalpha(static_cast<unsigned char>(text.front())) == 0) { return false; }
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || more.find(c) != std::string_view::npos;
    });
}

/// Reads one pipeline from its tree; faults go to `checks`, the first one counts.
class Reader {
public:
    Reader(Checks& checks, std::string_view text, Definition& made) : checks_(checks), text_(text), made_(made) {}

    void read(const Node& root) {
        Fields fields(checks_, root, "a pipeline", {"pipeline", "trigger", "steps"});
        made_.name = fields.required_text("pipeline");
        if (checks_.ok() && !is_name(made_.name, "-")) {
            checks_.refuse(fields.place("pipeline"),
                           "a pipeline's name takes letters, digits and `-`, at most 64, and begins with a letter");
        }
        if (const Node* trigger = fields.require("trigger")) { read_trigger(*trigger); }
        if (const Node* steps = fields.require("steps")) { read_steps(*steps); }
    }

private:
    void read_trigger(const Node& node) {
        Fields fields(checks_, node, "`trigger`", {"order", "webhook", "schedule"});
        if (!checks_.ok()) { return; }
        made_.trigger.place = node.place;
        if (node.entries.size() != 1) {
            checks_.refuse(node.place,
                           "a trigger is exactly one of `order: placed`, `webhook: received` and `schedule: { every: 15m }`");
            return;
        }
        static constexpr std::array<std::string_view, 1> order_events{"placed"};
        static constexpr std::array<std::string_view, 1> webhook_events{"received"};
        if (auto event = fields.word("order", order_events)) {
            made_.trigger.kind = Trigger::Kind::order;
            made_.trigger.event = std::move(*event);
        }
        if (auto event = fields.word("webhook", webhook_events)) {
            made_.trigger.kind = Trigger::Kind::webhook;
            made_.trigger.event = std::move(*event);
        }
        if (const Node* schedule = fields.find("schedule")) { read_schedule(*schedule); }
    }

    void read_schedule(const Node& node) {
        made_.trigger.kind = Trigger::Kind::schedule;
        if (auto schedule = pipeline::read_schedule(checks_, node, "`schedule`")) {
            made_.trigger.schedule = std::move(*schedule);
        }
    }

    void read_steps(const Node& node) {
        if (!node.is_list() || node.items.empty()) {
            checks_.refuse(node.place, "`steps` takes a list with at least one step");
            return;
        }
        if (node.items.size() > steps_max) {
            checks_.refuse(node.items[steps_max].place, "more than " + std::to_string(steps_max) + " steps");
            return;
        }
        collect_ids(node);
        for (std::size_t i = 0; i < node.items.size() && checks_.ok(); ++i) { read_step(node.items[i], i); }
    }

    /// All ids first, so that a path to a later step can be told from a path to none.
    void collect_ids(const Node& node) {
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            const Node& item = node.items[i];
            const Node* id = item.find("id");
            ids_.push_back(id != nullptr && id->is_scalar() ? id->text : "step-" + std::to_string(i + 1));
            const Place place = id != nullptr ? id->place : item.place;
            const auto first = std::find(ids_.begin(), ids_.end(), ids_.back()) - ids_.begin();
            if (static_cast<std::size_t>(first) < i) {
                const Node& other = node.items[static_cast<std::size_t>(first)];
                checks_.refuse(
                    place, "the step id `" + ids_.back() + "` stands twice; first on line " + std::to_string(other.place.line));
            }
        }
    }

    void read_step(const Node& node, std::size_t number) {
        Fields fields(checks_, node, "a step", {"id", "use", "with", "if", "retry"});
        Step step;
        step.place = node.place;
        step.id = ids_[number];
        (void)fields.text("id");
        if (fields.has("id") && checks_.ok() && !is_name(step.id, "_-")) {
            checks_.refuse(fields.place("id"),
                           "a step's id takes letters, digits, `_` and `-`, at most 64, and begins with a letter");
        }
        const StepType* type = read_type(fields);
        const Scope scope{made_.trigger.kind, made_.steps, std::span(ids_).subspan(number)};
        if (type != nullptr) {
            step.use = std::string(type->use);
            read_inputs(fields, *type, scope, step);
            check_waits(checks_, step, scope.trigger);
        }
        if (const Node* condition = fields.find("if")) { step.condition = read_condition(*condition, scope, step); }
        if (const Node* retry = fields.find("retry")) { step.retry = read_retry(*retry); }
        made_.steps.push_back(std::move(step));
    }

    const StepType* read_type(Fields& fields) {
        const std::string use = fields.required_text("use");
        if (!checks_.ok()) { return nullptr; }
        std::vector<std::string_view> known;
        for (const StepType& type : step_types()) {
            if (type.use == use) { return &type; }
            known.push_back(type.use);
        }
        checks_.refuse(fields.place("use"), "unknown step type `" + use + "`" + yaml::hint(use, known));
        return nullptr;
    }

    void read_inputs(Fields& fields, const StepType& type, const Scope& scope, Step& step) {
        const Node* with = fields.map("with");
        if (!checks_.ok()) { return; }
        std::vector<std::string_view> known = type.required;
        known.insert(known.end(), type.optional.begin(), type.optional.end());
        if (with != nullptr) {
            for (const auto& [key, place, value] : with->entries) {
                if (std::find(known.begin(), known.end(), key) == known.end()) {
                    checks_.refuse(place, "unknown input `" + key + "` of " + step.use + yaml::hint(key, known));
                    return;
                }
                if (value.is_null()) { checks_.refuse(value.place, "the input `" + key + "` has no value"); }
                step.with.emplace_back(key, read_value(value, scope, step));
            }
        }
        for (const std::string_view key : type.required) {
            if (with == nullptr || with->find(key) == nullptr) {
                checks_.refuse(with != nullptr ? with->place : step.place,
                               step.use + " lacks the input `" + std::string(key) + "`");
            }
        }
    }

    Value read_value(const Node& node, const Scope& scope, Step& step) {
        Value value;
        value.place = node.place;
        if (node.is_list()) {
            std::vector<Value> items;
            for (const Node& item : node.items) { items.push_back(read_value(item, scope, step)); }
            value.content = std::move(items);
        }
        else if (node.is_map()) {
            std::vector<std::pair<std::string, Value>> members;
            for (const auto& [key, place, member] : node.entries) {
                if (has_expression(key)) { checks_.refuse(place, "an expression cannot be a key"); }
                members.emplace_back(key, read_value(member, scope, step));
            }
            value.content = std::move(members);
        }
        else if (node.is_scalar() && has_expression(node.text)) { read_expressions(node, scope, step, value); }
        else { value.content = yaml::to_json(node); }
        return value;
    }

    void read_expressions(const Node& node, const Scope& scope, Step& step, Value& value) {
        auto parsed = parse_expressions(node, text_, scope, step.expressions);
        if (const auto* fault = std::get_if<ExpressionFault>(&parsed)) { checks_.refuse(fault->place, fault->what); }
        else {
            std::visit([&](auto& one) { value.content = std::move(one); }, std::get<Parsed>(parsed));
        }
    }

    std::optional<Value> read_condition(const Node& node, const Scope& scope, Step& step) {
        Value value;
        value.place = node.place;
        if (node.is_scalar() && has_expression(node.text)) { read_expressions(node, scope, step, value); }
        else { checks_.refuse(node.place, "`if` takes an expression: \"${{ ... }}\""); }
        if (std::holds_alternative<Template>(value.content)) {
            checks_.refuse(node.place, "`if` takes one expression, without text around it");
        }
        return value;
    }

    Retry read_retry(const Node& node) {
        Fields fields(checks_, node, "`retry`", {"attempts", "backoff", "backoff_max", "deadline"});
        Retry retry;
        const milliseconds shortest{1};
        retry.attempts = static_cast<int>(fields.integer("attempts", {1, attempts_max}).value_or(retry.attempts));
        retry.backoff = fields.duration("backoff", {.least = shortest}).value_or(retry.backoff);
        retry.backoff_max =
            fields.duration("backoff_max", {.least = shortest}).value_or(std::max(retry.backoff_max, retry.backoff));
        retry.deadline = fields.duration("deadline", {.least = milliseconds{1'000}});
        if (checks_.ok() && retry.backoff_max < retry.backoff) {
            checks_.refuse(fields.place("backoff_max"), "`backoff_max` (" + duration_text(retry.backoff_max) +
                                                            ") is shorter than `backoff` (" + duration_text(retry.backoff) + ")");
        }
        return retry;
    }

    Checks& checks_;
    std::string_view text_;
    Definition& made_;
    std::vector<std::string> ids_;
};

}  // namespace

Result<Definition> parse_definition(std::string_view text, const std::string& file) {
    const auto root = yaml::read(text, file);
    if (!root) { return root.error(); }
    Checks checks(file);
    Definition made;
    Reader(checks, text, made).read(*root);
    if (!checks.ok()) { return checks.fault(); }
    made.file = file;
    made.text = std::string(text);
    made.digest = crypto::sha256_hex(text);
    return made;
}

}  // namespace crossdock::pipeline
