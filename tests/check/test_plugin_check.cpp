// `crossdock plugin check` on the real binary: what is well passes, and each thing that is broken is found and named.
#include "base/json.hpp"
#include "base/process.hpp"
#include "base/unique_fd.hpp"
#include "check/report.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>

namespace crossdock {
namespace {

namespace fs = std::filesystem;
using support::TemporaryFolder;

struct Ran {
    int exit_code = -1;
    std::string out;
};

Ran run(std::vector<std::string> arguments) {
    const TemporaryFolder folder;
    const auto log = folder.path() / "out";
    const UniqueFd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    arguments.insert(arguments.begin(), {"plugin", "check"});
    ProcessSpec spec{.program = CROSSDOCK, .arguments = std::move(arguments), .environment = own_environment()};
    spec.stdout_fd = spec.stderr_fd = out.get();
    auto process = Process::spawn(spec);
    REQUIRE(process.has_value());
    const int status = process->wait();
    std::ifstream in(log, std::ios::binary);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}};
}

const fs::path source = CROSSDOCK_SOURCE_DIR;
const fs::path check_plugins = CHECK_PLUGINS;

std::string cassettes() {
    return (source / "tests" / "check" / "cassettes").string();
}

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// Cassettes of one account, as `supplier capture` records them: with all of its settings. Those of the tree have them in a file.
class Recorded {
public:
    Recorded(const fs::path& cassettes, const std::string& beginning, const fs::path& settings) {
        const auto common = Json::parse(text_of(settings)).value();
        for (const auto& entry : fs::directory_iterator(cassettes)) {
            const auto name = entry.path().filename().string();
            if (!name.starts_with(beginning)) { continue; }
            auto cassette = Json::parse(text_of(entry.path())).value();
            Json whole = common;
            for (const auto& [key, value] : cassette.find("settings")->members()) { whole.set(key, value); }
            cassette.set("settings", std::move(whole));
            const auto address = cassette.find("settings")->text("base_url");
            auto text = replaced(cassette.find("exchanges")->dump(), "\"" + address, "\"{{base_url}}");
            cassette.set("exchanges", Json::parse(text).value());
            // The password of another account, as a recording has it.
            std::ofstream(folder_.path() / name)
                << replaced(cassette.dump(), "Basic Y3Jvc3Nkb2NrOnRlc3QtcGFzc3dvcmQ=", "[redacted]");
        }
    }
    [[nodiscard]] const fs::path& path() const { return folder_.path(); }

private:
    TemporaryFolder folder_;
};

/// All cases of a plugin that is well.
void passes(const fs::path& library, const fs::path& recorded) {
    const auto ran = run({library.string(), "--cassettes", recorded.string()});
    INFO(ran.out);
    CHECK(ran.exit_code == 0);
    CHECK(ran.out.find(", 0 failed") != std::string::npos);
}

struct Bad {
    const char* plugin;
    const char* chosen;  ///< the case that finds it
    const char* says;
};

void finds(const Bad& bad, const std::string& recorded = cassettes()) {
    const auto ran =
        run({(check_plugins / bad.plugin).string(), "--cassettes", recorded, "--case", bad.chosen, "--timeout", "4s"});
    INFO(bad.plugin << " " << bad.chosen << "\n" << ran.out);
    CHECK(ran.exit_code == 1);
    CHECK(ran.out.find(std::string("FAILED  ") + bad.chosen) != std::string::npos);
    CHECK(ran.out.find(bad.says) != std::string::npos);
}

}  // namespace

