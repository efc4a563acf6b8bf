#pragma once

#include "store/database.hpp"
#include "store/group.hpp"
#include "store/store.hpp"

namespace crossdock::store {

/// The store of a simulation, a unit test and the command line: each commit is done before submit returns.
/// Threads: one.
class InlineStore final : public Store {
public:
    explicit InlineStore(
        std::unique_ptr<Database> database, std::function<void(unsigned)> on_commit = [](unsigned) {})
        : database_(std::move(database)), on_commit_(std::move(on_commit)) {}

    void submit(crossdock::Commit point, Unit unit, Done done) override;
    void submit_read(Unit unit, Done done) override;

    /// The same without a waiter, for the command line.
    template <class T>
    [[nodiscard]] Result<T> commit_now(crossdock::Commit point, const std::function<T(Tx&)>& unit) {
        std::optional<T> value;
        std::optional<Fault> fault;
        submit(
            point, [&](Tx& tx) { value = unit(tx); }, [&](std::optional<Fault> f) { fault = std::move(f); });
        if (fault) { return *fault; }
        return good(std::move(*value));
    }
    template <class T>
    [[nodiscard]] Result<T> read_now(const std::function<T(Tx&)>& unit) {
        std::optional<T> value;
        std::optional<Fault> fault;
        submit_read([&](Tx& tx) { value = unit(tx); }, [&](std::optional<Fault> f) { fault = std::move(f); });
        if (fault) { return *fault; }
        return good(std::move(*value));
    }

private:
    std::unique_ptr<Database> database_;
    std::function<void(unsigned)> on_commit_;
};

/// Runs a reading unit in a transaction of its own, so that it sees one state.
[[nodiscard]] std::optional<Fault> read_once(Database& database, const Unit& unit);

}  // namespace crossdock::store
