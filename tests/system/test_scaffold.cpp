// Outside the tree: what is installed runs, what `crossdock plugin new` writes builds against it, passes its own tests, loads in
// a worker and places an order, and docs/write-a-plugin.md can be followed word by word.
#include "base/unique_fd.hpp"
#include "check/plugin_bench.hpp"
#include "support/markdown.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace crossdock::tests {
namespace {

namespace fs = std::filesystem;

/// For one command; compilers take their time on a machine under load.
constexpr milliseconds patience{300'000};

std::string read_all(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Ran {
    int exit_code = -1;
    std::string out;  ///< both streams
};

/// Runs a program to its end; one that does not end in time is killed.
Ran run(const fs::path& folder, const fs::path& program, std::vector<std::string> arguments) {
    const fs::path log = folder / "output.log";
    fs::remove(log);
    const UniqueFd fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    ProcessSpec spec;
    spec.program = program;
    spec.arguments = std::move(arguments);
    spec.environment = own_environment();
    spec.stdout_fd = fd.get();
    spec.stderr_fd = fd.get();
    auto process = Process::spawn(spec);
    if (!process) { FAIL(process.error().text()); }
    std::optional<int> status;
    (void)eventually([&] { return (status = process->ended()).has_value(); }, patience);
    Ran ran;
    ran.out = read_all(log);
    if (status && WIFEXITED(*status)) { ran.exit_code = WEXITSTATUS(*status); }
    return ran;
}

/// This build, installed into a folder of its own.
class Installed {
public:
    Installed() { well(CMAKE, {"--install", BUILD_FOLDER, "--prefix", prefix().string()}); }

    [[nodiscard]] const fs::path& folder() const { return folder_.path(); }
    [[nodiscard]] fs::path prefix() const { return folder() / "prefix"; }
    [[nodiscard]] fs::path crossdock() const { return prefix() / "bin" / "crossdock"; }

    /// Requires exit code 0; what it printed.
    std::string well(const fs::path& program, const std::vector<std::string>& arguments) const {
        const auto ran = run(folder(), program, arguments);
        INFO(program << " " << (arguments.empty() ? "" : arguments.front()) << "\n" << ran.out);
        REQUIRE(ran.exit_code == 0);
        return ran.out;
    }

private:
    support::TemporaryFolder folder_;
};

/// Builds a scaffolded plugin, runs its tests and the check, and answers its library.
fs::path built(const Installed& installed, const std::string& name) {
    const fs::path source = installed.folder() / name;
    const fs::path build = source / "build";
    installed.well(CMAKE, {"-S", source.string(), "-B", build.string(), "-G", "Ninja", "-DCMAKE_MAKE_PROGRAM=" NINJA,
                           "-DCMAKE_C_COMPILER=" C_COMPILER, "-DCMAKE_CXX_COMPILER=" CXX_COMPILER, "-DCMAKE_BUILD_TYPE=Debug",
                           "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", "-DCMAKE_PREFIX_PATH=" + installed.prefix().string()});
    installed.well(CMAKE, {"--build", build.string(), "--parallel", "2"});
    const auto tested = installed.well(CTEST, {"--test-dir", build.string(), "--output-on-failure"});
    CHECK(tested.find("100% tests passed") != std::string::npos);
    const fs::path library = build / ("lib" + name + ".so");
    const auto checked = installed.well(installed.crossdock(), {"plugin", "check", library.string()});
    CHECK(checked.find(", 0 failed") != std::string::npos);
    return library;
}

void check_symbols(const Installed& installed, const fs::path& library) {
    const auto symbols = installed.well(NM, {"-D", "--defined-only", "--format=posix", library.string()});
    INFO(symbols);
    CHECK(symbols.starts_with("crossdock_plugin D "));
    CHECK(std::count(symbols.begin(), symbols.end(), '\n') == 1);
}

/// What the engine reads of it, through a worker.
void check_manifest(const fs::path& library, const std::string& interface, const std::vector<std::string>& operations) {
    const auto manifest = check::inspect_plugin(library);
    if (!manifest) { FAIL(manifest.error().text()); }
    CHECK("lib" + manifest->name + ".so" == library.filename());
    CHECK(manifest->interfaces == std::vector<std::string>{interface});
    CHECK(manifest->operations == operations);
}

/// The main job with that plugin in place of the shipped one.
void place_an_order(const fs::path& library) {
    app::RigOptions options;
    options.accept_after = milliseconds{100};
    options.ship_after = milliseconds{200};
    options.edit_supplier = [&library](std::string text) {
        const std::string from = "\nplugin: phonex\n";
        return text.replace(text.find(from), from.size(), "\nplugin: " + library.string() + "\n");
    };
    MainJob job(std::move(options));
    job.run_seed_order();
    job.wait_for_stock();
    const auto world = job.rig().sandbox("GET", "/_sandbox/orders");
    REQUIRE(world.has_value());
    CHECK(world->find("posts")->integer("PXSTKL0000347") == 1);
    CHECK(describe_exit(job.rig().stop_daemon()) == "exit code 0");
}

/// What a reader of a page does, from an empty folder: the `sh` blocks in their order, in one shell, and in between each file
/// that the page gives, put where it says.
std::string script_of(const std::vector<support::Block>& blocks, const fs::path& folder) {
    std::string script = "set -euo pipefail\nexec 2>&1\n";
    for (const auto& block : blocks) {
        if (block.language == "sh") { script += "echo '== line " + std::to_string(block.line) + "'\n" + block.content; }
        if (block.language == "sh" || block.language == "text" || block.mark.empty()) { continue; }
        const auto mark = support::mark_of(block.mark);
        if (mark.target.empty()) { continue; }
        const fs::path piece = folder / "pieces" / std::to_string(block.line);
        fs::create_directories(piece.parent_path());
        std::ofstream(piece, std::ios::binary) << (mark.adds ? "\n" : "") << block.content;
        script +=
            "cat '" + piece.string() + "' " + (mark.adds ? ">>" : ">") + " '" + (folder / "work" / mark.target).string() + "'\n";
    }
    return script;
}

}  // namespace

TEST_CASE("what is installed runs the demo, and its config lints", "[scaffold]") {
    const Installed installed;
    const auto demo = installed.well(installed.crossdock(), {"demo", "--once"});
    CHECK(demo.find("Done: one order, placed once, shipped, and everybody told.") != std::string::npos);
    const auto config = installed.prefix() / "share" / "crossdock" / "config" / "crossdock.yaml";
    const auto linted = installed.well(installed.crossdock(), {"lint", "--config", config.string()});
    CHECK(linted.find("order-forward.yaml: ok") != std::string::npos);
    const auto listed = installed.well(installed.crossdock(), {"plugin", "list"});
    for (const char* name : {"phonex 1.0.0", "email 1.0.0"}) { CHECK(listed.find(name) != std::string::npos); }
}

TEST_CASE("a new plugin builds outside the tree, passes its tests and places an order", "[scaffold]") {
    const Installed installed;
    const auto make = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"plugin", "new"});
        arguments.insert(arguments.end(), {"--folder", installed.folder().string()});
        return installed.well(installed.crossdock(), arguments);
    };
    CHECK(make({"acme_b2b"}).ends_with("plugin check build/libacme_b2b.so\n"));
    make({"plain", "--c"});
    const auto listed = Json::parse(make({"pager", "--channel", "--json"}));
    REQUIRE(listed.has_value());
    CHECK(listed->text("kind") == "channel");
    for (const auto& file : listed->find("files")->items()) { CHECK(fs::is_regular_file(file.as_string())); }
    for (const char* name : {"acme_b2b", "plain", "pager"}) {
        for (const auto& entry : fs::recursive_directory_iterator(installed.folder() / name)) {
            if (!entry.is_regular_file()) { continue; }
            const auto text = read_all(entry.path());
            INFO(entry.path());
            for (const char* left : {"@name@", "@Name@", "@NAME@", "@source@"}) { CHECK(text.find(left) == std::string::npos); }
        }
    }

    const std::vector<std::string> operations{"create_order", "find_order", "sync_inventory", "handle_webhook"};
    const auto acme = built(installed, "acme_b2b");
    check_symbols(installed, acme);
    check_manifest(acme, "crossdock.supplier/1", operations);
    const auto plain = built(installed, "plain");
    check_symbols(installed, plain);
    check_manifest(plain, "crossdock.supplier/1", operations);
    const auto pager = built(installed, "pager");
    check_symbols(installed, pager);
    check_manifest(pager, "crossdock.channel/1", {"deliver"});

    // The account files and the channel's part of a config are valid as they were written.
    const fs::path config = installed.folder() / "pager" / "crossdock.yaml";
    const fs::path shared = installed.prefix() / "share" / "crossdock";
    std::ofstream(config) << "data: var\npipelines: " << (shared / "pipelines").string()
                          << "\ntemplates: " << (shared / "config" / "templates").string()
                          << "\nmail: { from: orders@shop.example }\nsuppliers: [../acme_b2b/accounts/acme_b2b.yaml, "
                             "../plain/accounts/plain.yaml]\n"
                          << read_all(installed.folder() / "pager" / "channel.yaml");
    installed.well(installed.crossdock(), {"lint", "--config", config.string()});

    place_an_order(acme);
}

