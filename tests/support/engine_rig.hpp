#pragma once

#include "orders/webhooks.hpp"
#include "pipeline/cancel.hpp"
#include "pipeline/dead_letters.hpp"
#include "pipeline/engine.hpp"
#include "pipeline/resolve.hpp"
#include "store/inline_store.hpp"
#include "support/order_desk.hpp"
#include "support/scripted_caller.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace crossdock::support {

/// The shipped pipeline of that name.
inline pipeline::Definition shipped_pipeline(const std::filesystem::path& folder, const std::string& name) {
    const auto file = folder / (name + ".yaml");
    std::ifstream in(file);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return pipeline::parse_definition(text, file.string()).value();
}

struct RigOptions {
    std::vector<std::string> pipelines{"order-forward", "status-ingest"};
    model::EffectClass effect_class = model::EffectClass::lookup;
    std::optional<model::EffectClass> cancel_class = {};  ///< none: the account cannot be asked to cancel
    std::size_t effects_max = 256;
    std::optional<model::PollPattern> poll = {};
    pipeline::PollBy poll_by = pipeline::PollBy::status;
    /// A store to go on with, as a daemon that starts anew does.
    std::filesystem::path file;
    UtcMs utc = 1'761'847'599'000;
    /// Adds accounts, their rules and routes.
    std::function<void(pipeline::EngineOptions&)> edit = {};
};

inline RigOptions of_class(model::EffectClass effect_class) {
    RigOptions options;
    options.effect_class = effect_class;
    return options;
}

/// The whole engine in one thread and in virtual time: no I/O but a temporary store.
class EngineRig {
public:
    explicit EngineRig(const std::filesystem::path& pipelines, const RigOptions& chosen = {})
        : clock(chosen.utc),
          store_(make_database(chosen), [this](unsigned topics) { on_commit(topics); }),
          engine_(std::make_unique<pipeline::Engine>(environment(pipelines, chosen))) {
        commit([this](store::Tx& tx) {
            for (const auto& [name, known] : accounts.by_name) { add_supplier(tx, known); }
            engine_->sync(tx, *engine_->options());
        });
    }
    EngineRig(const EngineRig&) = delete;
    EngineRig& operator=(const EngineRig&) = delete;
    ~EngineRig() {
        if (started_) { stop(milliseconds{1}); }
        caller.forget();
    }

    void start() {
        started_ = true;
        engine_->start();
        settle();
    }
    /// True when the engine had nothing under way before the grace was over.
    bool stop(milliseconds grace) {
        started_ = false;
        auto ended = std::make_shared<bool>(false);
        spawn(context_.get_executor(), stop_engine(grace, ended));
        const UtcMs until = clock.utc_ms() + grace.count();
        settle();
        while (!*ended && clock.utc_ms() < until && clock.advance_to_next()) { settle(); }
        return *ended;
    }
    void recover() {
        spawn(context_.get_executor(), recover_engine());
        settle();
    }

