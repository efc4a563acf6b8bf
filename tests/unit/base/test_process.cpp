#include "base/process.hpp"
#include "base/unique_fd.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

using namespace crossdock;

namespace {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Pipe make_pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Everything until the other end closes, or what there is after 20 s.
std::string read_all(const UniqueFd& from) {
    std::string text;
    for (;;) {
        pollfd ready{from.get(), POLLIN, 0};
        if (::poll(&ready, 1, 20'000) != 1) { return text + "<timeout>"; }
        char buffer[512];
        const auto got = ::read(from.get(), buffer, sizeof buffer);
        if (got <= 0) { return text; }
        text.append(buffer, static_cast<std::size_t>(got));
    }
}

struct Ran {
    int status;
    std::string output;
};

Ran run_shell(const std::string& script, ProcessSpec spec = {.program = {}}) {
    Pipe out = make_pipe();
    spec.program = "/bin/sh";
    spec.arguments = {"-c", script, "sh"};
    spec.stdout_fd = out.write.get();
    auto child = Process::spawn(spec);
    REQUIRE(child.has_value());
    out.write.reset();
    std::string output = read_all(out.read);
    return {child->wait(), std::move(output)};
}

}  // namespace

TEST_CASE("a child's exit code is told", "[base][unit]") {
    const int code = GENERATE(0, 1, 3, 255);
    CHECK(describe_exit(run_shell("exit " + std::to_string(code)).status) == "exit code " + std::to_string(code));
}

TEST_CASE("a signal that ended a child is told", "[base][unit]") {
    CHECK(describe_exit(run_shell("kill -9 $$").status) == "killed by signal 9 (Killed)");
}

TEST_CASE("a program that does not exist is a fault with its path", "[base][unit]") {
    const auto child = Process::spawn({.program = "/nonexistent/program"});
    REQUIRE(child.has_error());
    CHECK(child.error().where == "/nonexistent/program");
    CHECK(child.error().what.find("No such file") != std::string::npos);
}

TEST_CASE("a child gets the environment named and nothing else", "[base][unit]") {
    REQUIRE(::setenv("CROSSDOCK_TEST_SECRET", "leaked", 1) == 0);
    const auto ran =
        run_shell("echo \"$ONE|${CROSSDOCK_TEST_SECRET-absent}\"", {.program = {}, .environment = {"ONE=1 and more"}});
    CHECK(ran.output == "1 and more|absent\n");
}

TEST_CASE("a child reads an empty standard input unless one is given", "[base][unit]") {
    CHECK(run_shell("cat; echo end").output == "end\n");
    Pipe in = make_pipe();
    REQUIRE(::write(in.write.get(), "hello", 5) == 5);
    in.write.reset();
    CHECK(run_shell("cat", {.program = {}, .stdin_fd = in.read.get()}).output == "hello");
}

TEST_CASE("inherited descriptors appear as 3, 4 and 5 in the order given", "[base][unit]") {
    std::vector<Pipe> pipes;
    for (int i = 0; i < 3; ++i) {
        pipes.push_back(make_pipe());
        const char mark = static_cast<char>('A' + i);
        REQUIRE(::write(pipes.back().write.get(), &mark, 1) == 1);
        pipes.back().write.reset();
    }
    // Given backwards, so that final numbers collide with numbers still needed.
    const auto ran = run_shell("cat <&3; cat <&4; cat <&5",
                               {.program = {}, .inherited = {pipes[2].read.get(), pipes[1].read.get(), pipes[0].read.get()}});
    CHECK(ran.output == "CBA");
}

TEST_CASE("descriptors with high numbers are handed over too, as in a daemon with many connections", "[base][unit]") {
    Pipe first = make_pipe();
    Pipe second = make_pipe();
    REQUIRE(::write(first.write.get(), "1", 1) == 1);
    REQUIRE(::write(second.write.get(), "2", 1) == 1);
    first.write.reset();
    second.write.reset();
    const int number = GENERATE(199, 200, 201, 300);
    const UniqueFd high(::fcntl(second.read.get(), F_DUPFD_CLOEXEC, number));
    REQUIRE(high.open());
    CHECK(run_shell("cat <&3; cat <&4", {.program = {}, .inherited = {first.read.get(), high.get()}}).output == "12");
}

TEST_CASE("a descriptor not named is closed in the child, close-on-exec or not", "[base][unit]") {
    const UniqueFd open_one(::dup(2));  // dup clears close-on-exec
    REQUIRE(open_one.open());
    const Pipe given = make_pipe();
    const auto ran =
        run_shell("for fd in /proc/self/fd/*; do echo ${fd##*/}; done", {.program = {}, .inherited = {given.read.get()}});
    // 0, 1, 2 and the one inherited; the shell's own descriptor on the folder comes and goes.
    CHECK((ran.output == "0\n1\n2\n3\n" || ran.output == "0\n1\n2\n3\n4\n"));
    CHECK(run_shell("echo x >&" + std::to_string(open_one.get())).status != 0);
}

TEST_CASE("signals blocked or ignored here are not so in a child", "[base][unit]") {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    REQUIRE(::sigprocmask(SIG_BLOCK, &blocked, &before) == 0);
    auto* const previous = ::signal(SIGINT, SIG_IGN);
    const auto terminated = run_shell("kill -TERM $$; echo survived");
    const auto interrupted = run_shell("kill -INT $$; echo survived");
    ::signal(SIGINT, previous);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    CHECK(WTERMSIG(terminated.status) == SIGTERM);
    CHECK(WTERMSIG(interrupted.status) == SIGINT);
}

TEST_CASE("a child that outlives its owner's interest is killed and reaped", "[base][unit]") {
    const Pipe in = make_pipe();
    pid_t pid = -1;
    {
        auto child = Process::spawn({.program = "/bin/cat", .stdin_fd = in.read.get()});
        REQUIRE(child.has_value());
        pid = child->pid();
        CHECK_FALSE(child->ended().has_value());
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) == -1);
    CHECK(errno == ESRCH);
}

TEST_CASE("replacing a running child by another ends it", "[base][unit]") {
    const Pipe in = make_pipe();
    auto child = Process::spawn({.program = "/bin/cat", .stdin_fd = in.read.get()});
    REQUIRE(child.has_value());
    const pid_t pid = child->pid();
    *child = Process();
    CHECK(::kill(pid, 0) == -1);
    CHECK_FALSE(child->started());
}
