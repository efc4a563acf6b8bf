#include "base/process.hpp"
#include "base/unique_fd.hpp"
#include "plugin/wire.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

using namespace crossdock;
using namespace crossdock::plugin;

namespace {

struct Pair {
    Pair() {
        int ends[2] = {-1, -1};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        ours = UniqueFd(ends[0]);
        theirs = UniqueFd(ends[1]);
    }
    UniqueFd ours;
    UniqueFd theirs;
};

ProcessSpec worker(const Pair& pair, pid_t parent) {
    return {.program = WORKER_PROGRAM, .arguments = {std::to_string(parent)}, .inherited = {pair.theirs.get()}};
}

/// True when the socket has something to read, or has been closed, within ten seconds.
bool ready(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, 10'000) == 1;
}

void say_hello(const UniqueFd& fd, const std::string& library) {
    Json payload = Json::object();
    payload.set("name", "acme").set("library", library).set("interface", "crossdock.supplier/1").set("settings", Json::object());
    const auto bytes = encode({FrameType::hello, 0, payload});
    REQUIRE(::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

FrameType first_answer(const UniqueFd& fd) {
    FrameReader reader(1 << 20);
    while (true) {
        if (auto frame = reader.next().value()) { return frame->type; }
        char buffer[4096];
        REQUIRE(ready(fd.get()));
        const auto got = ::read(fd.get(), buffer, sizeof(buffer));
        REQUIRE(got > 0);
        reader.feed({buffer, static_cast<std::size_t>(got)});
    }
}

bool closed_by_peer(const UniqueFd& fd) {
    char byte = 0;
    return ready(fd.get()) && ::read(fd.get(), &byte, 1) == 0;
}

const std::string plugin_file = std::string(TEST_PLUGINS) + "/libobliging.so";

}  // namespace

TEST_CASE("a worker leaves when its daemon's socket closes", "[workers][unit]") {
    Pair pair;
    auto process = Process::spawn(worker(pair, ::getpid())).value();
    pair.theirs.reset();
    const bool greeted = GENERATE(false, true);
    if (greeted) {
        say_hello(pair.ours, plugin_file);
        REQUIRE(first_answer(pair.ours) == FrameType::ready);
    }
    ::shutdown(pair.ours.get(), SHUT_WR);
    CHECK(closed_by_peer(pair.ours));
    CHECK(process.wait() == 0);
}

TEST_CASE("a worker dies with its parent even while the socket stays open, and its lock is free then", "[workers][unit]") {
    Pair pair;
    const auto lock_file = std::filesystem::temp_directory_path() / ("crossdock-lock-" + std::to_string(::getpid()));
    UniqueFd lock(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        auto spec = worker(pair, ::getpid());
        spec.inherited.push_back(lock.get());
        auto process = Process::spawn(spec);
        while (process.has_value()) { ::pause(); }
        ::_exit(1);
    }
    REQUIRE(parent > 0);
    lock.reset();
    pair.theirs.reset();
    say_hello(pair.ours, plugin_file);
    REQUIRE(first_answer(pair.ours) == FrameType::ready);

    const UniqueFd another(::open(lock_file.c_str(), O_RDWR | O_CLOEXEC));
    CHECK(::flock(another.get(), LOCK_EX | LOCK_NB) == -1);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    CHECK(closed_by_peer(pair.ours));
    CHECK(::flock(another.get(), LOCK_EX) == 0);
    std::filesystem::remove(lock_file);
}

TEST_CASE("a worker whose parent has gone before it looked does not stay", "[workers][unit]") {
    Pair pair;
    auto process = Process::spawn(worker(pair, 1)).value();
    pair.theirs.reset();
    CHECK(closed_by_peer(pair.ours));
    CHECK(process.wait() == 0);
}

TEST_CASE("a signal to the terminal's process group does not end a worker", "[workers][unit]") {
    Pair pair;
    auto process = Process::spawn(worker(pair, ::getpid())).value();
    pair.theirs.reset();
    say_hello(pair.ours, plugin_file);
    REQUIRE(first_answer(pair.ours) == FrameType::ready);
    process.signal(SIGINT);
    process.signal(SIGTERM);
    ::shutdown(pair.ours.get(), SHUT_WR);
    CHECK(process.wait() == 0);
}

TEST_CASE("a worker's memory is closed to others and it gains no privileges", "[workers][unit]") {
    Pair pair;
    auto process = Process::spawn(worker(pair, ::getpid())).value();
    pair.theirs.reset();
    say_hello(pair.ours, plugin_file);
    REQUIRE(first_answer(pair.ours) == FrameType::ready);
    const std::string folder = "/proc/" + std::to_string(process.pid());
    const auto read_all = [](const std::string& file) {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        std::string text(16384, '\0');
        const auto got = ::read(fd.get(), text.data(), text.size());
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    };
    CHECK_THAT(read_all(folder + "/status"), Catch::Contains("NoNewPrivs:\t1"));
    CHECK_THAT(read_all(folder + "/limits"), Catch::Contains("Max core file size        0                    0"));
}

TEST_CASE("a worker that a person starts says who starts workers", "[workers][unit]") {
    Pair pair;
    auto process = Process::spawn({.program = WORKER_PROGRAM, .stderr_fd = pair.theirs.get()}).value();
    pair.theirs.reset();
    char text[200] = {};
    REQUIRE(ready(pair.ours.get()));
    CHECK(::read(pair.ours.get(), text, sizeof(text) - 1) > 0);
    CHECK_THAT(text, Catch::Contains("started by crossdock"));
    CHECK(WEXITSTATUS(process.wait()) == 2);
}
