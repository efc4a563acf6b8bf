#include "store/writer_thread.hpp"

#include "store/group.hpp"
#include "store/inline_store.hpp"
#include "store/migrate.hpp"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

namespace crossdock::store {
namespace {

/// A queue that one thread empties.
template <class Item>
class Queue {
public:
    explicit Queue(std::size_t most) : most_(most) {}

    [[nodiscard]] bool push(Item item) {
        {
            const std::lock_guard lock(mutex_);
            if (closed_ || items_.size() >= most_) { return false; }
            items_.push_back(std::move(item));
        }
        ready_.notify_one();
        return true;
    }

    /// Up to `count` items, in order; none once closed and empty.
    [[nodiscard]] std::vector<Item> take(std::size_t count) {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
        std::vector<Item> taken;
        while (!items_.empty() && taken.size() < count) {
            taken.push_back(std::move(items_.front()));
            items_.pop_front();
        }
        return taken;
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        ready_.notify_all();
    }

private:
    std::size_t most_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Item> items_;
    bool closed_ = false;
};

struct ReadEntry {
    Unit unit;
    Done done;
};

class Threads final : public ThreadedStore {
public:
    Threads(Options options, std::unique_ptr<Database> writing, std::unique_ptr<Database> reading)
        : options_(std::move(options)),
          writing_(std::move(writing)),
          reading_(std::move(reading)),
          writes_(options_.limits.waiting_max),
          reads_(options_.limits.waiting_max),
          writer_([this] { write(); }),
          reader_([this] { read_all(); }) {}

    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
    ~Threads() override {
        writes_.close();
        reads_.close();
        writer_.join();
        reader_.join();
    }

    void submit(crossdock::Commit point, Unit unit, Done done) override {
        if (!writes_.push(Entry{point, std::move(unit), done})) { done(Fault{"the store's queue is full", {}, Advice::retry}); }
    }

    void submit_read(Unit unit, Done done) override {
        if (!reads_.push(ReadEntry{std::move(unit), done})) {
            done(Fault{"the store's reading queue is full", {}, Advice::retry});
        }
    }

private:
    void write() {
        for (;;) {
            auto group = writes_.take(options_.limits.group_max);
            if (group.empty()) { return; }
            const unsigned topics = commit_group(*writing_, group, options_.on_fatal);
            if (topics != 0) { options_.on_commit(topics); }
        }
    }

    void read_all() {
        for (;;) {
            auto next = reads_.take(1);
            if (next.empty()) { return; }
            next.front().done(read_once(*reading_, next.front().unit));
        }
    }

    Options options_;
    std::unique_ptr<Database> writing_;
    std::unique_ptr<Database> reading_;
    Queue<Entry> writes_;
    Queue<ReadEntry> reads_;
    std::thread writer_;
    std::thread reader_;
};

}  // namespace

Result<std::unique_ptr<ThreadedStore>> ThreadedStore::open(Options options) {
    if (auto migrated = migrate_sqlite(options.file); !migrated) { return migrated.error(); }
    auto writing = Database::open(options.file, Database::Mode::read_write);
    if (!writing) { return writing.error(); }
    auto reading = Database::open(options.file, Database::Mode::read_only);
    if (!reading) { return reading.error(); }
    return std::unique_ptr<ThreadedStore>(new Threads(std::move(options), std::move(*writing), std::move(*reading)));
}

}  // namespace crossdock::store
