// Raw SQLite, in a file of its own: SOCI runs only the first statement of a script, and wraps sqlite3.h in a namespace.
#include "store/migrate.hpp"

#include "base/journal_point.hpp"

#include <sqlite3.h>

#include <sys/stat.h>
#include <memory>

namespace crossdock::store {
namespace {

struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Connection = std::unique_ptr<sqlite3, Close>;

Result<> run(sqlite3* db, const std::string& sql, const std::string& where) {
    char* text = nullptr;
    const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &text);
    const std::unique_ptr<char, void (*)(void*)> freed(text, sqlite3_free);
    if (code == SQLITE_OK) { return {}; }
    return Fault{std::string("cannot prepare the store: ") + (text != nullptr ? text : sqlite3_errstr(code)), where,
                 Advice::stop};
}

Fault no_store(sqlite3* db, const std::string& where) {
    return {std::string("this is no store: ") + sqlite3_errmsg(db) + "; put a backup in its place, or name another data folder",
            where, Advice::stop};
}

Result<int> version(sqlite3* db, const std::string& where) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, nullptr) != SQLITE_OK) { return no_store(db, where); }
    const int code = sqlite3_step(statement);
    const int found = code == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
    sqlite3_finalize(statement);
    if (found < 0) { return no_store(db, where); }
    return found;
}

}  // namespace

Result<> migrate_sqlite(const std::filesystem::path& file) {
    const std::string where = file.string();
    const mode_t before = umask(0077);
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    umask(before);
    const Connection db(opened);
    if (code != SQLITE_OK) {
        return Fault{std::string("the store cannot be opened for writing: ") + sqlite3_errstr(code), where, Advice::stop};
    }
    sqlite3_busy_timeout(db.get(), 10'000);
    const auto found = version(db.get(), where);
    if (!found) { return found.error(); }
    if (auto done = run(db.get(), "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", where); !done) { return done; }
    const auto& all = sqlite_migrations();
    if (*found > all.back().number) {
        return Fault{"the store is at migration " + std::to_string(*found) + ", made by a newer version; this one knows " +
                         std::to_string(all.back().number) + " and cannot go back",
                     where, Advice::stop};
    }
    for (const auto& migration : all) {
        if (migration.number <= *found) { continue; }
        const std::string changes =
            "BEGIN IMMEDIATE;\n" + migration.sql + "\nPRAGMA user_version=" + std::to_string(migration.number) + ";";
        const std::string step = where + " (" + migration.name + ")";
        auto done = run(db.get(), changes, step);
        if (done) {
            CrashPoint::pass(Commit::migrate, Side::before);
            done = run(db.get(), "COMMIT", step);
        }
        if (!done) {
            (void)run(db.get(), "ROLLBACK", where);
            return done;
        }
        CrashPoint::pass(Commit::migrate, Side::after);
    }
    return {};
}

}  // namespace crossdock::store
