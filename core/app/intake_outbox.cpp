#include "app/intake_state.hpp"
#include "base/journal_point.hpp"
#include "crypto/crypto.hpp"
#include "store/journal.hpp"

namespace crossdock::app {
namespace {

constexpr std::size_t rows_at_once = 100;
constexpr const char* outbox_owner = "intake/outbox";
constexpr const char* inbox_position = "inbox";

using Shared = std::shared_ptr<Intake::State>;
using store::OtherDatabase;
using Rows = std::vector<std::vector<OtherDatabase::Text>>;
using Connection = std::shared_ptr<OtherDatabase>;

Result<Connection> connect(const IntakeConfig::Outbox& outbox, const std::string& connection) {
    // A server that is gone must not hold us for minutes. What the config says comes behind, and wins.
    const std::string patience = outbox.backend == "postgresql" ? "connect_timeout=5 tcp_user_timeout=5000 " : "";
    auto opened = OtherDatabase::open(outbox.backend, patience + connection);
    if (!opened) { return opened.error(); }
    return Connection(std::move(*opened));
}

Task<Result<>> mark(Shared state, Connection database, std::string id, std::optional<std::string> error) {
    const auto& outbox = *state->config.outbox;
    const std::string sql = "UPDATE " + outbox.table + " SET " + outbox.taken_at + " = CURRENT_TIMESTAMP, " + outbox.error +
                            " = :p1 WHERE " + outbox.id + " = :p2 AND " + outbox.taken_at + " IS NULL";
    std::function<Result<>()> work = [database, sql, id, error]() -> Result<> {
        CrashPoint::pass(External::outbox_mark, Side::before);
        const auto marked = database->run(sql, {error, id});
        CrashPoint::pass(External::outbox_mark, Side::after);
        if (!marked) { return marked.error(); }
        return {};
    };
    co_return co_await aside<Result<>>(state, std::move(work));
}

/// False: nothing can be taken now.
Task<Result<bool>> take_row(Shared state, Connection database, std::string id, std::string document) {
    const std::string digest = crypto::sha256_hex(document);
    const auto response = co_await state->needs.api.take_document(std::move(document), outbox_owner);
    if (response.status >= 500) { co_return false; }
    std::optional<std::string> error;
    if (response.status != 202) {
        error = reason_of(response);
        Refused refused{"row", id, state->config.outbox->table, digest, *error};
        const auto told = co_await tell_refused(state, std::move(refused));
        if (!told) { co_return told.error(); }
    }
    const auto marked = co_await mark(state, database, id, error);
    if (!marked) { co_return marked.error(); }
    if (error) { Log::warning("an outbox row holds no order that can be taken", {{"row", id}, {"reason", *error}}); }
    else { Log::info("an order was taken from the outbox", {{"row", id}}); }
    co_return true;
}

/// True: there may be more.
Task<Result<bool>> take_rows(Shared state, Connection database) {
    const auto& outbox = *state->config.outbox;
    const std::string sql = "SELECT CAST(" + outbox.id + " AS TEXT), CAST(" + outbox.document + " AS TEXT) FROM " + outbox.table +
                            " WHERE " + outbox.taken_at + " IS NULL ORDER BY " + outbox.id + " LIMIT " +
                            std::to_string(rows_at_once);
    std::function<Result<Rows>()> look = [database, sql] { return database->rows(sql, {}, 2); };
    const auto rows = co_await aside<Result<Rows>>(state, std::move(look));
    if (!rows) { co_return rows.error(); }
    for (const auto& row : *rows) {
        if (state->stopping) { co_return false; }
        const auto taken = co_await take_row(state, database, row.at(0).value_or(""), row.at(1).value_or(""));
        if (!taken) { co_return taken.error(); }
        if (!*taken) { co_return false; }
    }
    co_return rows->size() == rows_at_once;
}

/// What the inbox is told of one event.
struct Update {
    std::string fact_id, event, order_id, status;
    OtherDatabase::Text tracking_number, supplier_order_id;
    std::string updated_at;
};
struct Updates {
    std::vector<Update> updates;
    std::int64_t position = 0;
    bool more = false;
};

/// The facts of orders behind the position. Left out: those that were overtaken when they were learned, and calls for a person.
Updates read_updates(store::Tx& tx) {
    Updates found;
    found.position = tx.number("SELECT sequence FROM event_positions WHERE name = :1", {inbox_position});
    const auto rows = tx.all<std::int64_t, std::string, std::optional<std::string>, std::string, std::int64_t>(
        "SELECT sequence, type, order_id, data, created_at FROM events WHERE sequence > :1 ORDER BY sequence LIMIT 100",
        {found.position});
    for (const auto& [sequence, type, order_id, data_text, at] : rows) {
        found.position = sequence;
        const auto data = Json::parse(data_text);
        if (!order_id || !data || !type.starts_with("order.") || type == "order.needs_attention" || data->boolean("superseded")) {
            continue;
        }
        const auto known = tx.first<std::string, std::optional<std::string>>(
            "SELECT o.status, (SELECT supplier_order_id FROM supplier_orders WHERE order_id = o.id AND supplier_order_id IS NOT "
            "NULL ORDER BY created_at DESC LIMIT 1) FROM orders o WHERE o.id = :1",
            {*order_id});
        if (!known) { continue; }
        auto supplier_order_id = data->maybe_text("supplier_order_id");
        found.updates.push_back({data->text("fact_id"), type, *order_id, data->text("status", std::get<0>(*known)),
                                 data->maybe_text("tracking_number"), supplier_order_id ? supplier_order_id : std::get<1>(*known),
                                 rfc3339_ms(at)});
    }
    found.more = rows.size() == 100;
    return found;
}

/// True: there may be more.
Task<Result<bool>> tell_inbox(Shared state, Connection database) {
    std::function<Updates(store::Tx&)> read = read_updates;
    auto found = co_await state->needs.store.read<Updates>(std::move(read));
    if (!found) { co_return found.error(); }
    const std::string sql =
        "INSERT INTO " + state->config.outbox->inbox +
        " (fact_id, event, order_id, status, tracking_number, supplier_order_id, updated_at) VALUES (:p1, :p2, "
        ":p3, :p4, :p5, :p6, :p7) ON CONFLICT (fact_id) DO NOTHING";
    for (const auto& update : found->updates) {
        std::function<Result<>()> work = [database, sql, update]() -> Result<> {
            CrashPoint::pass(External::inbox_tell, Side::before);
            const auto told = database->run(sql, {update.fact_id, update.event, update.order_id, update.status,
                                                  update.tracking_number, update.supplier_order_id, update.updated_at});
            CrashPoint::pass(External::inbox_tell, Side::after);
            if (!told) { return told.error(); }
            return {};
        };
        const auto told = co_await aside<Result<>>(state, std::move(work));
        if (!told) { co_return told.error(); }
    }
    std::function<int(store::Tx&)> move = [position = found->position](store::Tx& tx) {
        tx.run(
            "INSERT INTO event_positions (name, sequence) VALUES (:1, :2) ON CONFLICT (name) DO UPDATE SET sequence = "
            "excluded.sequence WHERE event_positions.sequence < excluded.sequence",
            {inbox_position, position});
        return 0;
    };
    if (found->updates.empty() && !found->more) { co_return false; }
    const auto moved = co_await state->needs.store.commit<int>(Commit::inbox_position, std::move(move));
    if (!moved) { co_return moved.error(); }
    co_return found->more;
}

/// Both directions once. True: there may be more.
Task<Result<bool>> pass(Shared state, Connection database) {
    const auto taken = co_await take_rows(state, database);
    if (!taken) { co_return taken.error(); }
    if (state->config.outbox->inbox.empty()) { co_return *taken; }
    const auto told = co_await tell_inbox(state, database);
    if (!told) { co_return told.error(); }
    co_return *taken || *told;
}

}  // namespace

Task<void> follow_outbox(Shared state) {
    Trouble trouble("the outbox " + state->config.outbox->table);
    Connection database;
    while (!state->stopping) {
        const auto ticket = state->stopped.ticket();
        if (!database) {
            std::function<Result<Connection>()> open = [outbox = *state->config.outbox, connection = state->connection] {
                return connect(outbox, connection);
            };
            auto opened = co_await aside<Result<Connection>>(state, std::move(open));
            if (opened) { database = std::move(*opened); }
            else { trouble.began(opened.error().what); }
        }
        bool more = false;
        if (database && !state->stopping) {
            const auto done = co_await pass(state, database);
            if (done) { trouble.ended(); }
            else {
                trouble.began(done.error().what);
                // What is wrong with a connection is not always told: the next try begins with a new one.
                database.reset();
            }
            more = done && *done;
        }
        if (!more && !state->stopping) { co_await state->stopped.wait(ticket, state->config.outbox->every); }
    }
}

}  // namespace crossdock::app
