// How long a commit of the store takes, and how long while a reader stays open.
#include "load.hpp"
#include "measure.hpp"
#include "store/database.hpp"
#include "store/writer_thread.hpp"

#include <condition_variable>
#include <cstdio>
#include <mutex>

namespace crossdock::bench {
namespace {

constexpr std::size_t at_once = 16;

/// Keeps so many units in flight, and times each from being handed over to being on disk.
class Committing {
public:
    explicit Committing(store::ThreadedStore& store) : store_(store) {}

    /// Milliseconds of each commit.
    std::vector<double> run(std::chrono::seconds span) {
        times_.clear();
        const auto until = Timer::now() + span;
        std::unique_lock lock(mutex_);
        while (Timer::now() < until) {
            changed_.wait(lock, [this] { return open_ < at_once; });
            ++open_;
            lock.unlock();
            submit();
            lock.lock();
        }
        changed_.wait(lock, [this] { return open_ == 0; });
        if (failed_) { give_up("a commit failed"); }
        return times_;
    }

private:
    void submit() {
        const auto number = ++number_;
        const auto begun = Timer::now();
        store_.submit(
            Commit::config_sync,
            [this, number](store::Tx& tx) {
                tx.run("INSERT INTO store_settings (name, value) VALUES (:1, :2)", {std::to_string(number), body_});
            },
            [this, begun](const std::optional<Fault>& fault) {
                const std::lock_guard lock(mutex_);
                times_.push_back(Ms(Timer::now() - begun).count());
                failed_ = failed_ || fault.has_value();
                --open_;
                changed_.notify_one();
            });
    }

    store::ThreadedStore& store_;
    const std::string body_ = std::string(430, 'x');
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<double> times_;
    std::size_t open_ = 0;
    std::int64_t number_ = 0;
    bool failed_ = false;
};

}  // namespace

void measure_commits(int seconds) {
    const Scratch scratch;
    const auto file = scratch.path / "store.sqlite3";
    store::ThreadedStore::Options options;
    options.file = file;
    options.on_fatal = [](const Fault&) { std::abort(); };
    auto store = store::ThreadedStore::open(std::move(options));
    if (!store) { give_up(store.error().text()); }
    Committing committing(**store);
    const std::chrono::seconds span{seconds};
    const auto alone = committing.run(span);
    auto reader = store::Database::open(file, store::Database::Mode::read_only);
    if (!reader) { give_up(reader.error().text()); }
    (*reader)->begin_reading();
    (void)(*reader)->number("SELECT COUNT(*) FROM store_settings");
    const auto beside = committing.run(span);
    const auto wal = std::filesystem::file_size(file.string() + "-wal") >> 20U;
    (*reader)->rollback();
    const auto after = committing.run(std::chrono::seconds{2});
    const double p99 = quantile(alone, 0.99);
    std::printf("\n%-44s %10s %18s %12s\n", "commits, 16 units in flight", "p50", "p99", "/ alone");
    const auto row = [&](const std::string& what, const std::vector<double>& times) {
        std::printf("%-44s %7.2f ms %15.2f ms %12.2f   (%.0f units/s)\n", what.c_str(), quantile(times, 0.5),
                    quantile(times, 0.99), quantile(times, 0.99) / p99, static_cast<double>(times.size()) / seconds);
    };
    row("alone", alone);
    row("  beside a reader open for " + std::to_string(seconds) + " s", beside);
    std::printf("%-44s %7.2f ms %15.2f ms %12.2f   (longest %.0f ms; the WAL had %ju MiB and has %ju)\n",
                "  2 s after it has gone", quantile(after, 0.5), quantile(after, 0.99), quantile(after, 0.99) / p99,
                quantile(after, 1.0), static_cast<std::uintmax_t>(wal),
                static_cast<std::uintmax_t>(std::filesystem::file_size(file.string() + "-wal") >> 20U));
}

}  // namespace crossdock::bench