    /// Runs all that is ready, without moving the time.
    void settle() {
        context_.restart();
        context_.poll();
    }
    /// Lets the time pass, timer by timer, until `condition` holds; false when `within` has passed first.
    bool until(const std::function<bool()>& condition, milliseconds within = milliseconds{600'000}) {
        const UtcMs deadline = clock.utc_ms() + within.count();
        settle();
        while (!condition()) {
            if (clock.utc_ms() > deadline || !clock.advance_to_next()) { return false; }
            settle();
        }
        return true;
    }
    /// Lets that much time pass.
    void pass(milliseconds span) {
        const UtcMs end = clock.utc_ms() + span.count();
        clock.after(span, [] {});
        (void)until([&] { return clock.utc_ms() >= end; }, span);
    }

    /// The value of a task, run until it has one.
    template <class T>
    std::optional<T> value_of(Task<T> task) {
        auto slot = std::make_shared<std::optional<T>>();
        spawn(context_.get_executor(), keep<T>(std::move(task), slot));
        settle();
        return std::move(*slot);
    }

    template <class Work>
    void commit(Work work) {
        (void)store_
            .commit_now<int>(Commit::config_sync,
                             [&](store::Tx& tx) {
                                 work(tx);
                                 return 0;
                             })
            .value();
    }
    orders::Placed place(const std::string& text) {
        const auto order = model::read_order(Json::parse(text).value(), "USD").value();
        auto placed = store_.commit_now<orders::Placed>(Commit::order_accept, [&](store::Tx& tx) {
            const orders::StartRuns start = [this](store::Tx& inside, const std::string& id, const Json& document) {
                engine_->start_order_runs(inside, id, document);
            };
            return orders::place_order(tx, facts, order, accounts, "key-1", "digest of " + text, "", start);
        });
        return placed.value();
    }
    orders::Received webhook(const std::string& body) {
        auto received = store_.commit_now<orders::Received>(Commit::webhook_receive, [&](store::Tx& tx) {
            const orders::StartWebhookRuns start = [this](store::Tx& inside, const std::string& id, const Json& document) {
                engine_->start_webhook_runs(inside, id, document);
            };
            return orders::receive_webhook(tx, facts, {"phonex", account.supplier_id, "application/json", body, "127.0.0.1:1"},
                                           start);
        });
        return received.value();
    }
    pipeline::CancelAnswer cancel(const std::string& order_id, const std::string& reason = "") {
        return store_
            .commit_now<pipeline::CancelAnswer>(
                Commit::person_decide,
                [&](store::Tx& tx) { return pipeline::request_cancel(tx, engine_->environment(), order_id, reason); })
            .value();
    }
    pipeline::Resolved resolve(const pipeline::Resolution& said) {
        return store_
            .commit_now<pipeline::Resolved>(Commit::person_decide,
                                            [&](store::Tx& tx) { return pipeline::resolve(tx, engine_->environment(), said); })
            .value();
    }
    pipeline::Replayed replay(const pipeline::Replay& wanted) {
        return store_
            .commit_now<pipeline::Replayed>(Commit::person_decide,
                                            [&](store::Tx& tx) { return pipeline::replay(tx, engine_->environment(), wanted); })
            .value();
    }
    template <class T>
    T look(const std::function<T(store::Tx&)>& unit) {
        return store_.read_now<T>(unit).value();
    }
    std::int64_t count(const std::string& from, const store::Tx::Params& params = {}) {
        return store_.read_now<std::int64_t>([&](store::Tx& tx) { return tx.number("SELECT COUNT(*) FROM " + from, params); })
            .value();
    }
    std::string text(const std::string& sql, const store::Tx::Params& params = {}) {
        return store_
            .read_now<std::string>([&](store::Tx& tx) {
                const auto row = tx.first<std::optional<std::string>>(sql, params);
                return row ? std::get<0>(*row).value_or("NULL") : std::string("no row");
            })
            .value();
    }
    /// "state next_step attempts" of the create_order effect.
    std::string effect() {
        return text("SELECT state || ' ' || next_step || ' ' || attempts FROM effects WHERE operation = 'create_order'");
    }
    std::string order_status(const std::string& id = "PO-1") { return text("SELECT status FROM orders WHERE id = :1", {id}); }

    /// What a `kill -9` now would leave on the disk.
    std::filesystem::path crash_image() {
        const auto copy = images_.path() / ("crash-" + std::to_string(++images_made_));
        std::filesystem::create_directory(copy);
        for (const auto* suffix : {"", "-wal"}) {
            const auto from = std::filesystem::path(file_.string() + suffix);
            if (std::filesystem::exists(from)) {
                std::filesystem::copy_file(from, copy / (std::string("crossdock.db") + suffix));
            }
        }
        return copy / "crossdock.db";
    }

    store::Store& store() { return store_; }
    pipeline::Engine& engine() { return *engine_; }
    Executor executor() { return context_.get_executor(); }

    test::ManualClock clock;
    test::SeededRandomness randomness{42};
    orders::Account account = phonex_account();
    orders::Accounts accounts;  ///< as the engine has them
    ScriptedCaller caller;
    notify::Facts facts{clock, randomness, fact_options()};
    std::function<void(unsigned)> also_on_commit = [](unsigned) {};

private:
    std::unique_ptr<store::Database> make_database(const RigOptions& chosen) {
        file_ = chosen.file.empty() ? folder_.path() / "crossdock.db" : chosen.file;
        store::migrate_sqlite(file_).value();
        auto database = store::Database::open(file_, store::Database::Mode::read_write).value();
        // crash_image() copies what the kernel has; no power is cut here, and waiting for the disk is most of a test's time.
        database->run("PRAGMA synchronous = OFF");
        return database;
    }
    void on_commit(unsigned topics) {
        if (engine_) { engine_->wake(topics); }
        also_on_commit(topics);
    }
    pipeline::Environment environment(const std::filesystem::path& pipelines, const RigOptions& chosen) {
        pipeline::EngineOptions options;
        account.takes_webhooks = true;
        account.poll = chosen.poll;
        options.accounts.by_name[account.name] = account;
        pipeline::AccountRules rules;
        rules.statuses = {{200, 201}, {400, 422}, {503}};
        rules.not_after = milliseconds{5'000};
        rules.request_timeout = milliseconds{10'000};
        rules.create_order = {chosen.effect_class, milliseconds{3'600'000}, milliseconds{60'000}};
        if (chosen.cancel_class) { rules.cancel_order = {*chosen.cancel_class, milliseconds{3'600'000}, milliseconds{60'000}}; }
        rules.stock.low.at = 5;
        rules.poll_by = chosen.poll_by;
        options.rules[account.name] = rules;
        if (chosen.edit) { chosen.edit(options); }
        accounts = options.accounts;
        options.channels["email"] = {};
        options.effects_max = chosen.effects_max;
        for (const auto& name : chosen.pipelines) { options.definitions.push_back(shipped_pipeline(pipelines, name)); }
        return {context_.get_executor(), clock, randomness, store_, caller, facts, std::move(options)};
    }
    Task<void> stop_engine(milliseconds grace, std::shared_ptr<bool> ended) {
        const BootMs until = clock.boot_ms() + grace.count();
        co_await engine_->stop(grace);
        *ended = clock.boot_ms() < until;
    }
    Task<void> recover_engine() {
        auto recovered = co_await engine_->recover();
        (void)recovered.value();
    }
    template <class T>
    static Task<void> keep(Task<T> task, std::shared_ptr<std::optional<T>> slot) {
        slot->emplace(co_await std::move(task));
    }

    TemporaryFolder folder_;
    TemporaryFolder images_;
    int images_made_ = 0;
    std::filesystem::path file_;
    boost::asio::io_context context_{1};
    store::InlineStore store_;
    std::unique_ptr<pipeline::Engine> engine_;
    bool started_ = false;
};

/// Nothing is under way: runs have ended, and effects are settled or wait for a person.
inline bool quiet(EngineRig& rig) {
    return rig.count("runs WHERE state IN ('active', 'waiting')") == 0 &&
           rig.count("effects WHERE state IN ('pending', 'sending', 'asking')") == 0;
}

}  // namespace crossdock::support
