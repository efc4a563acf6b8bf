// The sealing key changes while a daemon serves, and however that ends, every secret can be opened.
#include "base/system_clock.hpp"
#include "crypto/key_ring.hpp"
#include "main_job.hpp"
#include "plugin/fake_server.hpp"
#include "store/database.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace crossdock::tests {
namespace {

using Catch::Contains;

/// The supplier's key is sealed in the store.
MainJob sealed_job() {
    app::RigOptions options;
    options.phonex_key = "canary-of-a-sealed-key";
    options.edit_supplier = [](std::string text) {
        const std::string from = "api_key: { env: CROSSDOCK_DEMO_PHONEX_KEY }";
        return text.replace(text.find(from), from.size(), "api_key: secret://phonex-key");
    };
    return MainJob(std::move(options));
}

Json json_of(const std::string& text) {
    auto made = Json::parse(text);
    REQUIRE(made.has_value());
    return std::move(*made);
}

void set_key(MainJob& job) {
    REQUIRE(job.rig().crossdock({"secret", "set", "phonex-key"}, "canary-of-a-sealed-key\n").exit_code == 0);
}

std::string added_at(MainJob& job) {
    const auto listed = json_of(job.rig().crossdock({"webhook", "secrets", "--json"}).out);
    REQUIRE(listed.items().size() == 1);
    return listed.items()[0].text("added_at");
}

std::string fingerprint_of_file(MainJob& job) {
    SystemRandomness randomness;
    const auto key = crypto::SealingKey::load(job.rig().data() / "master.key", nullptr, false, randomness);
    REQUIRE(key.has_value());
    return key->fingerprint();
}

}  // namespace

TEST_CASE("the sealing key changes while orders go out, and the secrets live on", "[system][secrets]") {
    auto job = sealed_job();
    job.start_world();
    set_key(job);
    job.start_daemon();
    job.place(small_order("PX-1"));
    job.wait_for_status("PX-1", "shipped");
    const auto before = fingerprint_of_file(job);
    const auto added = added_at(job);

    const auto rotated = job.rig().crossdock({"secret", "rotate", "--json"});
    INFO(rotated.err);
    REQUIRE(rotated.exit_code == 0);
    const auto told = json_of(rotated.out);
    CHECK(told.text("before") == before);
    CHECK(told.text("fingerprint") == fingerprint_of_file(job));
    CHECK(told.text("fingerprint") != before);
    // secret://phonex-key and the account's row.
    CHECK(told.integer("sealed") == 2);
    CHECK(std::filesystem::exists(told.text("kept")));
    CHECK_FALSE(std::filesystem::exists(job.rig().data() / "master.key.next"));

    // What was sealed before is opened by the daemon that serves, and by the next one; what is sealed now, too.
    REQUIRE(job.rig().crossdock({"reload"}).exit_code == 0);
    job.place(small_order("PX-2"));
    job.wait_for_status("PX-2", "shipped");
    set_key(job);
    REQUIRE(job.rig().stop_daemon() == 0);
    job.start_daemon();
    job.place(small_order("PX-3"));
    job.wait_for_status("PX-3", "shipped");
    // The webhook's secret was not taken for another one, whose uses would be counted anew.
    CHECK(added_at(job) == added);
}

TEST_CASE("a daemon that dies while the sealing key changes has the one or the other", "[system][secrets][crash]") {
    const std::string point = GENERATE("key.change.before_commit", "key.change.after_commit");
    CAPTURE(point);
    auto job = sealed_job();
    job.start_world();
    set_key(job);
    job.start_daemon();
    REQUIRE(job.rig().stop_daemon() == 0);
    const auto before = fingerprint_of_file(job);
    job.start_daemon(point);
    CHECK(job.rig().crossdock({"secret", "rotate"}).exit_code != 0);
    REQUIRE(eventually([&] { return job.revive(); }));
    CHECK((fingerprint_of_file(job) == before) == (point == "key.change.before_commit"));
    CHECK_FALSE(std::filesystem::exists(job.rig().data() / "master.key.next"));
    job.place(small_order("PX-1"));
    job.wait_for_status("PX-1", "shipped");
    REQUIRE(job.rig().crossdock({"secret", "rotate"}).exit_code == 0);
    job.place(small_order("PX-2"));
    job.wait_for_status("PX-2", "shipped");
}

TEST_CASE("without a daemon the sealing key changes by the store's lock", "[system][secrets]") {
    auto job = sealed_job();
    set_key(job);
    const auto before = fingerprint_of_file(job);
    const auto rotated = job.rig().crossdock({"secret", "rotate"});
    REQUIRE(rotated.exit_code == 0);
    CHECK_THAT(rotated.out,
               Contains("sealed anew: 1;") && Contains(", was " + before) && Contains("copies of the store from before need it"));
    // A key on standard input is for one that does not come from a file.
    const auto other = job.rig().crossdock({"secret", "rotate", "--stdin"}, std::string(64, 'a'));
    CHECK(other.exit_code == 1);
    CHECK_THAT(other.err, Contains("leave out --stdin"));
    job.start_world();
    job.start_daemon();
    job.place(small_order("PX-1"));
    job.wait_for_status("PX-1", "shipped");
}

