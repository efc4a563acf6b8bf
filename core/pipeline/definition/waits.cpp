#include "definition/waits.hpp"

#include "model/wait.hpp"
#include "yaml/words.hpp"

#include <algorithm>

namespace crossdock::pipeline {
namespace {

const Value* input(const Step& step, std::string_view key) {
    const auto at = std::find_if(step.with.begin(), step.with.end(), [&](const auto& one) { return one.first == key; });
    return at == step.with.end() ? nullptr : &at->second;
}

/// The value of an input that is written out; null for an expression. A list or a map is refused.
const Json* literal(yaml::Checks& checks, const Value* value, std::string_view key) {
    if (value == nullptr) { return nullptr; }
    const bool list = std::holds_alternative<std::vector<Value>>(value->content);
    if (list || std::holds_alternative<std::vector<std::pair<std::string, Value>>>(value->content)) {
        checks.refuse(value->place, "`" + std::string(key) + "` takes text, not " + (list ? "a list" : "a map"));
        return nullptr;
    }
    return std::get_if<Json>(&value->content);
}

template <class Read>
void check_literal(yaml::Checks& checks, const Step& step, std::string_view key, Read read) {
    const Value* value = input(step, key);
    const Json* written = literal(checks, value, key);
    if (written == nullptr) { return; }
    const auto made = read(*written);
    if (!made) { checks.refuse(value->place, "`" + std::string(key) + "`: " + made.error().what); }
}

void check_wait(yaml::Checks& checks, const Step& step) {
    if ((input(step, "for") == nullptr) == (input(step, "until") == nullptr)) {
        checks.refuse(step.place, "wait takes either `for: 2h` or `until`, a time");
        return;
    }
    check_literal(checks, step, "for", model::read_wait);
    check_literal(checks, step, "until", model::read_moment);
}

void check_wait_for(yaml::Checks& checks, const Step& step, Trigger::Kind trigger) {
    if (trigger != Trigger::Kind::order) {
        checks.refuse(step.place, "wait_for waits for what becomes of an order: it needs `trigger: { order: placed }`");
        return;
    }
    check_literal(checks, step, "timeout", model::read_wait);
    const Value* event = input(step, "event");
    const Json* written = literal(checks, event, "event");
    if (written == nullptr || (written->is_string() && model::is_order_fact(written->as_string()))) { return; }
    const std::string said = written->is_string() ? written->as_string() : written->dump();
    checks.refuse(event->place, "`event`: unknown event `" + said.substr(0, 64) + "`" + yaml::hint(said, model::order_facts()));
}

}  // namespace

void check_waits(yaml::Checks& checks, const Step& step, Trigger::Kind trigger) {
    if (!checks.ok()) { return; }
    if (step.use == "wait") { check_wait(checks, step); }
    if (step.use == "wait_for") { check_wait_for(checks, step, trigger); }
}

}  // namespace crossdock::pipeline
