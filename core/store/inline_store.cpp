#include "store/inline_store.hpp"

#include "base/log.hpp"

#include <cstdlib>

namespace crossdock::store {
namespace {

Fault failure(const Entry& entry, const StoreFailure& error) {
    return Fault{std::string(name(entry.point)) + " was rolled back: " + error.what(), {}, Advice::retry};
}

enum class Ended {
    committed,
    not_begun,    ///< the write lock was not to be had: none of the units is to blame
    rolled_back,  ///< one of the units threw
};

/// Runs the units of one transaction. `fault` holds why it did not begin, or what a group of one threw.
Ended attempt(Database& database, std::span<Entry> entries, std::optional<Fault>& fault,
              const std::function<void(const Fault&)>& on_fatal) {
    bool begun = false;
    try {
        database.begin();
        begun = true;
        for (auto& entry : entries) { entry.unit(database); }
    } catch (const StoreFailure& error) {
        database.rollback();
        fault = failure(entries.front(), error);
        return begun ? Ended::rolled_back : Ended::not_begun;
    }
    for (const auto& entry : entries) { CrashPoint::pass(entry.point, Side::before); }
    try {
        database.commit();
    } catch (const StoreFailure& error) {
        on_fatal(Fault{std::string("the commit failed, what is on disk is unknown: ") + error.what(), {}, Advice::stop});
        std::abort();
    }
    for (const auto& entry : entries) { CrashPoint::pass(entry.point, Side::after); }
    return Ended::committed;
}

}  // namespace

unsigned commit_group(Database& database, std::span<Entry> entries, const std::function<void(const Fault&)>& on_fatal) {
    std::optional<Fault> fault;
    database.start_unit();
    const auto ended = attempt(database, entries, fault, on_fatal);
    if (ended == Ended::committed) {
        for (auto& entry : entries) { entry.done({}); }
        return database.announced();
    }
    // Waiting for the lock again for each of them would only keep all of them waiting.
    if (entries.size() == 1 || ended == Ended::not_begun) {
        for (auto& entry : entries) { entry.done(fault); }
        return 0;
    }
    unsigned topics = 0;
    for (auto& entry : entries) { topics |= commit_group(database, std::span(&entry, 1), on_fatal); }
    return topics;
}

std::optional<Fault> read_once(Database& database, const Unit& unit) {
    try {
        database.begin_reading();
        unit(database);
        database.rollback();
        return {};
    } catch (const StoreFailure& error) {
        database.rollback();
        return Fault{std::string("the store could not be read: ") + error.what(), {}, Advice::retry};
    }
}

void InlineStore::submit(crossdock::Commit point, Unit unit, Done done) {
    Entry entry{point, std::move(unit), std::move(done)};
    const auto fatal = [](const Fault& fault) { Log::error(fault.text()); };
    const unsigned topics = commit_group(*database_, std::span(&entry, 1), fatal);
    if (topics != 0) { on_commit_(topics); }
}

void InlineStore::submit_read(Unit unit, Done done) {
    done(read_once(*database_, unit));
}

}  // namespace crossdock::store
