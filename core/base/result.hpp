#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <utility>

namespace crossdock {

/// What the caller should do about a Fault.
enum class Advice {
    retry,      ///< a passing condition; the same call may succeed later
    refuse,     ///< the input is wrong; the same call will fail again
    reconnect,  ///< the connection is gone and what was under way is unknown
    stop,       ///< going on would break a guarantee; the process must end
};

/// An expected failure: what happened, where, and what to do.
struct Fault {
    std::string what;
    std::string where = {};  ///< file:line:column, a JSON pointer, a path, or empty
    Advice advice = Advice::refuse;

    /// "where: what", or "what" alone.
    [[nodiscard]] std::string text() const;
};

template <class T = void>
using Result = boost::system::result<T, Fault>;

/// A Result that holds a value. Needed where a Fault could be made from the value too (a string, a path): there the compiler
/// rightly refuses to guess.
template <class T>
[[nodiscard]] Result<T> good(T value) {
    return Result<T>(boost::system::in_place_value, std::move(value));
}

/// Called by Result::value() on a Fault: reading a value that is not there is a bug, so it aborts with the text.
[[noreturn]] void throw_exception_from_error(const Fault& fault, const boost::source_location& where);

}  // namespace crossdock