TEST_CASE("what people change is in the audit, and no secret with it", "[system][secrets]") {
    auto job = sealed_job();
    job.start_world();
    set_key(job);
    job.start_daemon();
    const std::vector<std::vector<std::string>> commands{{"customer", "add", "c-1", "--name", "Worldtech"},
                                                         {"key", "create", "shop"},
                                                         {"key", "revoke", "shop"},
                                                         {"supplier", "disable", "phonex", "--reason", "stocktaking"},
                                                         {"supplier", "enable", "phonex"},
                                                         {"secret", "rotate"},
                                                         {"reload"}};
    for (const auto& command : commands) {
        const auto said = job.rig().crossdock(command);
        INFO(command.front() << ": " << said.err);
        REQUIRE(said.exit_code == 0);
    }
    const auto all = job.rig().crossdock({"audit", "--json"});
    REQUIRE(all.exit_code == 0);
    CHECK_THAT(all.out, !Contains("canary"));
    std::string actions;
    const auto rows = json_of(all.out);
    for (const auto& one : rows.items()) { actions += one.text("action") + " "; }
    CHECK_THAT(actions, Contains("secret.set ") && Contains("customer.add key.create key.revoke supplier.disable supplier.enable "
                                                            "secret.rotate config.reload "));
    CHECK_THAT(job.rig().crossdock({"audit", "--action", "supplier", "--limit", "1"}).out,
               Contains("supplier.enable") && Contains("command line") && !Contains("disable"));
    CHECK_THAT(job.rig().crossdock({"audit", "--action", "supplier.disable"}).out, Contains("stocktaking"));
    CHECK(job.rig().crossdock({"audit", "--action", "supp"}).out.empty());
    CHECK(job.rig().crossdock({"audit", "--limit", "0"}).exit_code == 2);
}

TEST_CASE("a supplier's key is read from Vault at the start and at a reload", "[system][secrets]") {
    std::atomic<int> status{200};
    FakeServer vault([&](FakeServer::Connection& peer, int) {
        const auto request = peer.read_request();
        const bool right = request.starts_with("GET /v1/secret/data/suppliers/phonex HTTP/1.1\r\n") &&
                           request.find("X-Vault-Token: canary-token") != std::string::npos;
        vault.note(request);
        if (status != 200) { peer.write(http_answer(status, R"({"errors":["Vault is sealed"]})")); }
        else if (right) { peer.write(http_answer(200, R"({"data":{"data":{"api_key":"canary-of-a-kept-key"}}})")); }
        else { peer.write(http_answer(403, R"({"errors":["permission denied"]})")); }
    });
    app::RigOptions options;
    options.phonex_key = "canary-of-a-kept-key";
    options.edit_supplier = [](std::string text) {
        const std::string from = "api_key: { env: CROSSDOCK_DEMO_PHONEX_KEY }";
        return text.replace(text.find(from), from.size(), "api_key: { from: vault, name: suppliers/phonex, field: api_key }");
    };
    support::TemporaryFolder folder;
    std::ofstream(folder.path() / "token") << "canary-token\n";
    options.edit_config = [&](const std::string& text) {
        return text + "\nsecrets:\n  vault: { plugin: vault, settings: { base_url: \"" + vault.url() +
               "\" }, credentials: { token: { file: " + (folder.path() / "token").string() + " } } }\n";
    };
    MainJob job(std::move(options));
    REQUIRE(job.rig().crossdock({"lint"}).exit_code == 0);
    job.start_world();
    job.start_daemon();
    job.place(small_order("PX-1"));
    job.wait_for_status("PX-1", "shipped");
    REQUIRE(job.rig().crossdock({"reload"}).exit_code == 0);
    CHECK(vault.notes().size() == 2);

    // Vault is away: the daemon goes on with what it has, and a start does not happen.
    status = 503;
    const auto refused = job.rig().crossdock({"reload"});
    CHECK(refused.exit_code == 3);
    CHECK_THAT(refused.err, Contains("phonex.yaml:11:12: ") &&
                                Contains("the secret suppliers/phonex cannot be read from `vault`") &&
                                Contains("Vault is sealed") && !Contains("canary"));
    job.place(small_order("PX-2"));
    job.wait_for_status("PX-2", "shipped");
    REQUIRE(job.rig().stop_daemon() == 0);
    const auto start = job.rig().crossdock({"serve"});
    CHECK(start.exit_code == 4);
    CHECK_THAT(start.err, Contains("phonex.yaml:11:12: ") && Contains("Vault is sealed"));
    status = 200;
    job.start_daemon();
    job.place(small_order("PX-3"));
    job.wait_for_status("PX-3", "shipped");
    CHECK_THAT(job.log("daemon"), !Contains("canary"));
}