TEST_CASE("an adapter with every operation passes the check", "[check]") {
    passes(check_plugins / "libcheck_good.so", cassettes());
}
TEST_CASE("the bundled supplier passes the check", "[check]") {
    passes(fs::path(PLUGINS) / "libphonex.so", source / "plugins" / "phonex" / "cassettes");
}
TEST_CASE("a supplier in YAML that is asked by our reference, and fetches tokens, passes the check", "[check]") {
    const auto plugin = source / "plugins" / "rest";
    passes(fs::path(PLUGINS) / "librest.so",
           Recorded(plugin / "cassettes", "northgate-", plugin / "tests" / "northgate.json").path());
}
TEST_CASE("a supplier in YAML that honours our key, and refuses with status 200, passes the check", "[check]") {
    const auto plugin = source / "plugins" / "rest";
    passes(fs::path(PLUGINS) / "librest.so", Recorded(plugin / "cassettes", "kontor-", plugin / "tests" / "kontor.json").path());
}
TEST_CASE("WesellCellular's API passes the check", "[check]") {
    const auto plugin = source / "plugins" / "wesellcellular";
    passes(fs::path(PLUGINS) / "libwesellcellular.so",
           Recorded(plugin / "cassettes", "api-", plugin / "tests" / "api.json").path());
}
TEST_CASE("a plugin that works by files is tried without its operations, and that is said", "[check]") {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "find_order-none.json")
        << R"({"cassette":1,"interface":"crossdock.supplier/1","operation":"find_order","settings":{"mode":"portal","outbox":"{{outbox}}"},)"
        << R"("input":{"reference":"PX-1000"},"exchanges":[],"output":{"transport":"answered","status":200,"matches":[]}})";
    const auto ran = run({(fs::path(PLUGINS) / "libwesellcellular.so").string(), "--cassettes", folder.path().string()});
    INFO(ran.out);
    CHECK(ran.exit_code == 0);
    CHECK(ran.out.find("skipped cassettes") != std::string::npos);
    CHECK(ran.out.find("its operations work by files") != std::string::npos);
    CHECK(ran.out.find("handle_webhook") == std::string::npos);
}
TEST_CASE("the bundled channel passes the check", "[check]") {
    passes(fs::path(PLUGINS) / "libemail.so", source / "plugins" / "email" / "cassettes");
}
TEST_CASE("the adapter of the tutorial passes the check", "[check]") {
    passes(ACME, source / "tests" / "docs" / "acme" / "cassettes");
}
TEST_CASE("an adapter in plain C passes the check", "[check]") {
    passes(fs::path(TEST_PLUGINS) / "libplain_c.so", fs::path(TEST_PLUGINS) / "plain_c_cassettes");
}

TEST_CASE("the check finds what is wrong with how an order is placed", "[check]") {
    finds(GENERATE(
        Bad{"libbad_loses_key.so", "create_order.class.same-key", "does not send the engine's key"},
        Bad{"libbad_invents_id.so", "create_order.wrong-type", "reports the id \"unknown\" while the answer is an HTML page"},
        Bad{"libbad_sends_again.so", "create_order.error-500", "the plugin says that nothing was sent, but a request left"},
        Bad{"libbad_lies.so", "create_order.cut", "says transport \"answered\", and on the wire it was \"cut\""},
        Bad{"libbad_throws_on_refusal.so", "create_order.error-500", "failed (no luck) though a request had left"},
        Bad{"libbad_drops_retry_after.so", "create_order.busy-429", "drops the peer's Retry-After of 7 s"},
        Bad{"libbad_half_an_order.so", "create_order.well", "the header Idempotency-Key is missing"},
        Bad{"libbad_takes_any_id.so", "create_order.other-order", "an id that the supplier did not give for this order"},
        Bad{"libbad_cancels_blindly.so", "cancel_order.class.same-key", "does not send the engine's key"},
        Bad{"libbad_loses_key.so", "create_order.class.again", "made 2 orders"},
        Bad{"libbad_lies.so", "create_order.bad-tls", "says transport \"answered\", and on the wire it was \"not_sent\""},
        Bad{"libbad_goes_elsewhere.so", "create_order.well", "wants to reach api.model.example"},
        Bad{"libbad_hangs.so", "create_order.error-500", "create_order took longer than 4s"}));
}

