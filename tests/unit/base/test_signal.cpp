#include "base/signal.hpp"
#include "support/manual_clock.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace crossdock;

namespace {

Task<void> wait_and_note(Signal& signal, std::uint64_t ticket, milliseconds at_most, std::vector<std::string>& notes) {
    const bool woken = co_await signal.wait(ticket, at_most);
    notes.emplace_back(woken ? "woken" : "timed out");
}

Task<void> pause_and_note(Clock& clock, milliseconds delay, std::string note, std::vector<std::string>& notes) {
    co_await pause(clock, delay);
    notes.push_back(note);
}

struct Fixture {
    boost::asio::io_context context;
    test::ManualClock clock;
    Signal signal{clock};
    std::vector<std::string> notes;

    /// Runs what is ready. Not run(): a task that waits counts as work, so that would never return.
    void settle() {
        context.restart();
        context.poll();
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a notify wakes every waiter once and leaves no timer", "[base][unit]") {
    for (int i = 0; i < 3; ++i) {
        spawn(context.get_executor(), wait_and_note(signal, signal.ticket(), milliseconds{1000}, notes));
    }
    settle();
    CHECK(notes.empty());
    CHECK(clock.timers_waiting() == 3);
    signal.notify();
    settle();
    CHECK(notes == std::vector<std::string>{"woken", "woken", "woken"});
    CHECK(clock.timers_waiting() == 0);
    signal.notify();
    clock.advance(milliseconds{5000});
    settle();
    CHECK(notes.size() == 3);
}

TEST_CASE_METHOD(Fixture, "a notify between reading the ticket and waiting is not missed", "[base][unit]") {
    const auto ticket = signal.ticket();
    signal.notify();
    spawn(context.get_executor(), wait_and_note(signal, ticket, milliseconds{1000}, notes));
    settle();
    CHECK(notes == std::vector<std::string>{"woken"});
    CHECK(clock.timers_waiting() == 0);
}

TEST_CASE_METHOD(Fixture, "a waiter that nobody wakes goes on when its time has passed, not before", "[base][unit]") {
    spawn(context.get_executor(), wait_and_note(signal, signal.ticket(), milliseconds{1000}, notes));
    settle();
    clock.advance(milliseconds{999});
    settle();
    CHECK(notes.empty());
    clock.advance(milliseconds{1});
    settle();
    CHECK(notes == std::vector<std::string>{"timed out"});
    signal.notify();
    settle();
    CHECK(notes.size() == 1);
}

TEST_CASE_METHOD(Fixture, "pauses end in the order of their time", "[base][unit]") {
    spawn(context.get_executor(), pause_and_note(clock, milliseconds{200}, "second", notes));
    spawn(context.get_executor(), pause_and_note(clock, milliseconds{100}, "first", notes));
    settle();
    clock.advance(milliseconds{99});
    settle();
    CHECK(notes.empty());
    clock.advance(milliseconds{500});
    settle();
    CHECK(notes == std::vector<std::string>{"first", "second"});
}

TEST_CASE_METHOD(Fixture, "a machine whose clock is set back still ends a pause on time", "[base][unit]") {
    spawn(context.get_executor(), pause_and_note(clock, milliseconds{100}, "ended", notes));
    settle();
    clock.set_utc(0);
    clock.advance(milliseconds{100});
    settle();
    CHECK(notes == std::vector<std::string>{"ended"});
}
