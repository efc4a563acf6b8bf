// What a plugin finds closed in its worker, and open on a kernel that lacks the means to close it.
#include "plugin/confinement.hpp"
#include "base/unique_fd.hpp"
#include "check/untrusted_tls.hpp"
#include "support/temporary_folder.hpp"

#include "fake_server.hpp"
#include "floor.hpp"

#include <catch2/catch.hpp>

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <future>

using namespace crossdock;
using namespace crossdock::plugin;
using Catch::Contains;

namespace {

const std::filesystem::path probe_file = std::filesystem::path(TEST_PLUGINS) / "libprobe.so";
/// Somewhere in this process, which is the probe's daemon.
const volatile std::uint64_t memory = 4711;

/// A data folder with everything that a plugin shall not see, beside its own folder; and a control socket that listens.
class House {
public:
    House() {
        for (const char* file : {"store.db", "master.key", "crossdock.yaml", "plugins/other/token"}) { write(file); }
        control_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un here{};
        here.sun_family = AF_UNIX;
        path("control.sock").copy(here.sun_path, sizeof(here.sun_path) - 1);
        REQUIRE(::bind(control_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)) == 0);
        REQUIRE(::listen(control_.get(), 1) == 0);
        lock_ = UniqueFd(::open(path("workers.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        REQUIRE(::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0);
    }

    [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
    [[nodiscard]] int lock() const { return lock_.get(); }
    [[nodiscard]] WorkerSpec spec() const {
        auto made = supplier_spec(probe_file, Json::object());
        made.folder = path("plugins/acme");
        std::filesystem::create_directories(path("orders"));
        std::filesystem::create_directories(path("files"));
        std::ofstream(path("files/stock.csv")) << "SKU";
        std::ofstream(path("orders/old.csv")) << "SKU";
        made.grants = {{"outbox", path("orders"), opened}, {"inbox", path("files"), false}};
        if (!opened) { made.grants.clear(); }
        made.shadow = shadow;
        for (const auto& grant : made.grants) { made.settings.set(grant.setting, grant.path.string()); }
        return made;
    }

    bool opened = false;  ///< the account's file opens orders/ and files/
    bool shadow = false;

private:
    void write(const std::string& name) {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name)) << "a secret";
    }

    support::TemporaryFolder folder_;
    UniqueFd control_;
    UniqueFd lock_;
};

/// A probe in a worker, and the manifest that it came up with.
class Worker {
public:
    explicit Worker(const House& house, Workers::Options options = {}) : floor_(with_lock(std::move(options), house)) {
        manifest = floor_.wait(floor_.workers->start(house.spec()));
    }
    [[nodiscard]] bool isolated() const { return manifest && manifest->confinement.secret_isolated(); }

    [[nodiscard]] Executor executor() { return floor_.io.get_executor(); }

    [[nodiscard]] int pid() const { return floor_.workers->pid_of("acme"); }

    /// Starts a call whose answer is looked at later.
    std::shared_ptr<std::optional<CallAnswer>> begin(const Json& order) {
        return floor_.begin(floor_.workers->call(order_call(order.dump()), {}));
    }
    template <class Done>
    void until(Done done) {
        floor_.until(done);
    }

    CallAnswer answer(Json order) { return floor_.wait(floor_.workers->call(order_call(order.dump()), {})); }
    CallAnswer recorded(Json order) {
        auto call = order_call(order.dump());
        call.record = true;
        return floor_.wait(floor_.workers->call(std::move(call), {}));
    }
    std::string attempt(Json order) {
        const auto given = answer(std::move(order));
        return given.status == CallStatus::answered ? given.output.text("reason") : "no answer: " + given.text;
    }

    Result<Manifest> manifest = Fault{"it was not started"};

private:
    static Workers::Options with_lock(Workers::Options options, const House& house) {
        options.lock_fd = house.lock();
        return options;
    }
    Floor floor_;
};

/// The kernel that runs this test cannot show it; what is said instead has a test of its own.
bool skipped(const Worker& worker) {
    REQUIRE(worker.manifest.has_value());
    if (worker.isolated()) { return false; }
    WARN("skipped: on this kernel plugins are " << worker.manifest->confinement.text());
    return true;
}

struct Attempt {
    std::string what;
    std::string path = {};
    std::string confined = "EACCES";
    std::string otherwise = "done";

