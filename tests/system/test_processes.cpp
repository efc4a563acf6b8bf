// Daemon and workers as processes: what they load, who owns the store, and that workers do not outlive their daemon.
#include "store/store_lock.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace crossdock::tests {
namespace {

std::string maps_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/maps");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool alive(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(in, text);
    const auto state = text.rfind(") ");
    return state != std::string::npos && text[state + 2] != 'Z';
}

}  // namespace

TEST_CASE("the daemon loads neither libcurl nor a CA bundle, its workers do", "[system]") {
    MainJob job({});
    job.start_world();
    job.start_daemon();
    const auto maps = maps_of(job.rig().daemon().pid());
    REQUIRE_FALSE(maps.empty());
    CHECK(maps.find("libcurl") == std::string::npos);
    CHECK(maps.find("libphonex.so") == std::string::npos);
    CHECK(maps.find("ca-certificates") == std::string::npos);
    const auto workers = children_of(job.rig().daemon().pid());
    REQUIRE(workers.size() == 2);
    CHECK(maps_of(workers.front()).find("libcurl") != std::string::npos);
}

TEST_CASE("workers die with their daemon, and a new one begins when their lock is free", "[system]") {
    MainJob job({});
    job.start_world();
    job.start_daemon();
    const auto workers = children_of(job.rig().daemon().pid());
    REQUIRE(workers.size() == 2);
    job.rig().daemon().signal(SIGKILL);
    job.rig().daemon().wait();
    for (const auto worker : workers) {
        CHECK(eventually([&] { return !alive(worker); }));
    }
    // A first thread that is gone says nothing of the others, which hold the descriptors until they are gone too.
    store::FileLock lock;
    CHECK(eventually([&] {
        const auto taken = store::FileLock::try_take(job.rig().data() / "workers.lock", lock);
        return taken && *taken;
    }));
}

TEST_CASE("a daemon does not recover while an orphan holds the workers' lock", "[system]") {
    MainJob job({});
    job.start_world();
    store::FileLock orphan;
    std::filesystem::create_directories(job.rig().data());
    const auto taken = store::FileLock::try_take(job.rig().data() / "workers.lock", orphan);
    REQUIRE(taken.has_value());
    REQUIRE(*taken);
    // Started from a second thread's view: the daemon waits, and starts once the orphan lets go.
    auto config = job.rig().config().string();
    ProcessSpec spec;
    spec.program = executable_folder() / "crossdock";
    spec.arguments = {"serve", "--config", config};
    spec.environment = own_environment();
    spec.environment.push_back("CROSSDOCK_DEMO_PHONEX_KEY=" + job.rig().phonex_key());
    spec.environment.push_back("CROSSDOCK_DEMO_WEBHOOK_SECRET=" + job.rig().webhook_secret());
    auto daemon = Process::spawn(spec);
    REQUIRE(daemon.has_value());
    const auto socket = job.rig().data() / "control.sock";
    const auto answers = [&] {
        http::LoopbackCall call;
        call.port = job.rig().api_port();
        call.target = "/readyz";
        const auto answer = http::exchange(call);
        return answer && answer->status == 200;
    };
    CHECK_FALSE(eventually(answers, milliseconds{700}));
    orphan = store::FileLock();
    CHECK(eventually(answers));
    daemon->signal(SIGTERM);
    CHECK(describe_exit(daemon->wait()) == "exit code 0");
}

}  // namespace crossdock::tests
