#include "store/journal.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_store.hpp"

using namespace crossdock;
using namespace crossdock::store;

namespace {

EffectRow effect(const std::string& id, const std::string& lane, UtcMs created_at, UtcMs next_at) {
    EffectRow made;
    made.id = id;
    made.effect_key = "key " + id;
    made.operation = "create_order";
    made.target = "phonex";
    made.lane = lane;
    made.effect_class = "lookup";
    made.retry_json = "{}";
    made.input = R"({"order":{"price":231.00}})";
    made.next_at = next_at;
    made.created_at = created_at;
    return made;
}

void set_state(Tx& tx, const std::string& id, const std::string& state) {
    auto row = find_effect(tx, id);
    REQUIRE(row.has_value());
    row->state = state;
    update_effect(tx, *row, 1'000);
}

using Ids = std::vector<std::string>;

RunRow run_row(const std::string& id, const std::string& trigger_key, UtcMs next_at) {
    RunRow made;
    made.id = id;
    made.pipeline = "order-forward";
    made.revision = "digest";
    made.trigger_key = trigger_key;
    made.trigger_json = "{}";
    made.next_at = next_at;
    return made;
}

}  // namespace

TEST_CASE("an effect comes out of the journal as it went in, once per key", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        auto row = effect("a", "order/1", 10, 20);
        row.order_id = "1";
        CHECK(insert_effect(tx, row));
        CHECK(tx.announced() == static_cast<unsigned>(Topic::effects));
        row.id = "b";
        CHECK_FALSE(insert_effect(tx, row));
        CHECK_FALSE(find_effect(tx, "b").has_value());
        auto found = find_effect(tx, "a");
        REQUIRE(found.has_value());
        CHECK(found->effect_key == "key a");
        CHECK(found->lane == "order/1");
        CHECK(found->order_id == "1");
        CHECK_FALSE(found->run_id.has_value());
        CHECK_FALSE(found->first_intent_at.has_value());
        CHECK(found->input == row.input);
        CHECK(found->state == "pending");
        CHECK(found->next_at == 20);
        CHECK(found->created_at == 10);
        found->state = "sending";
        found->attempts = 2;
        found->first_intent_at = 30;
        found->not_after_at = 40;
        found->plugin_digest = "p";
        found->reason = "because";
        found->next_at = 50;
        found->next_step = "ask";
        update_effect(tx, *found, 60);
        const auto changed = find_effect(tx, "a");
        CHECK(changed->state == "sending");
        CHECK(changed->attempts == 2);
        CHECK(changed->first_intent_at == 30);
        CHECK(changed->not_after_at == 40);
        CHECK(changed->plugin_digest == "p");
        CHECK(changed->reason == "because");
        CHECK(changed->next_at == 50);
        CHECK(changed->next_step == "ask");
    });
}

TEST_CASE("of one order's effects only the first that is open is due", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        insert_effect(tx, effect("a1", "order/1", 1, 100));
        insert_effect(tx, effect("a2", "order/1", 2, 0));
        insert_effect(tx, effect("a3", "order/1", 2, 0));  // the same moment: by id
        insert_effect(tx, effect("b1", "order/2", 3, 50));
        CHECK(due_effects(tx, "phonex", 49, 10).empty());
        CHECK(due_effects(tx, "phonex", 50, 10) == Ids{"b1"});
        CHECK(due_effects(tx, "phonex", 100, 10) == Ids{"b1", "a1"});
        CHECK(due_effects(tx, "phonex", 100, 1) == Ids{"b1"});
        for (const auto* open : {"sending", "asking"}) {
            set_state(tx, "a1", open);
            CHECK(due_effects(tx, "phonex", 100, 10) == Ids{"b1"});
        }
        // One that a person must look at, or that ended, holds nobody up.
        for (const auto* ended : {"parked", "dead", "accepted", "refused", "withdrawn"}) {
            set_state(tx, "a1", ended);
            CHECK(due_effects(tx, "phonex", 100, 10) == Ids{"a2", "b1"});
        }
        set_state(tx, "a2", "accepted");
        CHECK(due_effects(tx, "phonex", 100, 10) == Ids{"a3", "b1"});
    });
}

TEST_CASE("the journal tells when the next effect and the next run will be due", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        CHECK_FALSE(next_effect_at(tx, 0).has_value());
        CHECK_FALSE(next_run_at(tx, 0).has_value());
        insert_effect(tx, effect("a", "1", 1, 100));
        insert_effect(tx, effect("b", "2", 1, 200));
        CHECK(next_effect_at(tx, 0) == 100);
        CHECK(next_effect_at(tx, 100) == 200);
        set_state(tx, "b", "parked");
        CHECK_FALSE(next_effect_at(tx, 100).has_value());
    });
}

TEST_CASE("an attempt that was under way when the daemon died is found, in the order of its making", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        for (const auto* id : {"d", "c", "b", "a"}) { insert_effect(tx, effect(id, id, id[0] == 'd' ? 1 : 2, 0)); }
        set_state(tx, "a", "sending");
        set_state(tx, "d", "asking");
        set_state(tx, "c", "parked");
        CHECK(interrupted_effects(tx) == Ids{"d", "a"});
    });
}