TEST_CASE("the check finds what is wrong with how a supplier is asked", "[check]") {
    finds(GENERATE(Bad{"libbad_finds_nothing.so", "create_order.class.find", "the engine would order twice, or never know"},
                   Bad{"libbad_mixes_stock.so", "sync_inventory.threads", "with 64 calls at once"},
                   Bad{"libbad_counts.so", "handle_webhook.twice", "of a payload of which it made"},
                   Bad{"libbad_members.so", "handle_webhook.members", "signal 6"},
                   Bad{"libbad_strays.so", "get_order_status.fuzz", "of --seed 1, with the answer"},
                   Bad{"libtakes_anything.so", "get_order_status.input", "takes {} for an input"},
                   Bad{"libbad_empty_list.so", "find_order.error-500", "an empty list would have the order placed again"},
                   Bad{"libbad_finds_first.so", "find_order.duplicates", "report both, so that a person looks"},
                   Bad{"libbad_crashes.so", "get_order_status.empty-body", "get_order_status ended its worker"},
                   Bad{"libbad_half_a_list.so", "sync_inventory.error-500-later", "half a list must be a fault"},
                   Bad{"libbad_empty_page.so", "sync_inventory.empty-page", "half a list must be a fault"},
                   Bad{"libbad_trusts_pages.so", "sync_inventory.looping-pages", "half a list must be a fault"},
                   Bad{"libbad_ignores_cancel.so", "sync_inventory.cancel", "does not give up when it is canceled"},
                   Bad{"libbad_exits.so", "handle_webhook.spoiled", "exit code 3"},
                   Bad{"libbad_swallows.so", "handle_webhook.spoiled", "failed without a text"}));
}

TEST_CASE("the check finds leaks of secrets, answers mixed up and senseless manifests", "[check]") {
    finds(GENERATE(Bad{"libbad_logs_secret.so", "secrets", "what create_order logs or prints shows a secret"},
                   Bad{"libbad_prints_secret.so", "secrets", "shows the secret api_key in clear"},
                   Bad{"libbad_encodes_secret.so", "secrets", "shows the secret api_key in base64"},
                   Bad{"libbad_mixes_up.so", "create_order.threads", "with 64 calls at once"},
                   Bad{"libbad_schema.so", "settings.schema", "base_url stands there twice"},
                   Bad{"libtwo_symbols.so", "descriptor.symbols", "the library exports acme_debug"},
                   Bad{"liblookup_without_find.so", "manifest", "there is no find_order to look up with"}));
}

TEST_CASE("the check finds what is wrong with a channel", "[check]") {
    const auto recorded = (source / "tests" / "check" / "channel_cassettes").string();
    passes(check_plugins / "libchannel_none.so", recorded);
    finds({"libchannel_bad_claims.so", "deliver.error-500", "deliver says status 250, and the peer answered 500"}, recorded);
    finds({"libchannel_bad_no_id.so", "deliver.class.same-id", "deliver does not send the message's id"}, recorded);
}

TEST_CASE("a plugin that does not start fails one case, and the others are not tried", "[check]") {
    const auto ran = run({(check_plugins / "libbad_settings.so").string(), "--cassettes", cassettes()});
    INFO(ran.out);
    CHECK(ran.exit_code == 1);
    CHECK(ran.out.find("FAILED  settings.values\n") != std::string::npos);
    CHECK(ran.out.find("out of order today") != std::string::npos);
    CHECK(ran.out.find("skipped create_order.well\n          the plugin does not start") != std::string::npos);
    CHECK(ran.out.find(", 1 failed,") != std::string::npos);
}

TEST_CASE("a case has a deadline as a whole", "[check]") {
    const auto ran = run({(check_plugins / "libbad_dawdles.so").string(), "--cassettes", cassettes(), "--case",
                          "handle_webhook.members", "--case-timeout", "1s"});
    INFO(ran.out);
    CHECK(ran.exit_code == 1);
    CHECK(ran.out.find("the case took longer than 1s") != std::string::npos);
}

TEST_CASE("the check finds what is never given back", "[check]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const auto ran = run({(check_plugins / "libcheck_good.so").string(), "--cassettes", cassettes(), "--case", "growth"});
    CHECK(ran.out.find("memory is not measured under a sanitizer") != std::string::npos);
#else
    finds(GENERATE(Bad{"libbad_leaks.so", "growth", "something is never freed"},
                   Bad{"libbad_keeps_open.so", "growth", "something is never closed"}));
#endif
}

TEST_CASE("an operation that no cassette shows succeeding fails the check", "[check]") {
    // A channel's cassettes show nothing of a supplier.
    const auto recorded = (source / "plugins" / "email" / "cassettes").string();
    const auto ran = run({(check_plugins / "libcheck_good.so").string(), "--cassettes", recorded, "--case", "cassettes"});
    INFO(ran.out);
    CHECK(ran.exit_code == 1);
    CHECK(ran.out.find("find_order is offered, and no cassette in " + recorded + " shows it succeeding") != std::string::npos);
}

