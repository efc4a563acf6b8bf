// Orders by drop folder and by the platform's own tables, through deaths of the daemon.
#include "store/database.hpp"
#include "store/other_database.hpp"
#include "support/own_postgres.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

namespace fs = std::filesystem;
using store::OtherDatabase;

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::int64_t count(MainJob& job, const std::string& what) {
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    return (*store)->number("SELECT COUNT(*) FROM " + what);
}

/// A rig whose daemon takes orders from this folder.
class FolderJob {
public:
    FolderJob() : job(options()) {}

    /// As a platform does it: written beside, then renamed.
    void drop(const std::string& name, const std::string& text) const {
        std::ofstream(drops.path() / (name + ".part"), std::ios::binary) << text;
        fs::rename(drops.path() / (name + ".part"), drops.path() / name);
    }
    [[nodiscard]] bool is_in(const std::string& part, const std::string& name) const {
        return fs::exists(drops.path() / part / name);
    }

    support::TemporaryFolder drops;
    MainJob job;

private:
    app::RigOptions options() const {
        app::RigOptions made;
        made.edit_config = [this](std::string text) {
            return text + "\nintake:\n  folder: { path: " + drops.path().string() + ", every: 100ms }\n";
        };
        return made;
    }
};

std::string with_quantity(std::string order, const std::string& quantity) {
    const std::string is = "\"quantity\":1";
    const auto at = order.find(is);
    REQUIRE(at != std::string::npos);
    return order.replace(at, is.size(), "\"quantity\":" + quantity);
}

/// A rig whose daemon shares two tables with the platform: in a file, or at a server.
class TableJob {
public:
    explicit TableJob(const std::string& backend) : backend_(backend) {
        if (backend == "postgresql") {
            server_ = std::make_unique<support::OwnPostgres>();
            connection_ = server_->connection();
        }
        else { connection_ = "dbname=" + (folder_.path() / "platform.sqlite3").string() + " timeout=10"; }
        auto opened = OtherDatabase::open(backend, connection_);
        INFO((opened ? std::string() : opened.error().text()));
        REQUIRE(opened.has_value());
        platform_ = std::move(*opened);
        const std::string serial = backend == "postgresql" ? "BIGSERIAL PRIMARY KEY" : "INTEGER PRIMARY KEY";
        const std::string time = backend == "postgresql" ? "TIMESTAMPTZ" : "TEXT";
        run("CREATE TABLE shop_orders (number " + serial + ", document TEXT NOT NULL, taken_at " + time + ", error TEXT)");
        run("CREATE TABLE shop_updates (fact_id TEXT PRIMARY KEY, event TEXT NOT NULL, order_id TEXT NOT NULL, status TEXT NOT "
            "NULL, tracking_number TEXT, supplier_order_id TEXT, updated_at " +
            time + " NOT NULL)");
        app::RigOptions options;
        options.edit_config = [this](std::string text) {
            // The server trusts everybody; that the password reaches it is seen by its not being refused as malformed.
            const std::string password = backend_ == "postgresql" ? "    password: { env: CROSSDOCK_DEMO_WEBHOOK_SECRET }\n" : "";
            return text + "\nintake:\n  outbox:\n    backend: " + backend_ + "\n    connection: \"" + connection_ + "\"\n" +
                   password + "    every: 100ms\n    table: shop_orders\n    id: number\n    inbox: shop_updates\n";
        };
        job = std::make_unique<MainJob>(std::move(options));
    }

    void run(const std::string& sql, std::vector<OtherDatabase::Text> params = {}) const {
        const auto done = platform_->run(sql, std::move(params));
        INFO((done ? std::string() : done.error().text()));
        REQUIRE(done.has_value());
    }
    void place(const std::string& document) const { run("INSERT INTO shop_orders (document) VALUES (:p1)", {document}); }
    [[nodiscard]] std::string value(const std::string& sql) const {
        const auto rows = platform_->rows(sql, {}, 1);
        INFO((rows ? std::string() : rows.error().text()));
        REQUIRE(rows.has_value());
        return rows->empty() ? "" : rows->front().front().value_or("NULL");
    }
    [[nodiscard]] bool all_taken() const {
        return value("SELECT CAST(COUNT(*) AS TEXT) FROM shop_orders WHERE taken_at IS NULL") == "0";
    }
    [[nodiscard]] std::string told(const std::string& order_id, const std::string& event) const {
        return value("SELECT CAST(COUNT(*) AS TEXT) FROM shop_updates WHERE order_id = '" + order_id + "' AND event = '" + event +
                     "'");
    }

private:
    std::string backend_, connection_;
    support::TemporaryFolder folder_;
    std::unique_ptr<support::OwnPostgres> server_;
    std::unique_ptr<OtherDatabase> platform_;

public:
    std::unique_ptr<MainJob> job;
};

}  // namespace