TEST_CASE("the last effect of a supplier order is found by its operation", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        tx.run("INSERT INTO suppliers (id, name, type, created_at, updated_at) VALUES ('s', 'phonex', 'phonex', 0, 0)");
        tx.run(
            "INSERT INTO orders (id, api_key_id, body_digest, document, answer, supplier_code, customer_id, currency, "
            "total_minor, "
            "status, placed_at, updated_at) VALUES ('1', 'k', 'd', '{}', '{}', 's', 'c', 'USD', 0, 'pending', 0, 0)");
        tx.run(
            "INSERT INTO supplier_orders (id, order_id, supplier_id, reference, status, synced_at, created_at, updated_at) "
            "VALUES "
            "('so', '1', 's', '1', 'pending', 0, 0, 0)");
        auto row = effect("a", "order/1", 1, 0);
        row.supplier_order_row_id = "so";
        insert_effect(tx, row);
        CHECK(last_effect_of(tx, "so", "create_order").value_or(EffectRow{}).id == "a");
        CHECK_FALSE(last_effect_of(tx, "so", "cancel_order").has_value());
        row.id = "b";
        row.effect_key = "a later generation";
        row.created_at = 2;
        insert_effect(tx, row);
        CHECK(last_effect_of(tx, "so", "create_order").value_or(EffectRow{}).id == "b");
        CHECK_FALSE(last_effect_of(tx, "another", "create_order").has_value());
        CHECK(find_effect_by_key(tx, "a later generation").value_or(EffectRow{}).id == "b");
    });
}

TEST_CASE("attempts are counted and keep their outcome", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        insert_effect(tx, effect("a", "1", 1, 0));
        CHECK(attempts_of(tx, "a") == 0);
        begin_attempt(tx, "a", 1, "create_order", 10);
        end_attempt(tx, "a", 1, "unknown", "timeout", 20);
        begin_attempt(tx, "a", 2, "find_order", 30);
        CHECK(attempts_of(tx, "a") == 2);
        CHECK(tx.number("SELECT COUNT(*) FROM effect_attempts WHERE ended_at IS NULL") == 1);
        CHECK(tx.first<std::string, std::string, std::int64_t>(
                  "SELECT outcome, detail, ended_at FROM effect_attempts WHERE number = 1") ==
              std::tuple<std::string, std::string, std::int64_t>("unknown", "timeout", 20));
        CHECK_THROWS_AS(begin_attempt(tx, "a", 2, "create_order", 40), StoreFailure);
    });
}

TEST_CASE("one trigger starts one run of a pipeline", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        tx.run(
            "INSERT INTO pipeline_revisions (digest, pipeline, file, text, created_at) VALUES ('digest', 'order-forward', 'f', "
            "'t', 0)");
        CHECK(insert_run(tx, run_row("r1", "order/1/placed", 10)));
        CHECK_FALSE(insert_run(tx, run_row("r2", "order/1/placed", 10)));
        CHECK(insert_run(tx, run_row("r3", "order/2/placed", 5)));
        CHECK(due_runs(tx, 4, 10).empty());
        CHECK(due_runs(tx, 10, 10) == Ids{"r3", "r1"});
        CHECK(due_runs(tx, 10, 1) == Ids{"r3"});
        CHECK(next_run_at(tx, 5) == 10);
        auto run = find_run(tx, "r3");
        REQUIRE(run.has_value());
        run->state = "waiting";
        update_run(tx, *run, "waits", 20);
        CHECK(due_runs(tx, 10, 10) == Ids{"r1"});
        CHECK(tx.announced() == static_cast<unsigned>(Topic::runs));
        CHECK_THROWS_AS(insert_run(tx,
                                   [] {
                                       auto row = run_row("r4", "order/4/placed", 0);
                                       row.revision = "no such revision";
                                       return row;
                                   }()),
                        StoreFailure);
    });
}

TEST_CASE("later steps see the outcomes of those that ended", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        tx.run("INSERT INTO pipeline_revisions (digest, pipeline, file, text, created_at) VALUES ('digest', 'p', 'f', 't', 0)");
        insert_run(tx, run_row("r", "t", 0));
        CHECK_FALSE(find_step(tx, "r", 0).has_value());
        insert_step(tx, {"r", 0, "pull", "supplier.sync_inventory", "started", R"({"account":"phonex"})", "{}", 1});
        CHECK(step_outcomes(tx, "r").dump() == "{}");
        end_step(tx, "r", 0, "done", Json::object({{"outcome", "done"}, {"rows", 3}}), 2);
        insert_step(tx, {"r", 1, "apply", "inventory.apply", "started", "{}", "{}", 3});
        CHECK(step_outcomes(tx, "r").dump() == R"({"pull":{"outcome":"done","rows":3}})");
        const auto step = find_step(tx, "r", 0);
        REQUIRE(step.has_value());
        CHECK(step->with_json == R"({"account":"phonex"})");
        CHECK(step->state == "done");
        CHECK_THROWS_AS(insert_step(tx, {"r", 1, "apply", "inventory.apply", "started", "{}", "{}", 3}), StoreFailure);
    });
}

TEST_CASE("events are numbered in the order of their commits", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        append_event(tx, "order.placed", "1", Json::object({{"a", 1}}), 5);
        append_event(tx, "stock.low", {}, Json::object(), 6);
        CHECK(tx.announced() == static_cast<unsigned>(Topic::events));
        const auto rows = tx.all<std::int64_t, std::string, std::optional<std::string>>(
            "SELECT sequence, type, order_id FROM events ORDER BY sequence");
        REQUIRE(rows.size() == 2);
        CHECK(std::get<0>(rows[0]) < std::get<0>(rows[1]));
        CHECK(std::get<2>(rows[0]) == "1");
        CHECK_FALSE(std::get<2>(rows[1]).has_value());
    });
}
