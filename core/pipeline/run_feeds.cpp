// Pulling a feed from an adapter, batch by batch, and bringing it into the catalog.
#include "base/log.hpp"
#include "inventory/feed.hpp"
#include "pipeline/effect_driver.hpp"
#include "pipeline/run_driver.hpp"

namespace crossdock::pipeline {
namespace {

/// One whole feed, all pages.
constexpr milliseconds pull_timeout{600'000};
/// How long a step waits before it looks again whether its plugin is served.
constexpr milliseconds held_pause{60'000};
/// While another feed of the account is being pulled.
constexpr milliseconds turn_pause{5'000};
/// Rows that an adapter could not read, as far as it names them.
constexpr std::size_t bad_most = 10'000;

/// What an adapter's answer says of the feed. Errors: a member that makes no sense.
Result<inventory::Handed> read_handed(const Json& answer) {
    inventory::Handed handed;
    if (const Json* rows = answer.find("rows")) { handed.rows = rows->integer(); }
    if (const auto as_of = answer.maybe_text("as_of")) {
        const auto at = parse_rfc3339(*as_of);
        if (!at) { return Fault{"the adapter's `as_of` is no RFC 3339 time: " + *as_of}; }
        handed.as_of = *at;
    }
    const Json* bad = answer.find("bad_rows");
    if (bad == nullptr || bad->is_null()) { return good(std::move(handed)); }
    if (!bad->is_array() || bad->items().size() > bad_most) {
        return Fault{"the adapter's `bad_rows` is no list of at most " + std::to_string(bad_most)};
    }
    for (const auto& one : bad->items()) {
        const Json* line = one.find("line");
        handed.bad.push_back(
            {line == nullptr ? std::nullopt : line->integer(), one.text("sku"), one.text("reason"), one.text("text")});
    }
    return good(std::move(handed));
}

/// Rows that one webhook may tell of.
constexpr std::size_t news_most = 10'000;

/// Errors: no list, too long, a time that is none.
Result<inventory::News> read_news(const Json& stock, const orders::Account& account, const std::string& run_id) {
    inventory::News news{account.supplier_id, account.name, run_id, account.currency, {}, {}};
    if (const auto as_of = stock.maybe_text("as_of"); as_of && !as_of->empty()) {
        const auto at = parse_rfc3339(*as_of);
        if (!at) { return Fault{"`as_of` is no RFC 3339 time: " + *as_of, "/inventory/as_of"}; }
        news.as_of = *at;
    }
    const Json* rows = stock.find("rows");
    if (rows == nullptr || !rows->is_array() || rows->items().size() > news_most) {
        return Fault{"must be a list of at most " + std::to_string(news_most), "/inventory/rows"};
    }
    news.rows = *rows;
    return good(std::move(news));
}

}  // namespace

Task<bool> RunDriver::take_stock(StepWork work, Json outcome, Json stock) {
    const auto options = environment_.options.get();
    const std::string name = work.with.text("account");
    const auto* account = options->accounts.named(name);
    const auto rules = options->rules.find(name);
    if (account == nullptr || rules == options->rules.end()) {
        co_return co_await failed(std::move(work), "no account \"" + name + "\"", false);
    }
    const auto news = read_news(stock, *account, work.run.id);
    if (!news) { co_return co_await failed(std::move(work), news.error().text(), false); }
    std::function<int(store::Tx&)> unit = [this, work, outcome, news = *news, stock_rules = rules->second.stock](store::Tx& tx) {
        auto run = store::find_run(tx, work.run.id);
        if (!run || run->step_index != work.run.step_index) { return 0; }
        const auto result = inventory::apply_news(tx, environment_.facts, news, stock_rules);
        Json whole = outcome;
        whole.set("inventory", Json::object({{"outcome", result.applied ? "applied" : "quarantined"},
                                             {"rows", result.rows},
                                             {"bad_rows", result.bad},
                                             {"older", result.older}}));
        complete_step(tx, work.run.id, work.run.step_index, whole, environment_.clock.utc_ms());
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::feed_apply, std::move(unit));
    if (!stored) { co_return co_await failed(std::move(work), stored.error().text(), true); }
    co_return true;
}

Task<bool> RunDriver::stage(std::string feed_id, std::string currency, Json batch, std::shared_ptr<std::string> trouble) {
    auto rows = inventory::read_batch(batch, currency);
    if (!rows) {
        *trouble = rows.error().text();
        co_return false;
    }
    std::function<int(store::Tx&)> unit = [this, feed_id, rows = std::move(*rows)](store::Tx& tx) {
        inventory::stage_batch(tx, feed_id, rows, environment_.clock.utc_ms());
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::feed_batch, std::move(unit));
    if (!stored) { *trouble = stored.error().text(); }
    co_return stored.has_value();
}

Task<bool> RunDriver::pull(StepWork work) {
    const auto options = environment_.options.get();
    const auto* account = options->accounts.named(work.with.text("account"));
    if (account == nullptr) { co_return co_await failed(std::move(work), "its account is no longer configured", false); }
    const auto entry = pacing_.enter_read(account->name);
    if (!entry.pass) { co_return co_await held(std::move(work), entry.why, entry.again); }
    const auto rules = options->rules.find(account->name);
    inventory::NewFeed feed{.id = {}, .supplier_id = account->supplier_id, .run_id = work.run.id};
    feed.delta = rules != options->rules.end() && rules->second.stock.delta;
    std::function<std::string(store::Tx&)> open = [this, feed](store::Tx& tx) {
        if (inventory::another_is_pulled(tx, feed)) { return std::string(); }
        inventory::NewFeed opened = feed;
        opened.id = environment_.facts.new_id();
        inventory::open_feed(tx, opened, environment_.clock.utc_ms());
        return opened.id;
    };
    auto opened = co_await environment_.store.commit<std::string>(Commit::run_advance, std::move(open));
    if (!opened) {
        pacing_.give_back(account->name, *entry.pass, model::CallKind::read);
        co_return co_await failed(std::move(work), opened.error().text(), true);
    }
    if (opened->empty()) {
        pacing_.give_back(account->name, *entry.pass, model::CallKind::read);
        co_return co_await held(std::move(work), "another feed of the account is being pulled", turn_pause);
    }
    work.feed_id = std::move(*opened);
    plugin::Call call;
    call.target = account->name;
    call.operation = "sync_inventory";
    call.input = Json::object();
    call.timeout = pull_timeout;
    auto trouble = std::make_shared<std::string>();
    plugin::OnBatch on_batch = [this, feed_id = work.feed_id, currency = account->currency, trouble](Json batch) {
        return stage(feed_id, currency, std::move(batch), trouble);
    };
    CrashPoint::pass(External::call_read, Side::before);
    plugin::CallAnswer answer = co_await environment_.caller.call(std::move(call), on_batch);
    CrashPoint::pass(External::call_read, Side::after);
    co_await pacing_.leave_read(account->name, *entry.pass, answer);
    if (answer.held) { co_return co_await held(std::move(work), answer.text, held_pause); }
    if (!trouble->empty()) { co_return co_await failed(std::move(work), *trouble, true); }
    if (answer.status != plugin::CallStatus::answered) {
        co_return co_await failed(std::move(work), why_unanswered(answer), true);
    }
    if (!answer.output.boolean("complete")) { co_return co_await failed(std::move(work), "the feed was not complete", true); }
    const auto handed = read_handed(answer.output);
    if (!handed) { co_return co_await failed(std::move(work), handed.error().text(), true); }
    std::function<int(store::Tx&)> unit = [this, work, handed = *handed](store::Tx& tx) {
        const UtcMs now = environment_.clock.utc_ms();
        const auto rows = handed.rows.value_or(0);
        inventory::complete_feed(tx, work.feed_id, handed, now);
        complete_step(tx, work.run.id, work.run.step_index,
                      Json::object({{"outcome", "done"}, {"feed", Json::object({{"id", work.feed_id}, {"rows", rows}})}}), now);
        return 0;
    };
    auto stored = co_await environment_.store.commit<int>(Commit::run_advance, std::move(unit));
    if (!stored) { co_return co_await failed(std::move(work), stored.error().text(), true); }
    co_return true;
}

Task<bool> RunDriver::apply_feed(StepWork work) {
    const std::string account = work.with.text("account");
    const auto options = environment_.options.get();
    const auto rules = options->rules.find(account);
    const Json* feed = work.with.find("feed");
    const std::string feed_id = feed == nullptr ? "" : feed->text("id");
    if (rules == options->rules.end()) { co_return co_await failed(std::move(work), "no account \"" + account + "\"", false); }
    if (feed_id.empty()) { co_return co_await failed(std::move(work), "`feed` names no feed", false); }
    model::StockRules stock = rules->second.stock;
    stock.low.at = work.with.integer("low_stock", stock.low.at);
    std::function<inventory::FeedResult(store::Tx&)> unit = [this, work, account, feed_id, stock](store::Tx& tx) {
        auto run = store::find_run(tx, work.run.id);
        inventory::FeedResult result;
        if (!run || run->step_index != work.run.step_index) { return result; }
        result = inventory::apply_feed(tx, environment_.facts, feed_id, account, stock);
        Json outcome = Json::object({{"outcome", result.applied ? "applied" : "quarantined"},
                                     {"rows", result.rows},
                                     {"bad_rows", result.bad},
                                     {"quantity_changes", result.quantity_changes},
                                     {"price_changes", result.price_changes}});
        if (!result.applied) { outcome.set("reason", result.reason); }
        complete_step(tx, work.run.id, work.run.step_index, outcome, environment_.clock.utc_ms());
        return result;
    };
    auto stored = co_await environment_.store.commit<inventory::FeedResult>(Commit::feed_apply, std::move(unit));
    if (!stored) { co_return co_await failed(std::move(work), stored.error().text(), true); }
    if (!stored->applied && !stored->reason.empty()) {
        Log::warning("a feed was not applied", {{"account", account}, {"feed", feed_id}, {"reason", stored->reason}});
    }
    co_return true;
}

}  // namespace crossdock::pipeline
