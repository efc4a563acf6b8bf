#pragma once

#include "store/database.hpp"
#include "store/migrate.hpp"
#include "support/temporary_folder.hpp"

#include <filesystem>
#include <memory>
#include <utility>

namespace crossdock::support {

/// A migrated store in a file of its own, with a connection to it.
/// Threads: one.
class TemporaryStore {
public:
    TemporaryStore() {
        store::migrate_sqlite(file()).value();
        database_ = store::Database::open(file(), store::Database::Mode::read_write).value();
    }

    [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "crossdock.db"; }
    [[nodiscard]] store::Database& database() { return *database_; }

    /// What `work` gives, committed. When it throws: rolled back, and thrown on.
    template <class Work>
    auto in(Work work) {
        database_->begin();
        try {
            auto value = work(static_cast<store::Tx&>(*database_));
            database_->commit();
            return value;
        } catch (...) {
            database_->rollback();
            throw;
        }
    }
    /// The same for work that gives nothing.
    template <class Work>
    void run(Work work) {
        in([&](store::Tx& tx) {
            work(tx);
            return 0;
        });
    }

private:
    TemporaryFolder folder_;
    std::unique_ptr<store::Database> database_;
};

}  // namespace crossdock::support