TEST_CASE("plugin new refuses names that build nothing, and overwrites nothing", "[scaffold]") {
    const support::TemporaryFolder folder;
    const fs::path program = executable_folder() / "crossdock";
    const auto make = [&](const std::string& name) {
        return run(folder.path(), program, {"plugin", "new", name, "--folder", (folder.path() / "made").string()});
    };
    for (const char* bad : {"", "Acme", "1a", "a-b", "../x", "a b", "test"}) {
        INFO(bad);
        const auto ran = make(bad);
        CHECK(ran.exit_code == 2);
        CHECK_FALSE(ran.out.empty());
    }
    CHECK(make(std::string(41, 'a')).exit_code == 2);
    CHECK_FALSE(fs::exists(folder.path() / "made"));
    CHECK(make(std::string(40, 'a')).exit_code == 0);

    fs::create_directories(folder.path() / "made" / "empty");
    CHECK(make("empty").exit_code == 0);
    fs::create_directories(folder.path() / "made" / "mine");
    std::ofstream(folder.path() / "made" / "mine" / "CMakeLists.txt") << "mine";
    const auto refused = make("mine");
    CHECK(refused.exit_code == 1);
    CHECK(refused.out.find("nothing is overwritten") != std::string::npos);
    CHECK(read_all(folder.path() / "made" / "mine" / "CMakeLists.txt") == "mine");
    CHECK(std::distance(fs::directory_iterator(folder.path() / "made" / "mine"), fs::directory_iterator()) == 1);
}

