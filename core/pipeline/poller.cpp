#include "pipeline/poller.hpp"

#include "base/log.hpp"
#include "base/signal.hpp"
#include "pipeline/effect_driver.hpp"
#include "pipeline/evidence.hpp"

namespace crossdock::pipeline {
namespace {

/// An adapter may need several requests for one answer. Its worker is ended after that time, so this is generous.
constexpr int requests_per_question = 4;
constexpr milliseconds call_margin{2'000};
constexpr milliseconds store_pause{200};
/// How long an order waits before it is looked at again whether its plugin is served.
constexpr milliseconds held_pause{60'000};

orders::Evidence polled() {
    orders::Evidence evidence;
    evidence.source = "poll";
    return evidence;
}

bool is_about(const orders::Evidence& evidence, const orders::SilentOrder& order) {
    if (!evidence.reference.empty()) { return evidence.reference == order.reference; }
    return order.supplier_order_id == evidence.supplier_order_id;
}

Heard heard_in_status(const plugin::CallAnswer& answer, const orders::SilentOrder& order) {
    Heard heard;
    const Json* list = answer.output.find("evidence");
    auto evidence = read_evidence(list == nullptr ? Json() : *list, polled());
    if (!evidence) {
        heard.trouble = evidence.error().text();
        return heard;
    }
    for (const auto& piece : *evidence) {
        if (is_about(piece, order)) { continue; }
        heard.trouble = "the answer speaks of the order " +
                        (piece.reference.empty() ? piece.supplier_order_id : piece.reference) + ", not of " + order.reference;
        return heard;
    }
    heard.evidence = std::move(*evidence);
    return heard;
}

/// A lookup says how it stands, not since when: its evidence is undated.
Heard heard_in_lookup(const plugin::CallAnswer& answer, const orders::SilentOrder& order) {
    Heard heard;
    const Json* matches = answer.output.find("matches");
    if (matches == nullptr || !matches->is_array()) {
        heard.trouble =
            "the supplier's answer was not understood: " + answer.output.text("reason", answer.output.text("exchange"));
        return heard;
    }
    heard.matches = matches->items().size();
    if (heard.matches != 1) { return heard; }
    const Json& match = matches->items().front();
    auto evidence = polled();
    evidence.reference = order.reference;
    evidence.supplier_order_id = match.text("supplier_order_id");
    evidence.supplier_status = match.text("supplier_status");
    if (!evidence.supplier_status.empty()) { heard.evidence.push_back(std::move(evidence)); }
    return heard;
}

/// Applies what was heard. True when some of it was new.
bool apply(store::Tx& tx, Environment& environment, const Question& question, const Heard& heard) {
    const auto& [options, account, order] = question;
    bool news = false;
    for (const auto& piece : heard.evidence) {
        const auto applied = orders::apply_evidence(tx, environment.facts, *account, piece);
        if (applied.settled_supplier_order) { settle_by_evidence(tx, environment, *applied.settled_supplier_order); }
        news = news || applied.what != orders::Applied::What::known;
    }
    if (heard.matches > 1) {
        environment.facts.needs_attention(
            tx, order.order_id, "several/" + order.reference,
            account->name + " has " + std::to_string(heard.matches) + " orders with our reference " + order.reference);
    }
    return news;
}

}  // namespace

PollBy poll_by(const EngineOptions& options, const std::string& account) {
    const auto* known = options.accounts.named(account);
    const auto rules = options.rules.find(account);
    if (known == nullptr || !known->poll || rules == options.rules.end()) { return PollBy::nothing; }
    return rules->second.poll_by;
}

Heard heard_in(const plugin::CallAnswer& answer, PollBy by, const orders::SilentOrder& order) {
    Heard heard;
    heard.trouble = why_unanswered(answer);
    if (answer.status != plugin::CallStatus::answered) { return heard; }
    return by == PollBy::lookup ? heard_in_lookup(answer, order) : heard_in_status(answer, order);
}

Task<void> Poller::ask(std::string account, std::string id) {
    Question question{environment_.options.get(), nullptr, {}};
    if (poll_by(*question.options, account) == PollBy::nothing) { co_return; }
    question.account = question.options->accounts.named(account);
    std::function<std::optional<orders::SilentOrder>(store::Tx&)> look = [id, now = environment_.clock.utc_ms()](store::Tx& tx) {
        return orders::find_silent(tx, id, now);
    };
    auto silent = co_await environment_.store.read<std::optional<orders::SilentOrder>>(std::move(look));
    if (!silent) {
        Log::error("a silent order could not be read", {{"account", account}, {"fault", silent.error().text()}});
        co_await pause(environment_.clock, store_pause);
        co_return;
    }
    if (!*silent) { co_return; }
    question.order = std::move(**silent);
    const auto entry = pacing_.enter_read(account);
    if (!entry.pass) { co_return co_await put_off(std::move(question), entry.again); }
    plugin::CallAnswer answer = co_await call(question);
    co_await pacing_.leave_read(account, *entry.pass, answer);
    if (answer.held) { co_return co_await put_off(std::move(question), held_pause); }
    co_await conclude(std::move(question), std::move(answer));
}

Task<plugin::CallAnswer> Poller::call(const Question& question) const {
    const auto& rules = question.options->rules.at(question.account->name);
    plugin::Call call;
    call.target = question.account->name;
    call.operation = rules.poll_by == PollBy::lookup ? "find_order" : "get_order_status";
    call.input = Json::object({{"reference", question.order.reference}});
    if (rules.poll_by == PollBy::status && question.order.supplier_order_id) {
        call.input.set("supplier_order_id", *question.order.supplier_order_id);
    }
    call.timeout = requests_per_question * rules.request_timeout + call_margin;
    CrashPoint::pass(External::call_read, Side::before);
    plugin::OnBatch no_batches;
    plugin::CallAnswer answer = co_await environment_.caller.call(std::move(call), no_batches);
    CrashPoint::pass(External::call_read, Side::after);
    co_return answer;
}

Task<void> Poller::conclude(Question question, plugin::CallAnswer answer) {
    const auto heard = heard_in(answer, poll_by(*question.options, question.account->name), question.order);
    log_trouble(question, heard.trouble);
    const double jitter = environment_.jitter();
    std::function<int(store::Tx&)> unit = [this, question, heard, jitter, asked_delay = answer.retry_after](store::Tx& tx) {
        if (apply(tx, environment_, question, heard)) { return 1; }
        const auto& order = question.order;
        orders::put_off_poll(tx, environment_.facts, *question.account, order,
                             model::after_fruitless_poll(*question.account->poll, order.heard_at, order.fruitless + 1,
                                                         environment_.clock.utc_ms(), jitter, asked_delay));
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::evidence_apply, std::move(unit));
    if (stored) { co_return; }
    Log::error("what a poll brought could not be stored; it is asked again",
               {{"account", question.account->name}, {"reference", question.order.reference}, {"fault", stored.error().text()}});
    co_await pause(environment_.clock, store_pause);
}

Task<void> Poller::put_off(Question question, milliseconds span) {
    std::function<int(store::Tx&)> unit = [this, question, span](store::Tx& tx) {
        orders::put_off_question(tx, question.order, environment_.clock.utc_ms() + span.count());
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::evidence_apply, std::move(unit));
    if (!stored) { co_await pause(environment_.clock, store_pause); }
}

void Poller::log_trouble(const Question& question, const std::string& trouble) {
    const auto& account = question.account->name;
    if (trouble.empty()) {
        if (in_trouble_.erase(account) == 1) { Log::info("silent orders are answered for again", {{"account", account}}); }
        return;
    }
    const auto say = in_trouble_.insert(account).second ? Log::warning : Log::debug;
    say("a silent order was asked for in vain",
        {{"account", account}, {"reference", question.order.reference}, {"why", trouble}});
}

}  // namespace crossdock::pipeline