    [[nodiscard]] Json order(const House& house) const {
        const auto pid = std::to_string(::getpid());
        auto target = path;
        if (const auto at = target.find("PID"); at != std::string::npos) { target.replace(at, std::strlen("PID"), pid); }
        else if (!target.empty() && target.front() != '/') { target = house.path(target); }
        Json made = Json::object({{"try", what}, {"path", target}, {"pid", pid}});
        made.set("address", std::to_string(reinterpret_cast<std::uintptr_t>(&memory)));
        return made;
    }
};

/// Those that change something stand last: without confinement they do.
const std::vector<Attempt> forbidden{
    {"read", "store.db"},
    {"write", "store.db"},
    {"read", "master.key"},
    {"read", "crossdock.yaml"},
    {"read", "plugins/other/token"},
    {"list", "plugins/other"},
    {"list", "plugins"},
    {"list", "/tmp"},
    {"read", "/etc/passwd"},
    {"read", "/proc/PID/environ"},
    {"read", "/proc/PID/maps"},
    {"write", "/proc/PID/mem"},
    {"connect", "control.sock"},
    {"read memory", "", "EPERM"},
    {"trace", "", "EPERM"},
    {"hold a process", "", "EPERM"},
    {"signal", "", "EPERM"},
    {"aim a signal", "", "EPERM"},
    {"read limits", "", "EPERM"},
    {"execute", "", "EACCES", "ENOENT"},
    {"start a process", "", "EPERM"},
    {"take a port"},
    {"listen"},
    {"link", "plugins/acme/link"},
    {"become dumpable", "", "EPERM"},
    {"outlive the daemon", "", "EPERM"},
    {"create", "plugins/other/left-behind"},
    {"chmod", "master.key", "EPERM"},
    {"remove", "plugins/other/token"},
    {"truncate", "store.db", "EPERM"},
    {"free the lock", "", "EPERM"},
};

}  // namespace

TEST_CASE("a plugin reaches nothing of the daemon's or of another account's", "[workers][unit]") {
    const House house;
    Worker worker(house);
    if (skipped(worker)) { return; }
    for (const auto& one : forbidden) {
        INFO(one.what << " " << one.path);
        CHECK(worker.attempt(one.order(house)) == one.confined);
    }
    CHECK(worker.attempt(Json::object({{"try", "other network"}})) == "EACCES");
}

TEST_CASE("without the kernel's means the same plugin reaches it all", "[workers][unit]") {
    // Some systems let only parents be traced (Yama); here it is the plugin's turn.
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    const House house;
    Worker worker(house, {.program = OLD_KERNEL_PROGRAM});
    REQUIRE(worker.manifest.has_value());
    for (const auto& one : forbidden) {
        INFO(one.what << " " << one.path);
        CHECK(worker.attempt(one.order(house)) == one.otherwise);
    }
}

TEST_CASE("a confined plugin resolves names, speaks TLS, runs threads and keeps its files", "[workers][unit]") {
    const House house;
    Worker worker(house);
    REQUIRE(worker.manifest.has_value());
    CHECK(worker.attempt(Json::object({{"try", "resolve"}, {"address", "localhost"}})) == "done");
    for (const char* file : {"/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/UTC",
                             "/dev/urandom", "/proc/self/maps"}) {
        if (!std::filesystem::exists(file)) { continue; }
        INFO(file);
        CHECK(worker.attempt(Json::object({{"try", "read"}, {"path", file}})) == "done");
    }
    CHECK(worker.attempt(Json::object({{"try", "start a thread"}})) == "done");
    CHECK(worker.attempt(Json::object({{"try", "files"}})) == "41");
    for (const char* what : {"create", "read", "write", "remove"}) {
        INFO(what);
        CHECK(worker.attempt(Json::object({{"try", what}, {"path", house.path("plugins/acme/own")}})) == "done");
    }

    FakeServer plain([](FakeServer::Connection& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    });
    CHECK(worker.attempt(Json::object({{"try", "get"}, {"url", plain.url()}})) == "answered 204");
    // Nobody signs for the loopback. That this is the complaint shows a handshake, and trusted certificates to compare with.
    const auto tls = check::UntrustedTls::listen(worker.executor()).value();
    const auto url = "https://127.0.0.1:" + std::to_string(tls->port()) + "/";
    CHECK_THAT(worker.attempt(Json::object({{"try", "get"}, {"url", url}})), Contains("self-signed certificate"));
}

TEST_CASE("what the account's file opens is open to its plugin, as far as it says, and nothing beside it", "[workers][unit]") {
    House house;
    house.opened = GENERATE(true, false);
    Worker worker(house);
    if (skipped(worker)) { return; }
    const auto attempt = [&](const char* what, const char* path) {
        return worker.attempt(Json::object({{"try", what}, {"path", house.path(path)}}));
    };
    const std::string if_opened = house.opened ? "done" : "EACCES";
    CHECK(attempt("read", "orders/old.csv") == if_opened);
    CHECK(attempt("list", "orders") == if_opened);
    CHECK(attempt("create", "orders/new.csv") == if_opened);
    CHECK(attempt("remove", "orders/old.csv") == if_opened);
    CHECK(attempt("link", "orders/link") == "EACCES");
    CHECK(attempt("read", "files/stock.csv") == if_opened);
    CHECK(attempt("list", "files") == if_opened);
    CHECK(attempt("write", "files/stock.csv") == "EACCES");
    CHECK(attempt("create", "files/new.csv") == "EACCES");
    CHECK(attempt("remove", "files/stock.csv") == "EACCES");
    CHECK(attempt("read", "store.db") == "EACCES");
    CHECK(attempt("list", "plugins") == "EACCES");
}

TEST_CASE("nothing of a shadow's plugin leaves: no request, no socket, no file that stays", "[workers][unit]") {
    House house;
    house.opened = true;
    house.shadow = GENERATE(true, false);
    INFO(house.shadow);
    int requests = 0;
    FakeServer server([&requests](FakeServer::Connection& peer, int) {
        ++requests;
        peer.read_request();
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    });
    Worker worker(house);
    if (skipped(worker)) { return; }
    CHECK(worker.attempt(Json::object({{"try", "network"}})) == (house.shadow ? "EACCES" : "done"));
    const auto asked = worker.recorded(Json::object({{"try", "get"}, {"url", server.url()}}));
    CHECK_THAT(asked.output.text("reason"), Contains(house.shadow ? "a shadow sends nothing" : "answered 204"));
    REQUIRE(asked.exchanges.items().size() == (house.shadow ? 2 : 1));
    CHECK(asked.exchanges.items().front().find("request")->text("url") == server.url());
    const auto wrote = worker.recorded(Json::object({{"try", "create"}, {"path", house.path("orders/new.csv")}}));
    CHECK(wrote.output.text("reason") == "done");
    CHECK(std::filesystem::exists(house.path("orders/new.csv")) == !house.shadow);
    CHECK(requests == (house.shadow ? 0 : 1));
}

TEST_CASE("a confined plugin that aborts ends as one that aborts", "[workers][unit]") {
    const House house;
    Worker worker(house);
    REQUIRE(worker.manifest.has_value());
    const auto answer = worker.answer(Json::object({{"try", "abort"}}));
    CHECK(answer.status == CallStatus::unknown);
    CHECK_THAT(answer.text, Contains("killed by signal 6"));
}

TEST_CASE("a kernel that cannot hide secrets from plugins is named, and refused where the config is strict", "[workers][unit]") {
    const House house;
    const bool strict = GENERATE(false, true);
    Worker worker(house, {.program = OLD_KERNEL_PROGRAM, .strict = strict});
    if (strict) {
        REQUIRE_FALSE(worker.manifest.has_value());
        CHECK_THAT(worker.manifest.error().what, Contains("crash-isolated, not secret-isolated: no Landlock"));
        CHECK_THAT(worker.manifest.error().what, Contains("`confinement: strict`"));
        return;
    }
    REQUIRE(worker.manifest.has_value());
    const auto& confinement = worker.manifest->confinement;
    CHECK(confinement.landlock == 0);
    CHECK_FALSE(confinement.seccomp);
    CHECK(confinement.lacking.size() == 2);
    CHECK(confinement.text() ==
          "crash-isolated, not secret-isolated: no Landlock: the kernel, or a container around it, does not have it; "
          "no system call filter: the kernel, or a container around it, does not have seccomp");
}

TEST_CASE("a confined worker is replaced when names are resolved by other files, and what it has in flight ends well",
          "[workers][unit]") {
    const House house;
    const auto hosts = std::filesystem::path(house.path("hosts"));
    const auto newer = std::filesystem::path(house.path("hosts.new"));
    std::ofstream(hosts) << "127.0.0.1 old";
    std::ofstream(newer) << "127.0.0.1 new";
    std::promise<void> release;
    FakeServer slow([&](FakeServer::Connection& peer, int) {
        peer.read_request();
        release.get_future().wait();
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    });
    Worker worker(house, {.program = WORKER_PROGRAM, .resolver_files = {hosts}});
    if (skipped(worker)) { return; }
    const auto first = worker.pid();
    CHECK(worker.attempt(Json::object({{"try", "files"}})) == "41");
    CHECK(worker.pid() == first);

    const auto in_flight = worker.begin(Json::object({{"try", "get"}, {"url", slow.url()}}));
    worker.until([&] { return slow.connections() == 1; });
    std::filesystem::rename(newer, hosts);
    CHECK(worker.attempt(Json::object({{"try", "files"}})) == "41");
    const auto second = worker.pid();
    CHECK(second != first);
    CHECK_FALSE(in_flight->has_value());
    release.set_value();
    worker.until([&] { return in_flight->has_value(); });
    CHECK((*in_flight)->output.text("reason") == "answered 204");
    worker.until([&] { return ::kill(first, 0) != 0; });
    CHECK(worker.attempt(Json::object({{"try", "files"}})) == "41");
    CHECK(worker.pid() == second);
}

TEST_CASE("calls that shall not overlap do not while their worker is replaced", "[workers][unit]") {
    const House house;
    const auto hosts = std::filesystem::path(house.path("hosts"));
    const auto newer = std::filesystem::path(house.path("hosts.new"));
    std::ofstream(hosts) << "127.0.0.1 old";
    std::ofstream(newer) << "127.0.0.1 new";
    Floor floor({.program = WORKER_PROGRAM, .resolver_files = {hosts}});
    const auto manifest =
        floor.wait(floor.workers->start(supplier_spec(std::filesystem::path(TEST_PLUGINS) / "libserial.so", Json::object())));
    REQUIRE(manifest.has_value());
    if (!manifest->confinement.secret_isolated()) { return; }
    const auto first = floor.workers->pid_of("acme");
    const auto in_flight = floor.begin(floor.workers->call(order_call("{}"), {}));
    floor.io.restart();
    floor.io.poll();  // the call is with the worker now
    std::filesystem::rename(newer, hosts);
    const auto second = floor.wait(floor.workers->call(order_call("{}"), {}));
    CHECK(second.status == CallStatus::answered);
    CHECK(floor.workers->pid_of("acme") != first);
    CHECK(in_flight->has_value());
    CHECK(::kill(first, 0) != 0);
}

TEST_CASE("a strict config takes a worker that is secret-isolated", "[workers][unit]") {
    const House house;
    Worker loose(house);
    if (skipped(loose)) { return; }
    Worker strict(house, {.program = WORKER_PROGRAM, .strict = true});
    REQUIRE(strict.manifest.has_value());
    CHECK_THAT(strict.manifest->confinement.text(), Contains("secret-isolated (Landlock "));
    CHECK(strict.manifest->confinement.lacking.empty());
}

TEST_CASE("a worker without a plugin says how it is confined", "[workers][unit]") {
    Floor floor;
    WorkerSpec spec;
    spec.name = "doctor";
    spec.inspect_only = true;
    const auto manifest = floor.wait(floor.workers->start(spec));
    REQUIRE(manifest.has_value());
    CHECK(manifest->name.empty());
    CHECK(manifest->confinement.secret_isolated() == manifest->confinement.lacking.empty());
}

TEST_CASE("what a worker does not say of its confinement is not in force", "[plugin][unit]") {
    struct Row {
        std::string said;
        int landlock;
        bool seccomp;
        std::string text;
    };
    const auto row =
        GENERATE(Row{"null", 0, false, "crash-isolated, not secret-isolated: the worker does not say why"},
                 Row{"[]", 0, false, "crash-isolated, not secret-isolated: the worker does not say why"},
                 Row{R"({"landlock":4,"seccomp":true,"lacking":[]})", 4, true, "secret-isolated (Landlock 4, seccomp)"},
                 Row{R"({"landlock":4,"seccomp":false,"lacking":["no filter"]})", 4, false,
                     "crash-isolated, not secret-isolated: no filter"},
                 Row{R"({"landlock":0,"seccomp":true,"lacking":["no Landlock"]})", 0, true,
                     "crash-isolated, not secret-isolated: no Landlock"});
    const auto json = Json::parse(row.said).value();
    const auto read = Confinement::read(&json);
    CHECK(read.landlock == row.landlock);
    CHECK(read.seccomp == row.seccomp);
    CHECK(read.text() == row.text);
    CHECK(Confinement::read(nullptr).landlock == 0);
    const auto again = read.json();
    CHECK(Confinement::read(&again).text() == row.text);
}
