#include "store/writer_thread.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_store.hpp"

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

using namespace crossdock;
using namespace crossdock::store;

namespace {

constexpr std::chrono::seconds deadline{30};

std::unique_ptr<ThreadedStore> open(
    const std::filesystem::path& file, WriterLimits limits = {}, std::function<void(unsigned)> on_commit = [](unsigned) {}) {
    ThreadedStore::Options options;
    options.file = file;
    options.limits = limits;
    options.on_commit = std::move(on_commit);
    options.on_fatal = [](const Fault&) { std::abort(); };
    auto opened = ThreadedStore::open(std::move(options));
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

/// Counts to a number that a test waits for.
class Tally {
public:
    void add() {
        // Told under the lock: the waiter may destroy this as soon as it is woken.
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    [[nodiscard]] bool reaches(int wanted) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, deadline, [&] { return count_ >= wanted; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

void add_setting(Tx& tx, const std::string& name) {
    tx.run("INSERT INTO store_settings (name, value) VALUES (:1, 'x')", {name});
}

}  // namespace

TEST_CASE("a commit asked for from several threads is answered only when another connection can see it", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "store.db";
    auto store = open(file);
    // Used inside `done` only, which runs on the store's thread.
    auto other = Database::open(file, Database::Mode::read_only).value();
    Tally answered;
    std::atomic<int> unseen{0};
    std::atomic<int> failed{0};
    constexpr int threads = 4;
    constexpr int each = 50;
    std::vector<std::thread> callers;
    for (int t = 0; t < threads; ++t) {
        callers.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const std::string name = std::to_string(t) + "/" + std::to_string(i);
                store->submit(
                    Commit::order_accept, [name](Tx& tx) { add_setting(tx, name); },
                    [&, name](const std::optional<Fault>& fault) {
                        failed += fault ? 1 : 0;
                        unseen += other->number("SELECT COUNT(*) FROM store_settings WHERE name = :1", {name}) == 1 ? 0 : 1;
                        answered.add();
                    });
            }
        });
    }
    for (auto& caller : callers) { caller.join(); }
    REQUIRE(answered.reaches(threads * each));
    CHECK(failed == 0);
    CHECK(unseen == 0);
}

TEST_CASE("a unit that fails among many costs no other one its commit", "[store][unit]") {
    support::TemporaryFolder folder;
    auto store = open(folder.path() / "store.db");
    Tally answered;
    std::atomic<int> failed{0};
    for (int i = 0; i < 200; ++i) {
        store->submit(
            Commit::order_accept,
            [i](Tx& tx) {
                add_setting(tx, std::to_string(i));
                if (i % 50 == 7) { add_setting(tx, std::to_string(i)); }
            },
            [&](const std::optional<Fault>& fault) {
                failed += fault ? 1 : 0;
                answered.add();
            });
    }
    REQUIRE(answered.reaches(200));
    CHECK(failed == 4);
    std::promise<std::int64_t> counted;
    std::int64_t count = 0;
    store->submit_read([&](Tx& tx) { count = tx.number("SELECT COUNT(*) FROM store_settings"); },
                       [&](const std::optional<Fault>&) { counted.set_value(count); });
    auto result = counted.get_future();
    REQUIRE(result.wait_for(deadline) == std::future_status::ready);
    CHECK(result.get() == 196);
}

TEST_CASE("what a commit announced is told after it, not before", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "store.db";
    std::promise<std::pair<unsigned, std::int64_t>> told;
    auto result = told.get_future();
    std::unique_ptr<Database> other;
    auto store = open(file, {}, [&](unsigned topics) {
        other = Database::open(file, Database::Mode::read_only).value();
        told.set_value({topics, other->number("SELECT COUNT(*) FROM store_settings")});
    });
    store->submit(
        Commit::order_accept,
        [](Tx& tx) {
            add_setting(tx, "a");
            tx.announce(Topic::effects);
        },
        [](const std::optional<Fault>&) {});
    REQUIRE(result.wait_for(deadline) == std::future_status::ready);
    CHECK(result.get() == std::pair<unsigned, std::int64_t>{static_cast<unsigned>(Topic::effects), 1});
}

TEST_CASE("a store that has too much waiting refuses more, and finishes what it took", "[store][unit]") {
    support::TemporaryFolder folder;
    auto store = open(folder.path() / "store.db", {.group_max = 64, .waiting_max = 1});
    std::promise<void> begun;
    std::promise<void> go_on;
    auto may_go_on = go_on.get_future().share();
    std::atomic<int> committed{0};
    const auto count = [&](const std::optional<Fault>& fault) { committed += fault ? 0 : 1; };
    store->submit(
        Commit::order_accept,
        [&, may_go_on](Tx& tx) {
            add_setting(tx, "a");
            begun.set_value();
            may_go_on.wait();
        },
        count);
    REQUIRE(begun.get_future().wait_for(deadline) == std::future_status::ready);
    store->submit(
        Commit::order_accept, [](Tx& tx) { add_setting(tx, "b"); }, count);
    std::optional<Fault> refused;
    store->submit(
        Commit::order_accept, [](Tx& tx) { add_setting(tx, "c"); },
        [&](std::optional<Fault> fault) { refused = std::move(fault); });
    REQUIRE(refused.has_value());
    CHECK(refused->advice == Advice::retry);
    go_on.set_value();
    store.reset();
    CHECK(committed == 2);
}
