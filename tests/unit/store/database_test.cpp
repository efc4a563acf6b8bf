#include "store/database.hpp"
#include "store/group.hpp"
#include "store/inline_store.hpp"
#include "store/migrate.hpp"
#include "store/store_lock.hpp"

#include <catch2/catch.hpp>

#include "support/temporary_store.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <fstream>

using namespace crossdock;
using namespace crossdock::store;

namespace {

using MaybeText = std::optional<std::string>;
using MaybeInt = std::optional<std::int64_t>;

void never(const Fault& fault) {
    FAIL("the commit failed: " << fault.text());
}

void add_setting(Tx& tx, const std::string& name, const std::string& value) {
    tx.run("INSERT INTO store_settings (name, value) VALUES (:1, :2)", {name, value});
}

std::int64_t settings(Tx& tx) {
    return tx.number("SELECT COUNT(*) FROM store_settings");
}

}  // namespace

TEST_CASE("a new store is readable by its owner only, and migrating it again changes nothing", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "new.db";
    REQUIRE(migrate_sqlite(file).has_value());
    struct stat found {};
    REQUIRE(::stat(file.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
    {
        auto database = Database::open(file, Database::Mode::read_write).value();
        database->begin();
        add_setting(*database, "kept", "yes");
        database->commit();
    }
    REQUIRE(migrate_sqlite(file).has_value());
    auto database = Database::open(file, Database::Mode::read_only).value();
    CHECK(settings(*database) == 1);
    CHECK(database->number("PRAGMA user_version") == sqlite_migrations().back().number);
    CHECK(database->first<std::string>("PRAGMA journal_mode") == std::tuple<std::string>("wal"));
    CHECK(database->number("PRAGMA synchronous") == 2);
    CHECK(database->number("PRAGMA foreign_keys") == 1);
}

TEST_CASE("a store that a newer version made is refused and left alone", "[store][unit]") {
    support::TemporaryStore store;
    store.database().run("PRAGMA user_version=99");
    const auto migrated = migrate_sqlite(store.file());
    REQUIRE(!migrated.has_value());
    CHECK_THAT(migrated.error().text(), Catch::Matchers::Contains("migration 99") && Catch::Matchers::Contains("newer version") &&
                                            Catch::Matchers::Contains(store.file().string()));
    CHECK(migrated.error().advice == Advice::stop);
}

TEST_CASE("a file that is no store is refused by its path and not overwritten", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "letters.txt";
    const std::string letters(5'000, 'x');
    std::ofstream(file) << letters;
    const auto migrated = migrate_sqlite(file);
    REQUIRE(!migrated.has_value());
    CHECK_THAT(migrated.error().text(), Catch::Matchers::Contains(file.string()));
    std::ifstream in(file);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == letters);

    CHECK(!migrate_sqlite(folder.path() / "absent" / "store.db").has_value());
    const auto absent = Database::open(folder.path() / "none.db", Database::Mode::read_only);
    REQUIRE(!absent.has_value());
    CHECK_THAT(absent.error().text(), Catch::Matchers::Contains("none.db"));
}

TEST_CASE("a value comes out of the store as it went in", "[store][unit]") {
    support::TemporaryStore store;
    store.database().run("CREATE TABLE values_kept (id BIGINT, whole BIGINT, words TEXT)");
    struct Row {
        MaybeInt whole;
        MaybeText words;
    };
    const auto row = GENERATE(values<Row>({{std::nullopt, std::nullopt},
                                           {0, ""},
                                           {std::numeric_limits<std::int64_t>::max(), "plain"},
                                           {std::numeric_limits<std::int64_t>::min(), "quote ' and \" and ; -- :1"},
                                           {-1, "Grüße, 東京, \xF0\x9F\x93\xA6"},
                                           {1, std::string(300'000, 'y')}}));
    store.run([&](Tx& tx) { tx.run("INSERT INTO values_kept VALUES (:1, :2, :3)", {1, row.whole, row.words}); });
    const auto found = store.in([](Tx& tx) { return tx.all<MaybeInt, MaybeText>("SELECT whole, words FROM values_kept"); });
    REQUIRE(found.size() == 1);
    CHECK(std::get<0>(found[0]) == row.whole);
    CHECK((std::get<1>(found[0]) == row.words));
}

TEST_CASE("a NULL where none can be is a failure, not a zero", "[store][unit]") {
    support::TemporaryStore store;
    CHECK_THROWS_AS(store.in([](Tx& tx) { return tx.first<std::int64_t>("SELECT NULL").has_value(); }), StoreFailure);
    CHECK(store.in([](Tx& tx) { return tx.number("SELECT NULL", {}, 7); }) == 7);
    CHECK(store.in([](Tx& tx) { return tx.number("SELECT value FROM store_settings", {}, 8); }) == 8);
}

TEST_CASE("a statement tells how many rows it changed", "[store][unit]") {
    support::TemporaryStore store;
    const auto insert = "INSERT INTO store_settings (name, value) VALUES (:1, :2) ON CONFLICT (name) DO NOTHING";
    store.run([&](Tx& tx) {
        CHECK(tx.run(insert, {"a", "1"}) == 1);
        CHECK(tx.run(insert, {"a", "2"}) == 0);
        CHECK(tx.run(insert, {"b", "2"}) == 1);
        CHECK(tx.run("UPDATE store_settings SET value = '3'") == 2);
        CHECK(tx.run("DELETE FROM store_settings WHERE name = 'c'") == 0);
    });
}

TEST_CASE("one wrong unit of a group of 64 errs alone", "[store][unit]") {
    support::TemporaryStore store;
    std::vector<std::optional<std::string>> faults(64, "never called");
    std::vector<Entry> group;
    for (std::size_t i = 0; i < faults.size(); ++i) {
        const auto unit = [i](Tx& tx) {
            add_setting(tx, "unit " + std::to_string(i), "first");
            if (i % 2 == 0) { tx.announce(Topic::runs); }
            // Its first statement stands already when the second fails.
            if (i == 40) { tx.run("INSERT INTO store_settings (name, value) VALUES (:1, :2)", {"private", nullptr}); }
        };
        const auto done = [&faults, i](const std::optional<Fault>& fault) {
            faults[i] = fault ? std::optional(fault->text()) : std::nullopt;
        };
        group.push_back({Commit::order_accept, unit, done});
    }
    CHECK(commit_group(store.database(), group, never) == static_cast<unsigned>(Topic::runs));
    for (std::size_t i = 0; i < faults.size(); ++i) {
        CAPTURE(i);
        CHECK(faults[i].has_value() == (i == 40));
    }
    CHECK_THAT(faults[40].value_or(""), Catch::Matchers::Contains("order.accept") && Catch::Matchers::Contains("NOT NULL") &&
                                            !Catch::Matchers::Contains("private"));
    CHECK(settings(store.database()) == 63);
    CHECK(store.database().number("SELECT COUNT(*) FROM store_settings WHERE name = 'unit 40'") == 0);
}

TEST_CASE("a unit that fails changes nothing and announces nothing, and the next one works", "[store][unit]") {
    support::TemporaryStore place;
    std::vector<unsigned> announced;
    InlineStore store(Database::open(place.file(), Database::Mode::read_write).value(),
                      [&](unsigned topics) { announced.push_back(topics); });
    const auto failed = store.commit_now<int>(Commit::run_advance, [](Tx& tx) {
        tx.announce(Topic::effects);
        add_setting(tx, "half", "done");
        throw StoreFailure("a reason");
        return 0;
    });
    REQUIRE(!failed.has_value());
    CHECK_THAT(failed.error().text(), Catch::Matchers::Contains("run.advance") && Catch::Matchers::Contains("a reason"));
    CHECK(failed.error().advice == Advice::retry);
    CHECK(announced.empty());
    const auto worked = store.commit_now<std::int64_t>(Commit::run_advance, [](Tx& tx) {
        tx.announce(Topic::events);
        tx.announce(Topic::runs);
        return settings(tx);
    });
    REQUIRE(worked.has_value());
    CHECK(*worked == 0);
    CHECK(announced == std::vector<unsigned>{static_cast<unsigned>(Topic::events) | static_cast<unsigned>(Topic::runs)});
    const auto quiet = store.commit_now<int>(Commit::run_advance, [](Tx& tx) {
        add_setting(tx, "quiet", "1");
        return 0;
    });
    CHECK(quiet.has_value());
    CHECK(announced.size() == 1);
}

TEST_CASE("a read sees one state and cannot write", "[store][unit]") {
    support::TemporaryStore place;
    auto reading = Database::open(place.file(), Database::Mode::read_only).value();
    const auto fault = read_once(*reading, [](Tx& tx) { add_setting(tx, "a", "b"); });
    REQUIRE(fault.has_value());
    const auto none = read_once(*reading, [&](Tx& tx) {
        CHECK(settings(tx) == 0);
        place.run([](Tx& writer) { add_setting(writer, "a", "b"); });
        CHECK(settings(tx) == 0);
    });
    CHECK(!none.has_value());
    CHECK(settings(*reading) == 1);
}

TEST_CASE("a line whose quantities do not add up is refused by the store itself", "[store][unit]") {
    support::TemporaryStore store;
    store.run([](Tx& tx) {
        tx.run(
            "INSERT INTO orders (id, api_key_id, body_digest, document, answer, supplier_code, customer_id, currency, "
            "total_minor, "
            "status, placed_at, updated_at) VALUES ('1', 'k', 'd', '{}', '{}', 's', 'c', 'USD', 0, 'pending', 0, 0)");
        tx.run(
            "INSERT INTO order_lines (order_id, line_number, sku, unit_price_minor, currency, ordered, open) VALUES ('1', 1, "
            "'X', 1, "
            "'USD', 5, 5)");
        tx.run("INSERT INTO suppliers (id, name, type, created_at, updated_at) VALUES ('s', 's', 'direct', 0, 0)");
        for (const char* id : {"a", "b"}) {
            tx.run(
                "INSERT INTO supplier_orders (id, order_id, supplier_id, reference, status, synced_at, created_at, updated_at) "
                "VALUES (:1, '1', 's', :2, 'pending', 0, 0, 0)",
                {id, id});
        }
        tx.run(
            "INSERT INTO supplier_order_lines (supplier_order_row_id, order_id, line_number, quantity, open) VALUES ('a', '1', "
            "1, "
            "3, 3)");
    });
    const auto line = [&store] {
        return store.in([](Tx& tx) {
            return std::get<0>(
                tx.first<std::string>("SELECT open || ' ' || accepted || ' ' || shipped || ' ' || canceled FROM order_lines")
                    .value());
        });
    };
    CHECK(line() == "5 0 0 0");
    const auto* wrong = GENERATE(
        "UPDATE order_lines SET accepted = 1", "UPDATE order_lines SET open = 4", "UPDATE order_lines SET ordered = 6",
        "UPDATE order_lines SET open = 6, shipped = -1", "UPDATE order_lines SET order_id = 'no such order'",
        "INSERT INTO order_lines (order_id, line_number, sku, unit_price_minor, currency, ordered) VALUES ('1', 2, 'X', "
        "1, 'USD', 5)",
        // It balances, and no supplier order says so.
        "UPDATE order_lines SET open = 2, shipped = 3", "UPDATE order_lines SET sku = 'Y'",
        "UPDATE supplier_order_lines SET accepted = 1", "UPDATE supplier_order_lines SET open = 0",
        "UPDATE supplier_order_lines SET open = 4, quantity = 4", "UPDATE supplier_order_lines SET open = -1, shipped = 4",
        // More than was ordered, all suppliers together.
        "INSERT INTO supplier_order_lines (supplier_order_row_id, order_id, line_number, quantity, open) VALUES ('b', '1', 1, 3, "
        "3)",
        "INSERT INTO supplier_order_lines (supplier_order_row_id, order_id, line_number, quantity, open) VALUES ('b', '1', 2, 1, "
        "1)",
        "INSERT INTO supplier_order_lines (supplier_order_row_id, order_id, line_number, quantity, open) VALUES ('b', '1', 1, 0, "
        "0)");
    CHECK_THROWS_AS(store.run([&](Tx& tx) { tx.run(wrong); }), StoreFailure);
    store.run([](Tx& tx) {
        tx.run(
            "INSERT INTO supplier_order_lines (supplier_order_row_id, order_id, line_number, quantity, open) VALUES ('b', '1', "
            "1, "
            "2, 2)");
        tx.run("UPDATE supplier_order_lines SET open = 1, shipped = 2 WHERE supplier_order_row_id = 'a'");
        tx.run("UPDATE supplier_order_lines SET open = 0, canceled = 2 WHERE supplier_order_row_id = 'b'");
    });
    CHECK(line() == "1 0 2 2");
    store.run([](Tx& tx) { tx.run("DELETE FROM supplier_order_lines WHERE supplier_order_row_id = 'b'"); });
    CHECK(line() == "3 0 2 0");
    store.run([](Tx& tx) { tx.run("DELETE FROM supplier_order_lines"); });
    CHECK(line() == "5 0 0 0");
}

TEST_CASE("a second owner of a store is refused and told who has it", "[store][unit]") {
    support::TemporaryFolder folder;
    const auto file = folder.path() / "store.lock";
    {
        const auto first = FileLock::take(file, "the store", "stop that one");
        REQUIRE(first.has_value());
        const auto second = FileLock::take(file, "the store", "stop that one");
        REQUIRE(!second.has_value());
        CHECK_THAT(second.error().text(), Catch::Matchers::Contains("the store is in use by process " +
                                                                    std::to_string(::getpid()) + "; stop that one") &&
                                              Catch::Matchers::Contains(file.string()));
        FileLock other;
        const auto tried = FileLock::try_take(file, other);
        REQUIRE(tried.has_value());
        CHECK_FALSE(*tried);
    }
    CHECK(FileLock::take(file, "the store", "stop that one").has_value());
    CHECK(!FileLock::take(folder.path() / "absent" / "lock", "the store", "stop that one").has_value());
}
