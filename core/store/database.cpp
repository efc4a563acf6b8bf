#include "store/database.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <list>
#include <unordered_map>

namespace crossdock::store {
namespace {

constexpr std::size_t wal_bytes_max = 16U << 20U;

/// Where a value stands while SOCI reads or writes it; the address stays, the content changes from call to call.
struct Slot {
    bool is_text = false;
    long long integer = 0;
    std::string text;
    soci::indicator indicator = soci::i_ok;
};

/// A prepared statement with its slots.
struct Prepared {
    Prepared(soci::session& session, const std::string& sql, const std::string& in_kinds, const std::string& out_kinds)
        : statement(session) {
        for (const char kind : in_kinds) {
            auto& slot = in.emplace_back();
            slot.is_text = kind == 't';
            if (slot.is_text) { statement.exchange(soci::use(slot.text, slot.indicator)); }
            else { statement.exchange(soci::use(slot.integer, slot.indicator)); }
        }
        for (const char kind : out_kinds) {
            auto& slot = out.emplace_back();
            slot.is_text = kind == 't';
            if (slot.is_text) { statement.exchange(soci::into(slot.text, slot.indicator)); }
            else { statement.exchange(soci::into(slot.integer, slot.indicator)); }
        }
        statement.alloc();
        statement.prepare(sql);
        statement.define_and_bind();
    }

    std::list<Slot> in;
    std::list<Slot> out;
    soci::statement statement;
};

std::string kinds_of(const Tx::Params& params) {
    std::string kinds;
    for (const auto& param : params) { kinds += std::holds_alternative<std::int64_t>(param.value()) ? 'i' : 't'; }
    return kinds;
}

}  // namespace

struct Database::State {
    soci::session session;
    std::unordered_map<std::string, std::unique_ptr<Prepared>> prepared;

    Prepared& statement(std::string_view sql, const Tx::Params& params, const std::string& out_kinds) {
        const std::string in_kinds = kinds_of(params);
        std::string key = in_kinds + "|" + out_kinds + "|";
        key += sql;
        auto& place = prepared[key];
        if (!place) {
            try {
                place = std::make_unique<Prepared>(session, std::string(sql), in_kinds, out_kinds);
            } catch (...) {
                prepared.erase(key);
                throw;
            }
        }
        auto slot = place->in.begin();
        for (const auto& param : params) {
            slot->indicator = std::holds_alternative<std::monostate>(param.value()) ? soci::i_null : soci::i_ok;
            if (const auto* text = std::get_if<std::string>(&param.value())) { slot->text = *text; }
            if (const auto* integer = std::get_if<std::int64_t>(&param.value())) { slot->integer = *integer; }
            ++slot;
        }
        return *place;
    }

    void simple(const char* sql) {
        try {
            session << sql;
        } catch (const std::exception& error) { throw StoreFailure(std::string(sql) + ": " + error.what()); }
    }
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return Fault{"there is no store; `crossdock serve` makes it", file.string(), Advice::stop};
    }
    try {
        auto state = std::make_unique<State>();
        state->session.open(soci::sqlite3, "dbname=\"" + file.string() + "\" timeout=10");
        state->session << "PRAGMA synchronous=FULL";
        state->session << "PRAGMA foreign_keys=ON";
        // A reader that stays open stops the WAL from being begun anew; once it has gone, the file is cut back to this.
        state->session << "PRAGMA journal_size_limit=" + std::to_string(wal_bytes_max);
        if (mode == Mode::read_only) { state->session << "PRAGMA query_only=1"; }
        return std::unique_ptr<Database>(new Database(std::move(state)));
    } catch (const std::exception& error) {
        return Fault{std::string("the store cannot be opened: ") + error.what(), file.string(), Advice::stop};
    }
}

void Database::begin() {
    state_->simple("BEGIN IMMEDIATE");
}
void Database::begin_reading() {
    state_->simple("BEGIN");
}
void Database::commit() {
    state_->simple("COMMIT");
}
void Database::rollback() noexcept {
    try {
        state_->session << "ROLLBACK";
    } catch (const std::exception&) {
        // SQLite has rolled back by itself, as it does on some errors; there is nothing left to undo.
    }
}

std::int64_t Database::run(std::string_view sql, const Params& params) {
    try {
        auto& prepared = state_->statement(sql, params, "");
        prepared.statement.execute(true);
        return prepared.statement.get_affected_rows();
    } catch (const soci::soci_error& error) {
        // Not what(): that quotes the values, which may be a customer's and would stand in logs and answers.
        throw StoreFailure(error.get_error_message());
    } catch (const std::exception& error) { throw StoreFailure(error.what()); }
}

std::vector<std::vector<Tx::Cell>> Database::query(std::string_view sql, const Params& params, const std::vector<Kind>& kinds) {
    std::string out_kinds;
    for (const auto kind : kinds) { out_kinds += kind == Kind::integer ? 'i' : 't'; }
    std::vector<std::vector<Cell>> rows;
    try {
        auto& prepared = state_->statement(sql, params, out_kinds);
        for (bool got = prepared.statement.execute(true); got; got = prepared.statement.fetch()) {
            auto& row = rows.emplace_back();
            for (auto& slot : prepared.out) {
                if (slot.indicator == soci::i_null) { row.emplace_back(std::monostate{}); }
                else if (slot.is_text) { row.emplace_back(slot.text); }
                else { row.emplace_back(static_cast<std::int64_t>(slot.integer)); }
            }
        }
    } catch (const soci::soci_error& error) {
        // Not what(): that quotes the values, which may be a customer's and would stand in logs and answers.
        throw StoreFailure(error.get_error_message());
    } catch (const std::exception& error) { throw StoreFailure(error.what()); }
    return rows;
}

}  // namespace crossdock::store
