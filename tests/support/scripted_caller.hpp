#pragma once

#include "plugin/caller.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace crossdock::support {

/// Answers calls as a test says, in order; mail is always taken, any other call without an answer counts as unexpected.
/// Threads: one.
class ScriptedCaller final : public plugin::Caller {
public:
    struct Answer {
        plugin::CallAnswer answer;
        std::vector<Json> batches = {};
        bool hold = false;  ///< answered by release()
    };

    void script(const std::string& operation, Answer answer) { answers_[operation].push_back(std::move(answer)); }
    void script(const std::string& operation, plugin::CallAnswer answer) { script(operation, Answer{std::move(answer)}); }
    /// Answers each such call for which no answer was scripted.
    void always(const std::string& operation, std::function<plugin::CallAnswer(const plugin::Call&)> answer) {
        always_[operation] = std::move(answer);
    }
    /// The next such call stays open until release().
    void hold(const std::string& operation) { script(operation, Answer{{}, {}, true}); }
    void release(plugin::CallAnswer answer) {
        auto then = std::move(held_);
        held_ = nullptr;
        then(std::move(answer));
    }
    /// The open call is never answered, as when its process ends. Before the executor ends.
    void forget() { held_ = nullptr; }
    [[nodiscard]] bool holds() const { return held_ != nullptr; }

    Task<plugin::CallAnswer> call(plugin::Call call, plugin::OnBatch on_batch) override {
        calls.push_back(call);
        auto& waiting = answers_[call.operation];
        if (waiting.empty()) {
            if (const auto at = always_.find(call.operation); at != always_.end()) { co_return at->second(call); }
            if (call.operation == "deliver") {
                co_return plugin::CallAnswer{plugin::CallStatus::answered,
                                             Json::object({{"transport", "answered"}, {"status", 250}})};
            }
            ++unexpected;
            co_return plugin::CallAnswer{plugin::CallStatus::not_sent, {}, "the test has no answer for " + call.operation};
        }
        Answer answer = std::move(waiting.front());
        waiting.pop_front();
        for (auto& batch : answer.batches) {
            const bool go_on = co_await on_batch(std::move(batch));
            if (!go_on) { co_return plugin::CallAnswer{plugin::CallStatus::failed, {}, "canceled"}; }
        }
        if (!answer.hold) { co_return std::move(answer.answer); }
        std::function<void(std::function<void(plugin::CallAnswer)>)> start =
            [this](std::function<void(plugin::CallAnswer)> then) { held_ = std::move(then); };
        co_return co_await on_callback<plugin::CallAnswer>(std::move(start));
    }

    [[nodiscard]] std::vector<plugin::Call> calls_of(const std::string& operation) const {
        std::vector<plugin::Call> found;
        for (const auto& call : calls) {
            if (call.operation == operation) { found.push_back(call); }
        }
        return found;
    }

    [[nodiscard]] bool held(const std::string& target) const override { return unserved.contains(target); }

    [[nodiscard]] plugin::Serving serving(const std::string& target) const override {
        return target == "phonex" ? served : plugin::Serving{};
    }

    std::vector<plugin::Call> calls;
    plugin::Serving served = {};  ///< by which plugin files the account is served
    int unexpected = 0;
    std::set<std::string> unserved = {};  ///< quarantined, as it were

private:
    std::map<std::string, std::deque<Answer>> answers_;
    std::map<std::string, std::function<plugin::CallAnswer(const plugin::Call&)>> always_;
    std::function<void(plugin::CallAnswer)> held_;
};

inline plugin::CallAnswer answered(Json output) {
    return {plugin::CallStatus::answered, std::move(output), "", "digest-of-plugin"};
}
/// create_order: the supplier's answer with a status, an id or a reason.
inline plugin::CallAnswer created(int status, const std::string& id, const std::string& reason = "") {
    return answered(Json::object(
        {{"transport", "answered"}, {"status", status}, {"supplier_order_id", id}, {"reason", reason}, {"exchange", "POST"}}));
}
inline plugin::CallAnswer cut() {
    return answered(Json::object({{"transport", "cut"}}));
}
inline plugin::CallAnswer found(const std::vector<std::string>& ids) {
    Json matches = Json::array();
    for (const auto& id : ids) { matches.push(Json::object({{"supplier_order_id", id}})); }
    return answered(Json::object({{"matches", std::move(matches)}}));
}

}  // namespace crossdock::support
