#pragma once

#include "orders/polling.hpp"
#include "orders/progress.hpp"
#include "pipeline/environment.hpp"
#include "pipeline/pacing.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace crossdock::pipeline {

/// One question about an order that its supplier has been silent about.
struct Question {
    std::shared_ptr<const EngineOptions> options;  ///< holds the account
    const orders::Account* account = nullptr;
    orders::SilentOrder order;
};

/// What was heard in answer to a question.
struct Heard {
    std::vector<orders::Evidence> evidence = {};
    std::string trouble = {};  ///< why there is no answer; empty: there is one
    std::size_t matches = 1;   ///< orders that the supplier has under our reference
};

/// Asks accounts for orders that were silent longer than the account's pattern says, and applies what is heard as evidence,
/// beside that of webhooks. When an order is asked for next stands in the store.
///
/// Threads: the executor's; an order is asked for by one task at a time.
class Poller {
public:
    Poller(Environment& environment, Pacing& pacing) : environment_(environment), pacing_(pacing) {}

    /// Asks for one order of the account, if it is still due. What follows is in the store.
    Task<void> ask(std::string account, std::string id);

private:
    Task<plugin::CallAnswer> call(const Question& question) const;
    Task<void> conclude(Question question, plugin::CallAnswer answer);
    Task<void> put_off(Question question, milliseconds span);
    void log_trouble(const Question& question, const std::string& trouble);

    Environment& environment_;
    Pacing& pacing_;
    std::set<std::string> in_trouble_;  ///< accounts whose last question had no answer: said once, not for each order
};

/// Whether and how the account is asked; PollBy::nothing when its file or its plugin does not allow it.
[[nodiscard]] PollBy poll_by(const EngineOptions& options, const std::string& account);

/// Reads the answer to a question that was asked by `by`. Evidence of another order is trouble.
[[nodiscard]] Heard heard_in(const plugin::CallAnswer& answer, PollBy by, const orders::SilentOrder& order);

}  // namespace crossdock::pipeline
