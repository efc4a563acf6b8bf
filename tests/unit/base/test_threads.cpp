#include "base/journal_point.hpp"
#include "base/log.hpp"
#include "base/task.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <thread>
#include <vector>

using namespace crossdock;

namespace {

struct Answer {
    int sum = 0;
    int resumed_elsewhere = 0;
    std::vector<std::thread> threads = {};
};

Task<void> ask_threads(int times, Answer& answer) {
    const auto home = std::this_thread::get_id();
    for (int i = 1; i <= times; ++i) {
        std::function<void(std::function<void(int)>)> start = [&answer, i](std::function<void(int)> then) {
            answer.threads.emplace_back([i, then = std::move(then)] { then(i); });
        };
        answer.sum += co_await on_callback<int>(std::move(start));
        answer.resumed_elsewhere += std::this_thread::get_id() == home ? 0 : 1;
    }
}

}  // namespace

TEST_CASE("a task that waits for another thread goes on where it was, with what the thread answered", "[base][unit]") {
    boost::asio::io_context context;
    Answer answer;
    spawn(context.get_executor(), ask_threads(100, answer));
    context.run();
    for (auto& thread : answer.threads) { thread.join(); }
    CHECK(answer.sum == 5050);
    CHECK(answer.resumed_elsewhere == 0);
}

TEST_CASE("threads may log and pass journal points at the same time", "[base][unit]") {
    Log::set_level(LogLevel::error);
    Log::set_name("threads");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([i] {
            for (int n = 0; n < 50; ++n) {
                Log::info("not shown", {{"thread", i}});
                CrashPoint::pass(Commit::order_accept, Side::before);
            }
            Log::error("shown once per thread", {{"thread", i}});
        });
    }
    for (auto& thread : threads) { thread.join(); }
    SUCCEED("all threads have ended");
}
