#include "base/journal_point.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <set>

using namespace crossdock;

namespace {

/// Arms a point in a forked child, passes points there and tells how the child ended.
template <class Passages>
int status_of_child(const char* spec, Passages passages) {
    const pid_t child = fork();
    if (child == 0) {
        if (!CrashPoint::arm(spec)) { _exit(99); }
        passages();
        _exit(7);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status;
}

}  // namespace

TEST_CASE("every journal point has a name of its own, a process and a purpose", "[base][unit]") {
    std::set<std::string> names;
    for (const auto& point : journal_points()) {
        CAPTURE(point.name);
        CHECK(names.insert(point.name).second);
        CHECK((point.process == "daemon" || point.process == "worker"));
        CHECK_FALSE(point.purpose.empty());
    }
    CHECK(names.count("order.accept.before_commit") == 1);
    CHECK(names.count("effect.intent.after_commit") == 1);
    CHECK(names.count("http.send.before") == 1);
    CHECK(names.count("smtp.final_dot.after") == 1);
}

TEST_CASE("the name of each commit and each external call is its own", "[base][unit]") {
    struct Row {
        Commit commit;
        const char* name;
    };
    const auto row = GENERATE(Row{Commit::config_sync, "config.sync"}, Row{Commit::customer_add, "customer.add"},
                              Row{Commit::key_change, "key.change"}, Row{Commit::order_accept, "order.accept"},
                              Row{Commit::webhook_receive, "webhook.receive"}, Row{Commit::webhook_refuse, "webhook.refuse"},
                              Row{Commit::schedule_fire, "schedule.fire"}, Row{Commit::run_advance, "run.advance"},
                              Row{Commit::effect_intent, "effect.intent"}, Row{Commit::effect_outcome, "effect.outcome"},
                              Row{Commit::effect_recover, "effect.recover"}, Row{Commit::evidence_apply, "evidence.apply"},
                              Row{Commit::feed_batch, "feed.batch"}, Row{Commit::feed_apply, "feed.apply"});
    CHECK(name(row.commit) == row.name);
    CHECK(name(External::call_effect) == "call.effect");
    CHECK(name(External::call_read) == "call.read");
    CHECK(name(External::http_send) == "http.send");
    CHECK(name(External::smtp_send) == "smtp.send");
    CHECK(name(External::smtp_final_dot) == "smtp.final_dot");
}

TEST_CASE("arming an unknown journal point or a senseless passage is refused", "[base][unit]") {
    const std::string spec =
        GENERATE("", "order.accept", "order.accept.before", "http.send.before_commit", "nothing.here.after",
                 "order.accept.before_commit:0", "order.accept.before_commit:-1",
                 "order.accept.before_commit:", "order.accept.before_commit:2x", "order.accept.before_commit:1:1", ":1");
    CAPTURE(spec);
    CHECK_FALSE(CrashPoint::arm(spec));
}

TEST_CASE("each listed journal point can be armed", "[base][unit]") {
    for (const auto& point : journal_points()) {
        CAPTURE(point.name);
        const int status = status_of_child(point.name.c_str(), [] {});
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 7);
    }
}

TEST_CASE("a process armed at a journal point dies there as by kill -9", "[base][unit]") {
    const int status =
        status_of_child("effect.intent.after_commit", [] { CrashPoint::pass(Commit::effect_intent, Side::after); });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("a process armed for the third passage survives two", "[base][unit]") {
    const auto pass = [](int times) {
        return [times] {
            for (int i = 0; i < times; ++i) { CrashPoint::pass(External::http_send, Side::before); }
        };
    };
    const int survived = status_of_child("http.send.before:3", pass(2));
    CHECK(WIFEXITED(survived));
    CHECK(WEXITSTATUS(survived) == 7);
    const int died = status_of_child("http.send.before:3", pass(3));
    CHECK(WIFSIGNALED(died));
    CHECK(WTERMSIG(died) == SIGKILL);
}

TEST_CASE("a process armed at one journal point passes all the others", "[base][unit]") {
    const int status = status_of_child("call.read.after", [] {
        for (int i = 0; i <= static_cast<int>(Commit::feed_apply); ++i) {
            CrashPoint::pass(static_cast<Commit>(i), Side::before);
            CrashPoint::pass(static_cast<Commit>(i), Side::after);
        }
        for (const auto call : {External::call_effect, External::http_send, External::smtp_send, External::smtp_final_dot}) {
            CrashPoint::pass(call, Side::before);
            CrashPoint::pass(call, Side::after);
        }
        CrashPoint::pass(External::call_read, Side::before);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("a process that is not armed passes every point", "[base][unit]") {
    CrashPoint::pass(Commit::order_accept, Side::before);
    CrashPoint::pass(External::smtp_final_dot, Side::after);
    SUCCEED("still here");
}
