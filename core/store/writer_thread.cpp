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
    Queue(std::string name, std::size_t most) : bound_(std::move(name), most) {}

    /// False when it is full.
    [[nodiscard]] bool push(Item item, std::size_t beyond = 0) {
        if (!bound_.enter(beyond)) { return false; }
        {
            const std::lock_guard lock(mutex_);
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
        lock.unlock();
        bound_.leave(taken.size());
        return taken;
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        ready_.notify_all();
    }

    [[nodiscard]] const Bound& bound() const { return bound_; }

private:
    Bound bound_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Item> items_;
    bool closed_ = false;
};

/// What a client waits for, and can send again.
bool from_outside(crossdock::Commit point) {
    using crossdock::Commit;
    return point == Commit::order_accept || point == Commit::webhook_receive || point == Commit::webhook_refuse;
}

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
          writes_("store.writes", options_.limits.waiting_max),
          reads_("store.reads", options_.limits.waiting_max),
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
        const std::size_t beyond = from_outside(point) ? 0 : options_.limits.waiting_max;
        if (!writes_.push(Entry{point, std::move(unit), done}, beyond)) { done(writes_.bound().full()); }
    }

    void submit_read(Unit unit, Done done) override {
        if (!reads_.push(ReadEntry{std::move(unit), done})) { done(reads_.bound().full()); }
    }

    [[nodiscard]] std::vector<QueueLevel> queues() const override { return {writes_.bound().level(), reads_.bound().level()}; }

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