TEST_CASE("an order dropped into the folder goes out, a bad one is put aside with its reason, a repeat orders nothing",
          "[system]") {
    FolderJob folder;
    auto& job = folder.job;
    job.start_world();
    // What waits at the start is taken, too.
    folder.drop("PXF1.json", small_order("PXF1"));
    job.start_daemon();
    job.wait_for_status("PXF1", "shipped");
    REQUIRE(eventually([&] { return folder.is_in("done", "PXF1.json"); }));

    std::ofstream(folder.drops.path() / "PXF9.json.tmp") << small_order("PXF9");
    std::ofstream(folder.drops.path() / ".PXF9.json") << small_order("PXF9");
    fs::create_directory(folder.drops.path() / "PXF9");
    fs::create_symlink(folder.drops.path() / "PXF9.json.tmp", folder.drops.path() / "PXF9.json");
    folder.drop("PXF2.json", with_quantity(small_order("PXF2"), "0"));
    folder.drop("PXF3.json", "{\"order_id\": ");
    folder.drop("PXF1-again.json", small_order("PXF1"));
    folder.drop("PXF1-other.json", with_quantity(small_order("PXF1"), "2"));
    folder.drop("PXF4.json", std::string(300'000, ' '));
    folder.drop("PXF5.json", small_order("PXF5"));
    job.wait_for_status("PXF5", "shipped");

    CHECK(folder.is_in("done", "PXF1-again.json"));
    CHECK(folder.is_in("done", "PXF5.json"));
    const auto reason = [&](const std::string& name) { return text_of(folder.drops.path() / "failed" / (name + ".reason.txt")); };
    CHECK(folder.is_in("failed", "PXF2.json"));
    CHECK_THAT(reason("PXF2.json"),
               Catch::StartsWith("422 The order has wrong fields\n") && Catch::Contains("\n/items/0/quantity 0 is less than 1"));
    CHECK_THAT(reason("PXF3.json"), Catch::StartsWith("400 The body is no JSON document\n1:14: "));
    CHECK_THAT(reason("PXF1-other.json"), Catch::StartsWith("409 This order_id stands for another order\n"));
    CHECK_THAT(reason("PXF4.json"), Catch::StartsWith("413 The order is too large\n"));
    // A person hears of each, once.
    CHECK(count(job, "attention WHERE topic LIKE 'intake/file/%' AND resolved_at IS NULL") == 4);
    job.wait_for_mails("Intake file \"PXF2.json\"", 1);
    CHECK_THAT(job.rig().crossdock({"attention", "list"}).out,
               Catch::Contains("holds no order that can be taken: 422 The order has wrong fields"));
    for (const auto* name : {"PXF9.json.tmp", ".PXF9.json", "PXF9", "PXF9.json"}) {
        CHECK(fs::exists(fs::symlink_status(folder.drops.path() / name)));
    }
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"PXF1", 1}, {"PXF5", 1}});
    CHECK(count(job, "orders WHERE api_key_id = 'intake/folder'") == 2);

    // The same name once more: what was done is not overwritten.
    folder.drop("PXF5.json", small_order("PXF5"));
    REQUIRE(eventually([&] { return folder.is_in("done", "PXF5.json.2"); }));
    CHECK(folder.is_in("done", "PXF5.json"));
    // Another owner's order is no repeat.
    CHECK(job.rig().api("POST", "/v1/orders", small_order("PXF5"))->status == 409);
}

TEST_CASE("a death on the way of a dropped order orders it once", "[system]") {
    const std::string point =
        GENERATE("order.accept.before_commit", "order.accept.after_commit", "intake.file.before", "intake.file.after");
    CAPTURE(point);
    FolderJob folder;
    auto& job = folder.job;
    job.start_world();
    job.start_daemon(point);
    folder.drop("PXF1.json", small_order("PXF1"));
    job.wait_for_status("PXF1", "shipped");
    REQUIRE(eventually([&] {
        job.revive();
        return folder.is_in("done", "PXF1.json");
    }));
    CHECK(eventually([&] {
        job.revive();
        return job.deaths() == 1;
    }));
    CHECK_FALSE(folder.is_in("done", "PXF1.json.2"));
    CHECK_FALSE(fs::exists(folder.drops.path() / "PXF1.json"));
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"PXF1", 1}});
}

