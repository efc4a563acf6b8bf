#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace crossdock {

/// What asynchronous functions return. They are named functions that own their parameters by value;
/// never a capturing lambda coroutine, never a capturing lambda temporary inside a co_await expression (GCC 12).
template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

/// Starts a task. An exception that escapes it is a bug and aborts.
inline void spawn(const Executor& executor, Task<void> task) {
    boost::asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& error) {
        if (!error) { return; }
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            std::fprintf(stderr, "bug: an exception escaped a task: %s\n", e.what());
        } catch (...) { std::fprintf(stderr, "bug: an exception escaped a task\n"); }
        std::abort();
    });
}

/// Waits for something that reports by callback. `start` gets a function to be called exactly once, from any thread;
/// the task goes on, on its own executor, with the value given.
/// Name `start` before the co_await: a temporary closure there dies too early (GCC 12).
template <class T>
Task<T> on_callback(std::function<void(std::function<void(T)>)> start) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
        [](auto handler, std::function<void(std::function<void(T)>)> begin) {
            auto kept = std::make_shared<decltype(handler)>(std::move(handler));
            auto executor = boost::asio::get_associated_executor(*kept);
            begin([kept, executor](T value) {
                boost::asio::post(executor, [kept, value = std::move(value)]() mutable { (*kept)(std::move(value)); });
            });
        },
        boost::asio::use_awaitable, std::move(start));
}

}  // namespace crossdock