TEST_CASE("a library that is no plugin fails the check, with the reason", "[check]") {
    for (const auto& [file, says] : {std::pair{"libno_symbol.so", "crossdock_plugin"}, std::pair{"libwrong_abi_new.so", "ABI"}}) {
        const auto ran = run({(fs::path(TEST_PLUGINS) / file).string()});
        INFO(ran.out);
        CHECK(ran.exit_code == 1);
        CHECK(ran.out.find("FAILED  descriptor\n") != std::string::npos);
        CHECK(ran.out.find(says) != std::string::npos);
    }
}

TEST_CASE("the check is reported as JSON and as JUnit, and the same seed does the same again", "[check]") {
    const TemporaryFolder folder;
    const auto junit = folder.path() / "report.xml";
    const std::vector<std::string> arguments{(check_plugins / "libbad_swallows.so").string(),
                                             "--cassettes",
                                             cassettes(),
                                             "--case",
                                             "handle_webhook",
                                             "--seed",
                                             "7",
                                             "--json",
                                             "--junit",
                                             junit.string()};
    const auto first = run(arguments);
    const auto second = run(arguments);
    CHECK(first.exit_code == 1);
    const auto one = Json::parse(first.out);
    const auto two = Json::parse(second.out);
    REQUIRE(one.has_value());
    REQUIRE(two.has_value());
    CHECK(one->integer("seed") == 7);
    CHECK(one->integer("failed") >= 2);
    REQUIRE(one->find("cases")->items().size() == two->find("cases")->items().size());
    for (std::size_t i = 0; i < one->find("cases")->items().size(); ++i) {
        CHECK(*one->find("cases")->items()[i].find("lines") == *two->find("cases")->items()[i].find("lines"));
    }
    std::ifstream in(junit);
    const std::string xml{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    CHECK(xml.starts_with("<?xml"));
    CHECK(xml.find("<testcase classname=\"crossdock.check\" name=\"handle_webhook.spoiled\"") != std::string::npos);
    CHECK(xml.find("<failure message=\"handle_webhook refuses what is no payload\">") != std::string::npos);
}

TEST_CASE("what a check is asked that makes no sense is a usage error", "[check]") {
    const auto good = (check_plugins / "libcheck_good.so").string();
    struct Row {
        std::vector<std::string> arguments;
        const char* says;
    };
    for (const auto& row :
         {Row{{"/nowhere/libx.so"}, "/nowhere/libx.so"}, Row{{good, "--case", "nonsense"}, "there is no case nonsense"},
          Row{{good, "--cassettes", (source / "plugins" / "email" / "cassettes").string(), "--case", "create_order.well"},
              "email/cassettes shows create_order succeeding"},
          Row{{good, "--cassettes", "/nowhere"}, "there is no such folder"}, Row{{good, "--case-timeout", "?"}, "--case-timeout"},
          Row{{good, "--timeout", "soon"}, "--timeout"}, Row{{good, "--timeout", "1s"}, "at least 3s"},
          Row{{good, "--junit", "/nowhere/x.xml"}, "/nowhere/x.xml"}, Row{{good, "--seed", "x"}, "--seed"}}) {
        const auto ran = run(row.arguments);
        INFO(ran.out);
        CHECK(ran.exit_code == 2);
        CHECK(ran.out.find(row.says) != std::string::npos);
    }
}

TEST_CASE("a JUnit report holds no markup of its lines", "[check]") {
    check::Report report{.library = "liba.so", .plugin = "a <1>", .digest = {}, .seed = 1};
    report.cases.push_back({"one", "a & b", check::Verdict::failed, {"<b> \"quoted\" \x01"}, milliseconds{1'234}});
    report.cases.push_back({"two", "skipped", check::Verdict::skipped, {"why"}, milliseconds{5}});
    const auto xml = check::report_junit(report);
    CHECK(xml.find("&lt;b&gt; &quot;quoted&quot; ?") != std::string::npos);
    CHECK(xml.find("a &amp; b") != std::string::npos);
    CHECK(xml.find("time=\"1.234\"") != std::string::npos);
    CHECK(xml.find("<skipped message=\"why\"/>") != std::string::npos);
}

}  // namespace crossdock
