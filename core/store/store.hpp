#pragma once

#include "base/journal_point.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "store/tx.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace crossdock::store {

/// A unit of work: reads and writes through a Tx, all or nothing. It may run more than once (a group that fails is rolled back
/// and its units run alone), so it changes nothing but the store and values that it sets anew each time. It throws nothing but
/// StoreFailure.
using Unit = std::function<void(Tx&)>;
using Done = std::function<void(std::optional<Fault>)>;

/// The store as the rooms above see it: commits by one writer, and reads.
///
/// Threads: submit and read from any thread; `done` is called on the store's thread, once the commit is on disk.
/// Errors:  a unit that threw: a Fault with its text, nothing changed. A failing COMMIT ends the process (see Options::on_fatal).
class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    virtual void submit(crossdock::Commit point, Unit unit, Done done) = 0;
    virtual void submit_read(Unit unit, Done done) = 0;

    /// The unit's value once it is on disk.
    /// Name the closure before the co_await (GCC 12).
    template <class T>
    Task<Result<T>> commit(crossdock::Commit point, std::function<T(Tx&)> unit) {
        return await<T>([this, point](Unit wrapped, Done done) { submit(point, std::move(wrapped), std::move(done)); },
                        std::move(unit));
    }

    template <class T>
    Task<Result<T>> read(std::function<T(Tx&)> unit) {
        return await<T>([this](Unit wrapped, Done done) { submit_read(std::move(wrapped), std::move(done)); }, std::move(unit));
    }

private:
    template <class T>
    static Task<Result<T>> await(std::function<void(Unit, Done)> hand_over, std::function<T(Tx&)> unit) {
        auto slot = std::make_shared<std::optional<T>>();
        Unit wrapped = [slot, unit = std::move(unit)](Tx& tx) { *slot = unit(tx); };
        std::function<void(Done)> start = [hand_over = std::move(hand_over), wrapped = std::move(wrapped)](Done done) mutable {
            hand_over(std::move(wrapped), std::move(done));
        };
        std::optional<Fault> fault = co_await on_callback<std::optional<Fault>>(std::move(start));
        if (fault) { co_return *fault; }
        co_return good(std::move(**slot));
    }
};

}  // namespace crossdock::store