TEST_CASE("what is wrong with a keeper of secrets is said with its place", "[system][secrets]") {
    struct Row {
        const char* key;
        const char* keeper;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"{ from: valt, name: x }",
            "{ plugin: vault, settings: { base_url: https://v.example }, credentials: { token: { env: T } } }",
            "phonex.yaml:11:12: there is no `valt` under `secrets` of the config; did you mean `vault`?"},
        Row{"{ from: vault }", "{ plugin: vault, settings: { base_url: https://v.example }, credentials: { token: { env: T } } }",
            "`api_key` lacks the key `name`"},
        Row{"{ from: vault, name: x }",
            "{ plugin: vault, settings: { base_url: http://v.example }, credentials: { token: { env: T } } }",
            "the setting \"base_url\" is http:// to another machine"},
        Row{"{ from: vault, name: x }", "{ plugin: vault, settings: { base_url: https://v.example, token: plain } }",
            "the setting \"token\" is a secret, and stands here in clear"},
        Row{"{ from: vault, name: x }", "{ plugin: email, settings: { host: v.example }, credentials: { password: { env: T } } }",
            "does not offer the interface crossdock.secrets/1"},
        Row{"{ from: vault, name: x }",
            "{ plugin: vault, settings: { base_url: https://v.example }, credentials: { token: { from: vault, name: y } } }",
            "what asks for secrets cannot have its own from another"});
    CAPTURE(row.key, row.keeper);
    app::RigOptions options;
    options.edit_supplier = [&](std::string text) {
        const std::string from = "{ env: CROSSDOCK_DEMO_PHONEX_KEY }";
        return text.replace(text.find(from), from.size(), row.key);
    };
    options.edit_config = [&](const std::string& text) { return text + "\nsecrets:\n  vault: " + row.keeper + "\n"; };
    MainJob job(std::move(options));
    const auto lint = job.rig().crossdock({"lint"});
    CHECK(lint.exit_code == 3);
    CHECK_THAT(lint.err, Contains(row.fault));
}

TEST_CASE("a sealing key of the environment is changed to one from standard input", "[system][secrets]") {
    const std::string first(64, '1');
    const std::string second(64, '2');
    auto job = sealed_job();
    const auto with = [&](const std::string& key, std::vector<std::string> arguments, const std::string& input) {
        ::setenv("CROSSDOCK_MASTER_KEY", key.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): this process has one thread
        auto output = job.rig().crossdock(std::move(arguments), input);
        ::unsetenv("CROSSDOCK_MASTER_KEY");  // NOLINT(concurrency-mt-unsafe): as above
        return output;
    };
    REQUIRE(with(first, {"secret", "set", "phonex-key"}, "canary-of-a-sealed-key").exit_code == 0);
    CHECK_THAT(with(first, {"secret", "rotate"}, "").err, Contains("CROSSDOCK_MASTER_KEY") && Contains("--stdin"));
    CHECK_THAT(with(first, {"secret", "rotate", "--stdin"}, "12").err, Contains("64 hex digits"));
    const auto rotated = with(first, {"secret", "rotate", "--stdin"}, second + "\n");
    CHECK(rotated.exit_code == 0);
    CHECK_THAT(rotated.out, Contains("Put the new key into CROSSDOCK_MASTER_KEY now"));
    CHECK_FALSE(std::filesystem::exists(job.rig().data() / "master.key"));
    CHECK_THAT(with(first, {"secret", "set", "x"}, "y").err, Contains("this is not the sealing key of this store"));
    CHECK(with(second, {"secret", "set", "x"}, "y").exit_code == 0);
}

TEST_CASE("a value that cannot be opened keeps the sealing key as it is", "[system][secrets]") {
    auto job = sealed_job();
    set_key(job);
    REQUIRE(job.rig().crossdock({"secret", "set", "other"}, "another").exit_code == 0);
    const auto before = fingerprint_of_file(job);
    {
        auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_write);
        REQUIRE(store.has_value());
        (*store)->run("UPDATE secrets SET sealed = 'v1:AAAA' WHERE name = 'other'", {});
    }
    const auto refused = job.rig().crossdock({"secret", "rotate"});
    CHECK(refused.exit_code == 1);
    CHECK_THAT(refused.err, Contains("secrets other") && Contains("damaged"));
    CHECK(fingerprint_of_file(job) == before);
    CHECK_FALSE(std::filesystem::exists(job.rig().data() / "master.key.next"));
    job.start_world();
    job.start_daemon();
    job.place(small_order("PX-1"));
    job.wait_for_status("PX-1", "shipped");
}

}  // namespace crossdock::tests
