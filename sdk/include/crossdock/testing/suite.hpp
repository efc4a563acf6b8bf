#pragma once

#include <crossdock/json.hpp>
#include <crossdock/testing/compare.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crossdock::sdk::testing {

/// Thrown by the expectations; ends the test.
class Failed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

[[noreturn]] inline void fail(const std::string& what, const std::source_location& where) {
    throw Failed(std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": " + what);
}

template <class Value>
[[nodiscard]] std::string printed(const Value& value) {
    if constexpr (std::is_same_v<Value, Json>) { return shown(value); }
    else if constexpr (std::is_same_v<Value, bool>) { return value ? "true" : "false"; }
    else if constexpr (std::is_same_v<Value, std::nullopt_t>) { return "nothing"; }
    else if constexpr (std::is_convertible_v<const Value&, std::string_view>) { return shown(Json(std::string_view(value))); }
    else if constexpr (std::is_enum_v<Value>) {
        if constexpr (requires { name(value); }) { return std::string(name(value)); }
        else { return std::to_string(static_cast<std::underlying_type_t<Value>>(value)); }
    }
    else if constexpr (std::is_arithmetic_v<Value>) { return std::to_string(value); }
    else if constexpr (requires {
                           value.has_value();
                           *value;
                       }) {
        return value.has_value() ? printed(*value) : "nothing";
    }
    else { return "a value that cannot be printed"; }
}

template <class Found, class Expected>
[[nodiscard]] bool equal(const Found& found, const Expected& expected) {
    if constexpr (std::is_same_v<Found, Json> && std::is_same_v<Expected, Json>) { return differences(expected, found).empty(); }
    else if constexpr (std::is_integral_v<Found> && std::is_integral_v<Expected> && !std::is_same_v<Found, bool> &&
                       !std::is_same_v<Expected, bool>) {
        return std::cmp_equal(found, expected);
    }
    else if constexpr (std::is_convertible_v<const Found&, std::string_view> &&
                       std::is_convertible_v<const Expected&, std::string_view>) {
        return std::string_view(found) == std::string_view(expected);
    }
    else { return found == expected; }
}

}  // namespace detail

inline void expect(bool condition, std::string_view what, const std::source_location& where = std::source_location::current()) {
    if (!condition) { detail::fail(std::string(what), where); }
}

template <class Found, class Expected>
void expect_equal(const Found& found, const Expected& expected, std::string_view what = "",
                  const std::source_location& where = std::source_location::current()) {
    if (detail::equal(found, expected)) { return; }
    detail::fail((what.empty() ? std::string() : std::string(what) + ": ") + detail::printed(found) + " instead of " +
                     detail::printed(expected),
                 where);
}

/// For what play, play_all and differences return.
inline void expect_none(const std::vector<std::string>& differences,
                        const std::source_location& where = std::source_location::current()) {
    if (differences.empty()) { return; }
    std::string list = "there are differences";
    for (const auto& line : differences) { list += "\n    " + line; }
    detail::fail(list, where);
}

/// Requires that `body` throws, and gives the text.
template <class Body>
std::string expect_throws(const Body& body, const std::source_location& where = std::source_location::current()) {
    try {
        body();
    } catch (const std::exception& error) { return error.what(); }
    detail::fail("it threw nothing", where);
}

/// The tests of one program: a plugin needs no test framework.
class Suite {
public:
    /// `name` is a sentence: "an order is placed once". Requires a name that is not taken.
    Suite& test(std::string name, std::function<void()> body) {
        tests_.emplace_back(std::move(name), std::move(body));
        return *this;
    }

    /// Runs all tests, or those whose name holds one of the arguments, and says how each went. With --list it only names them.
    /// Returns 0, or 1 when one failed or none was run.
    [[nodiscard]] int run(int argc, char** argv) const {
        const std::vector<std::string_view> words(argv + std::min(argc, 1), argv + argc);
        const bool list = std::find(words.begin(), words.end(), "--list") != words.end();
        std::size_t seen = 0;
        std::size_t failed = 0;
        for (const auto& [name, body] : tests_) {
            if (!wanted(name, words)) { continue; }
            ++seen;
            if (list) { std::printf("%s\n", name.c_str()); }
            else if (const auto why = run_one(body)) {
                ++failed;
                std::printf("FAILED %s\n  %s\n", name.c_str(), why->c_str());
            }
            else { std::printf("ok     %s\n", name.c_str()); }
            // A plugin that crashes must not take the lines before it along.
            std::fflush(stdout);
        }
        if (seen == 0) { std::printf("no test has such a name\n"); }
        else if (!list) { std::printf("%zu tests, %zu failed\n", seen, failed); }
        return seen == 0 || failed > 0 ? 1 : 0;
    }

private:
    static bool wanted(std::string_view name, const std::vector<std::string_view>& words) {
        bool any = false;
        for (const auto word : words) {
            if (word == "--list") { continue; }
            if (name.find(word) != std::string_view::npos) { return true; }
            any = true;
        }
        return !any;
    }
    static std::optional<std::string> run_one(const std::function<void()>& body) {
        try {
            body();
        } catch (const std::exception& error) { return error.what(); } catch (...) {
            return "it threw something that is no std::exception";
        }
        return {};
    }

    std::vector<std::pair<std::string, std::function<void()>>> tests_;
};

}  // namespace crossdock::sdk::testing
