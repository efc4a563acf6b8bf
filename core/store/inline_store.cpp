#include "store/inline_store.hpp"

#include "base/log.hpp"

#include <cstdlib>

namespace crossdock::store {
namespace {

Fault failure(const Entry& entry, const StoreFailure& error) {
    return Fault{std::string(name(entry.point)) + " was rolled back: " + error.what(), {}, Advice::retry};
}

/// Runs the units of one transaction. False when one threw: all are rolled back, and `guilty` holds the fault of a group of one.
bool attempt(Database& database, std::span<Entry> entries, std::optional<Fault>& guilty,
             const std::function<void(const Fault&)>& on_fatal) {
    try {
        database.begin();
        for (auto& entry : entries) { entry.unit(database); }
    } catch (const StoreFailure& error) {
        database.rollback();
        guilty = failure(entries.front(), error);
        return false;
    }
    for (const auto& entry : entries) { CrashPoint::pass(entry.point, Side::before); }
    try {
        database.commit();
    } catch (const StoreFailure& error) {
        on_fatal(Fault{std::string("the commit failed, what is on disk is unknown: ") + error.what(), {}, Advice::stop});
        std::abort();
    }
    for (const auto& entry : entries) { CrashPoint::pass(entry.point, Side::after); }
    return true;
}

}  // namespace

unsigned commit_group(Database& database, std::span<Entry> entries, const std::function<void(const Fault&)>& on_fatal) {
    std::optional<Fault> guilty;
    database.start_unit();
    if (attempt(database, entries, guilty, on_fatal)) {
        for (auto& entry : entries) { entry.done({}); }
        return database.announced();
    }
    if (entries.size() == 1) {
        entries.front().done(guilty);
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
