#include "store/other_database.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <list>

namespace crossdock::store {
namespace {

struct Slot {
    std::string text;
    soci::indicator indicator = soci::i_ok;
};

Fault fault_of(const std::exception& error) {
    // Not what() of a SOCI error: that quotes the values, which may be a customer's.
    const auto* own = dynamic_cast<const soci::soci_error*>(&error);
    std::string text = own != nullptr ? own->get_error_message() : error.what();
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) { text.pop_back(); }
    const bool passing = own == nullptr || own->get_error_category() == soci::soci_error::connection_error ||
                         own->get_error_category() == soci::soci_error::system_error;
    return {std::move(text), {}, passing ? Advice::reconnect : Advice::retry};
}

}  // namespace

struct OtherDatabase::State {
    soci::session session;

    /// One-shot: a statement that the server keeps would be lost behind a pool that hands connections around.
    template <class Each>
    std::int64_t execute(const std::string& sql, std::vector<Text>& params, std::list<Slot>& out, const Each& each) {
        soci::statement statement(session);
        std::list<Slot> in;
        for (auto& param : params) {
            auto& slot = in.emplace_back();
            if (param) { slot.text = std::move(*param); }
            else { slot.indicator = soci::i_null; }
            statement.exchange(soci::use(slot.text, slot.indicator, "p" + std::to_string(in.size())));
        }
        for (auto& slot : out) { statement.exchange(soci::into(slot.text, slot.indicator)); }
        statement.alloc();
        statement.prepare(sql, soci::details::st_one_time_query);
        statement.define_and_bind();
        for (bool got = statement.execute(true); got && !out.empty(); got = statement.fetch()) { each(); }
        return statement.get_affected_rows();
    }
};

OtherDatabase::OtherDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
OtherDatabase::~OtherDatabase() = default;

Result<std::unique_ptr<OtherDatabase>> OtherDatabase::open(const std::string& backend, const std::string& connection) {
    try {
        auto state = std::make_unique<State>();
        if (backend == "sqlite3") { state->session.open(soci::sqlite3, connection); }
        else { state->session.open(backend, connection); }
        return std::unique_ptr<OtherDatabase>(new OtherDatabase(std::move(state)));
    } catch (const std::exception& error) {
        Fault fault = fault_of(error);
        fault.advice = Advice::reconnect;
        return fault;
    }
}

Result<std::vector<std::vector<OtherDatabase::Text>>> OtherDatabase::rows(const std::string& sql, std::vector<Text> params,
                                                                          std::size_t columns) {
    try {
        std::vector<std::vector<Text>> rows;
        std::list<Slot> out(columns);
        (void)state_->execute(sql, params, out, [&] {
            auto& row = rows.emplace_back();
            for (const auto& slot : out) {
                row.push_back(slot.indicator == soci::i_null ? std::nullopt : std::optional(slot.text));
            }
        });
        return rows;
    } catch (const std::exception& error) { return fault_of(error); }
}

Result<std::int64_t> OtherDatabase::run(const std::string& sql, std::vector<Text> params) {
    try {
        std::list<Slot> none;
        return state_->execute(sql, params, none, [] {});
    } catch (const std::exception& error) { return fault_of(error); }
}

}  // namespace crossdock::store
