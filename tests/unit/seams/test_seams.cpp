#include "source_scan.hpp"

#include <catch2/catch.hpp>

using namespace crossdock::test;

namespace {

// The runner files: the only ones that may own threads, timers, clocks or randomness. Everything else has them handed in,
// so that the whole engine can run inside one seeded, one-threaded simulation.
const std::vector<std::string_view> runners{
    "core/base/system_clock.cpp",    // the machine's clocks, timers and randomness
    "core/store/writer_thread.cpp",  // drives the store's writer in the daemon
    "core/http/",                    // socket timeouts of server and client
    "core/sandbox/",                 // a process of its own
    "core/plugin/worker/",           // a process of its own, or what is below
    "core/plugin/in_process/",       // plugins on threads of the daemon, each with a socket to its Link
    "core/app/",                     // wiring
};

// Who may commit or send without crash points of its own, and why.
const std::vector<std::string_view> bare{
    "core/store/database.cpp",  // says the word COMMIT; whoever calls Database::commit() passes the points
    "core/sandbox/",            // a process of its own, whose crashes are not the engine's
    "core/app/metered.cpp",     // hands calls on; whoever calls it passes the points
};

const std::vector<Source>& engine() {
    static const auto sources = read_sources(CROSSDOCK_SOURCE_DIR, {"core", "sdk", "plugins"});
    return sources;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) { text += line + "\n"; }
    return text;
}

Source made(std::string_view text) {
    return {"core/orders/example.cpp", without_comments(text)};
}

}  // namespace

TEST_CASE("no engine file outside the named runners uses threads, timers, clocks or randomness of its own", "[seams][unit]") {
    REQUIRE(engine().size() > 10);
    std::vector<std::string> found;
    for (const auto& source : engine()) {
        if (!source.path.starts_with("core/") || is_listed(source.path, runners)) { continue; }
        for (auto& use : ambient_uses(source)) { found.push_back(std::move(use)); }
    }
    INFO(joined(found));
    CHECK(found.empty());
}

TEST_CASE("every commit and every call that leaves a process has a crash point on either side", "[seams][unit]") {
    std::vector<std::string> found;
    for (const auto& source : engine()) {
        if (is_listed(source.path, bare)) { continue; }
        for (auto& act : bare_acts(source)) { found.push_back(std::move(act)); }
    }
    INFO(joined(found));
    CHECK(found.empty());
}

TEST_CASE("no coroutine holds a closure that GCC 12 destroys too early", "[seams][unit]") {
    std::vector<std::string> found;
    for (const auto& source : read_sources(CROSSDOCK_SOURCE_DIR, {"core", "sdk", "plugins", "tests/support", "tests/system"})) {
        for (auto& closure : unsafe_closures(source)) { found.push_back(std::move(closure)); }
    }
    INFO(joined(found));
    CHECK(found.empty());
}

TEST_CASE("a hidden clock, timer, thread or source of randomness is found with file and line", "[seams][unit]") {
    const std::string line =
        GENERATE("std::thread runner(f);", "std::jthread runner(f);", "boost::asio::thread_pool pool;",
                 "asio::steady_timer timer(executor);", "const auto t = Clock::now();",
                 "auto t = std::chrono::system_clock::now ();", "std::random_device entropy;", "std::this_thread::sleep_for(1s);",
                 "auto f = std::async(g);", "clock_gettime(CLOCK_REALTIME, &t);", "const auto now = ::time(nullptr);",
                 "usleep(10);", "getrandom(b, n, 0);", "std::mt19937 engine;");
    CAPTURE(line);
    const auto found = ambient_uses(made("// one\nvoid f() {\n    " + line + "\n}\n"));
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("core/orders/example.cpp:3: "));
    CHECK(ambient_uses(made("// " + line + "\n/* " + line + "\n" + line + " */\n")).empty());
}

TEST_CASE("times and timers that are handed in are no hidden clocks", "[seams][unit]") {
    const std::string line =
        GENERATE("const UtcMs now = clock.utc_ms();", "clock.after(delay, then);", "std::this_thread::get_id();",
                 "randomness.fill(bytes);", "run.start_time(now);", "const auto operand = brand(x);");
    CHECK(ambient_uses(made(line)).empty());
}

TEST_CASE("a commit or a transfer without a crash point on either side is found", "[seams][unit]") {
    const std::string line =
        GENERATE("session << \"COMMIT\";", "run(\"commit;\");", "run(R\"(COMMIT)\");", "run(sql + \";\\nCOMMIT;\");",
                 "run(\"BEGIN; DELETE FROM t; COMMIT;\");", "database.commit();", "const auto code = curl_easy_perform(easy);",
                 "co_await environment_.caller.call(std::move(call), none);");
    const std::string before = "CrashPoint::pass(point, Side::before);\n";
    const std::string after = "\nCrashPoint::pass(point, Side::after);\n";
    CAPTURE(line);
    CHECK(bare_acts(made(before + line + after)).empty());
    CHECK(bare_acts(made(line)).size() == 1);
    CHECK(bare_acts(made(before + line)).size() == 1);
    CHECK(bare_acts(made(line + after)).size() == 1);
    CHECK(bare_acts(made(before + after + line + before + after)).size() == 1);
}

TEST_CASE("asking the store to commit a batch is no commit of its own", "[seams][unit]") {
    CHECK(bare_acts(
              made("co_await store.commit(std::move(batch));\nconst Commit commit = Commit::run_advance;\n"
                   "log(\"committed\"); log(\"the commit failed\"); log(\"(after its commit)\"); add(\"order.before_commit\");"))
              .empty());
}

TEST_CASE("a capturing lambda inside a co_await expression is found", "[seams][unit]") {
    const std::string text =
        GENERATE("co_await f([x] { return x; });", "co_await f(1,\n [&](int) { g(); });",
                 "auto y = co_await on_callback<T>(\n[=](auto t) {});", "co_await f(std::function<void()>([this] { g(); }));",
                 "if (!co_await f({.then = [x] { g(); }})) { h(); }");
    CAPTURE(text);
    CHECK(unsafe_closures(made("Task<void> c() { " + text + " }")).size() == 1);
}

TEST_CASE("closures that live long enough are left alone", "[seams][unit]") {
    const std::string text = GENERATE("co_await f([] { return 1; });", "const auto g = [x] { return x; };\nco_await f(g);",
                                      "if (co_await f(a[1], b)) { run([x] { g(x); }); }", "co_await f(map[key](1), list[i]{});",
                                      "// co_await f([x] { return x; });\n");
    CAPTURE(text);
    CHECK(unsafe_closures(made("Task<void> c() { " + text + " }")).empty());
}

TEST_CASE("a capturing lambda that is a coroutine is found, one that hands on a task is not", "[seams][unit]") {
    CHECK(unsafe_closures(made("const auto f = [this](int x) -> Task<int> { co_return x; };")).size() == 1);
    CHECK(unsafe_closures(made("spawn(e, [&]() -> Task<void> { co_await g(); });")).size() == 1);
    CHECK(unsafe_closures(made("const auto f = [this](int x) -> Task<int> { return handle(x); };")).empty());
    CHECK(unsafe_closures(made("const auto f = [](int x) -> Task<int> { co_return x; };")).empty());
}