TEST_CASE("a person hears of a file that holds no order once, wherever the daemon dies on the way", "[system]") {
    const std::string point =
        GENERATE("intake.refuse.before_commit", "intake.refuse.after_commit", "intake.file.before", "intake.file.after");
    CAPTURE(point);
    FolderJob folder;
    auto& job = folder.job;
    job.start_world();
    job.start_daemon(point);
    folder.drop("PXF1.json", "no order");
    REQUIRE(eventually([&] {
        job.revive();
        return job.deaths() == 1 && folder.is_in("failed", "PXF1.json");
    }));
    job.wait_for_mails("Intake file \"PXF1.json\"", 1);
    CHECK(count(job, "attention WHERE topic LIKE 'intake/file/%'") == 1);
    CHECK(count(job, "facts WHERE natural_key LIKE 'intake/file/%'") == 1);
}

TEST_CASE("orders come from the platform's outbox table, and what becomes of them goes to its inbox, once", "[system]") {
    const std::string backend = GENERATE("sqlite3", "postgresql");
    CAPTURE(backend);
    TableJob tables(backend);
    auto& job = *tables.job;
    job.start_world();
    tables.place(small_order("PXT1"));
    job.start_daemon();
    job.wait_for_status("PXT1", "shipped");
    tables.place(with_quantity(small_order("PXT2"), "0"));
    tables.place(small_order("PXT1"));
    tables.place(small_order("PXT3"));
    job.wait_for_status("PXT3", "shipped");
    REQUIRE(eventually([&] { return tables.all_taken(); }));
    CHECK(tables.value("SELECT error FROM shop_orders WHERE number = 1") == "NULL");
    CHECK_THAT(tables.value("SELECT error FROM shop_orders WHERE number = 2"),
               Catch::Contains("/items/0/quantity 0 is less than 1"));
    CHECK(tables.value("SELECT error FROM shop_orders WHERE number = 3") == "NULL");
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"PXT1", 1}, {"PXT3", 1}});

    REQUIRE(eventually([&] { return tables.told("PXT3", "order.shipped") == "1"; }));
    for (const auto* event : {"order.placed", "order.accepted", "order.shipped"}) {
        CAPTURE(event);
        CHECK(tables.told("PXT1", event) == "1");
    }
    CHECK(tables.value("SELECT status || ' ' || tracking_number || ' ' || supplier_order_id FROM shop_updates WHERE order_id = "
                       "'PXT1' AND event = 'order.shipped'") == "shipped 1Z999AA10123456784 ORD845140");

    // Told again from the beginning, it is told once.
    const std::string before = tables.value("SELECT CAST(COUNT(*) AS TEXT) FROM shop_updates");
    job.rig().stop_daemon();
    job.start_daemon();
    tables.place(small_order("PXT4"));
    job.wait_for_status("PXT4", "shipped");
    REQUIRE(eventually([&] { return tables.told("PXT4", "order.shipped") == "1"; }));
    CHECK(std::stoi(tables.value("SELECT CAST(COUNT(*) AS TEXT) FROM shop_updates WHERE order_id <> 'PXT4'")) ==
          std::stoi(before));
}

TEST_CASE("a death between our store and the platform's tables orders once and tells once", "[system]") {
    const std::string point = GENERATE("outbox.mark.before", "outbox.mark.after", "inbox.tell.before", "inbox.tell.after",
                                       "inbox.position.before_commit", "inbox.position.after_commit");
    CAPTURE(point);
    TableJob tables("sqlite3");
    auto& job = *tables.job;
    job.start_world();
    job.start_daemon(point);
    tables.place(small_order("PXT1"));
    job.wait_for_status("PXT1", "shipped");
    REQUIRE(eventually([&] {
        job.revive();
        return tables.told("PXT1", "order.shipped") == "1" && tables.all_taken();
    }));
    CHECK(eventually([&] {
        job.revive();
        return job.deaths() == 1;
    }));
    CHECK(tables.told("PXT1", "order.placed") == "1");
    CHECK(tables.told("PXT1", "order.accepted") == "1");
    CHECK(job.orders_at_supplier() == std::map<std::string, int>{{"PXT1", 1}});
}

TEST_CASE("a platform's database that goes away is waited for, and orders come by the API meanwhile", "[system]") {
    TableJob tables("sqlite3");
    auto& job = *tables.job;
    job.start_world();
    tables.run("ALTER TABLE shop_orders RENAME TO gone");
    job.start_daemon();
    REQUIRE(eventually([&] { return job.log("daemon").find("the outbox shop_orders does not work") != std::string::npos; }));
    job.place(small_order("PXT1"));
    job.wait_for_status("PXT1", "shipped");
    tables.run("ALTER TABLE gone RENAME TO shop_orders");
    tables.place(small_order("PXT2"));
    job.wait_for_status("PXT2", "shipped");
    CHECK_THAT(job.log("daemon"), Catch::Contains("the outbox shop_orders works again"));
}

}  // namespace crossdock::tests
