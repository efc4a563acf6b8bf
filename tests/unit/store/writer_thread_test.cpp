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

/// Keeps the store's writer busy, so that what is submitted meanwhile waits.
class Gate {
public:
    explicit Gate(ThreadedStore& store) {
        store.submit(
            Commit::config_sync,
            [this](Tx& tx) {
                tx.run("INSERT INTO store_settings (name, value) VALUES ('gate', 'x')");
                begun_.set_value();
                opened_.get_future().wait();
            },
            [this](const std::optional<Fault>&) {
                behind_();
                done_.set_value();
            });
        REQUIRE(begun_.get_future().wait_for(deadline) == std::future_status::ready);
    }
    /// `behind` runs on the writer's thread, before it takes what waits.
    void open(std::function<void()> behind = [] {}) {
        behind_ = std::move(behind);
        opened_.set_value();
        REQUIRE(done_.get_future().wait_for(deadline) == std::future_status::ready);
    }

private:
    std::promise<void> begun_;
    std::promise<void> opened_;
    std::promise<void> done_;
    std::function<void()> behind_;
};

std::int64_t count_settings(ThreadedStore& store, const std::string& name = "") {
    std::promise<std::int64_t> counted;
    std::int64_t count = -1;
    store.submit_read([&](Tx& tx) { count = tx.number("SELECT COUNT(*) FROM store_settings WHERE :1 IN ('', name)", {name}); },
                      [&](const std::optional<Fault>&) { counted.set_value(count); });
    auto result = counted.get_future();
    REQUIRE(result.wait_for(deadline) == std::future_status::ready);
    return result.get();
}

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

TEST_CASE("one bad unit of 64 fails alone", "[store][unit]") {
    support::TemporaryFolder folder;
    auto store = open(folder.path() / "store.db");
    Tally answered;
    std::vector<int> failed;
    Gate gate(*store);
    for (int i = 0; i < 64; ++i) {
        store->submit(
            Commit::order_accept,
            [i](Tx& tx) {
                add_setting(tx, std::to_string(i));
                if (i == 40) { tx.run("INSERT INTO order_lines (order_id) VALUES ('none')"); }
            },
            [&, i](const std::optional<Fault>& fault) {
                if (fault) { failed.push_back(i); }
                answered.add();
            });
    }
    gate.open();
    REQUIRE(answered.reaches(64));
    CHECK(failed == std::vector<int>{40});
    CHECK(count_settings(*store) == 64);
    CHECK(count_settings(*store, "40") == 0);
}

TEST_CASE("when no transaction can begin, all that waits is told so at once", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "store.db";
    auto store = open(file);
    auto other = Database::open(file, Database::Mode::read_write).value();
    Tally answered;
    std::atomic<int> failed{0};
    Gate gate(*store);
    for (int i = 0; i < 5; ++i) {
        store->submit(
            Commit::order_accept, [i](Tx& tx) { add_setting(tx, std::to_string(i)); },
            [&](const std::optional<Fault>& fault) {
                failed += fault && fault->advice == Advice::retry ? 1 : 0;
                answered.add();
            });
    }
    gate.open([&] { other->begin(); });
    // One wait for the lock, of ten seconds, and not one for each of them.
    REQUIRE(answered.reaches(5));
    CHECK(failed == 5);
    other->rollback();
    CHECK(count_settings(*store) == 1);
}

TEST_CASE("a store that has too much waiting refuses more from outside, and finishes what it took", "[store][unit]") {
    support::TemporaryFolder folder;
    auto store = open(folder.path() / "store.db", {.group_max = 64, .waiting_max = 1});
    std::atomic<int> committed{0};
    const auto count = [&](const std::optional<Fault>& fault) { committed += fault ? 0 : 1; };
    const auto refusal = [&](Commit point) {
        std::optional<Fault> refused;
        store->submit(
            point, [](Tx& tx) { add_setting(tx, "c"); }, [&](std::optional<Fault> fault) { refused = std::move(fault); });
        return refused;
    };
    Gate gate(*store);
    store->submit(
        Commit::order_accept, [](Tx& tx) { add_setting(tx, "b"); }, count);
    for (const auto point : {Commit::order_accept, Commit::webhook_receive, Commit::webhook_refuse}) {
        const auto refused = refusal(point);
        REQUIRE(refused.has_value());
        CHECK(refused->advice == Advice::retry);
        CHECK(refused->what == "the queue store.writes is full (1)");
    }
    CHECK(store->queues().front().waiting == 1);
    CHECK(store->queues().front().nearly_full());
    // What the engine has to say of a call that was made finds a place all the same.
    store->submit(
        Commit::effect_outcome, [](Tx& tx) { add_setting(tx, "d"); }, count);
    CHECK(refusal(Commit::effect_outcome).has_value());
    gate.open();
    store.reset();
    CHECK(committed == 2);
}

TEST_CASE("a reader that stays open stalls no commit, and the WAL is cut back behind it", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "store.db";
    const std::filesystem::path wal = file.string() + "-wal";
    constexpr std::uintmax_t bound = 16U << 20U;
    auto store = open(file);
    auto reader = Database::open(file, Database::Mode::read_only).value();
    reader->begin_reading();
    REQUIRE(reader->number("SELECT COUNT(*) FROM store_settings") == 0);
    const std::string large(100'000, 'x');
    const auto write = [&](int from, int to) {
        Tally answered;
        for (int i = from; i < to; ++i) {
            store->submit(
                Commit::order_accept,
                [i, &large](Tx& tx) {
                    tx.run("INSERT INTO store_settings (name, value) VALUES (:1, :2)", {std::to_string(i), large});
                },
                [&](const std::optional<Fault>& fault) {
                    if (!fault) { answered.add(); }
                });
        }
        return answered.reaches(to - from);
    };
    REQUIRE(write(0, 300));
    CHECK(reader->number("SELECT COUNT(*) FROM store_settings") == 0);
    CHECK(std::filesystem::file_size(wal) > bound);
    reader->rollback();
    REQUIRE(write(300, 304));
    REQUIRE(write(304, 308));
    CHECK(std::filesystem::file_size(wal) <= bound);
    CHECK(count_settings(*store) == 308);
}