TEST_CASE("the tutorial's commands work as they are written, from an empty folder", "[scaffold]") {
    const Installed installed;
    const auto blocks = support::blocks_of(support::read_page(fs::path(SOURCE_FOLDER) / "docs" / "write-a-plugin.md"));
    const fs::path work = installed.folder() / "work";
    const fs::path script = installed.folder() / "tutorial.sh";
    fs::create_directories(work);
    std::ofstream(script) << script_of(blocks, installed.folder());
    const auto out = installed.well("/usr/bin/env", {"-i", "-C", work.string(), "HOME=" + work.string(), "LANG=C.UTF-8",
                                                     "PATH=" + (installed.prefix() / "bin").string() + ":/usr/bin:/bin",
                                                     "CMAKE_BUILD_PARALLEL_LEVEL=2", "bash", script.string()});
    std::size_t commands = 0;
    for (const auto& block : blocks) {
        commands += block.language == "sh" ? 1 : 0;
        if (block.mark != "prints") { continue; }
        std::istringstream lines(block.content);
        for (std::string line; std::getline(lines, line);) {
            INFO("line " << block.line << " of the page, and this was printed:\n" << out);
            CHECK(out.find(line) != std::string::npos);
        }
    }
    CHECK(commands >= 5);
    check_symbols(installed, work / "acme" / "build" / "libacme.so");
}

}  // namespace crossdock::tests
