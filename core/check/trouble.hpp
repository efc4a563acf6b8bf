#pragma once

#include <array>
#include <string_view>

namespace crossdock::check {

/// In which way the hostile sandbox misbehaves.
enum class Trouble {
    none,
    error_500,       ///< answers 500 and has done nothing
    busy_429,        ///< answers 429 with Retry-After, and has done nothing
    slow_drip,       ///< answers a byte now and then, for longer than the request may take
    silence,         ///< takes the request and never answers
    cut_fresh,       ///< does it, then closes without an answer
    cut_reused,      ///< the same, on a connection that has served before
    malformed,       ///< its answer breaks off in the middle of its JSON
    huge,            ///< its answer is longer than the host takes
    invalid_utf8,    ///< its answer holds bytes that are no UTF-8
    wrong_type,      ///< status as ever, but the body is an HTML page
    empty_body,      ///< status as ever, without a body
    empty_object,    ///< status as ever, the body is {}
    other_order,     ///< its answer speaks of another order
    duplicates,      ///< it has two orders of one reference
    empty_page,      ///< lists are empty, against what it says of their length
    looping_pages,   ///< each page is the first one again
    untrusted_tls,   ///< its certificate is signed by nobody
    nobody_listens,  ///< its port is closed
};

struct TroubleInfo {
    Trouble trouble;
    std::string_view name;    ///< in a case's name
    std::string_view clause;  ///< "while the supplier ..."
};

inline constexpr std::array<TroubleInfo, 19> troubles{{
    {Trouble::none, "well", "while the peer behaves"},
    {Trouble::error_500, "error-500", "while the peer answers 500"},
    {Trouble::busy_429, "busy-429", "while the peer answers 429 with Retry-After"},
    {Trouble::slow_drip, "slow-drip", "while the answer drips in too slowly"},
    {Trouble::silence, "silence", "while the peer takes the request and never answers"},
    {Trouble::cut_fresh, "cut", "while the peer acts and then cuts the connection"},
    {Trouble::cut_reused, "cut-reused", "while the peer acts and then cuts a connection that had served before"},
    {Trouble::malformed, "malformed", "while the answer breaks off in the middle of its JSON"},
    {Trouble::huge, "huge", "while the answer is longer than 16 MiB"},
    {Trouble::invalid_utf8, "invalid-utf8", "while the answer holds bytes that are no UTF-8"},
    {Trouble::wrong_type, "wrong-type", "while the answer is an HTML page"},
    {Trouble::empty_body, "empty-body", "while the answer has no body"},
    {Trouble::empty_object, "empty-object", "while the answer is {}"},
    {Trouble::other_order, "other-order", "while the answer speaks of another order"},
    {Trouble::duplicates, "duplicates", "while the supplier has two orders of one reference"},
    {Trouble::empty_page, "empty-page", "while a page is empty, against its own count"},
    {Trouble::looping_pages, "looping-pages", "while each page is the first one again"},
    {Trouble::untrusted_tls, "bad-tls", "while the peer's certificate is signed by nobody"},
    {Trouble::nobody_listens, "nobody-listens", "while nobody listens there"},
}};

[[nodiscard]] const TroubleInfo& info(Trouble trouble);

/// The peer has seen the request, and what came back tells nothing about what it did.
[[nodiscard]] bool leaves_no_answer(Trouble trouble);
/// What came back is an answer, and nothing may be read from its body.
[[nodiscard]] bool spoils_body(Trouble trouble);

}  // namespace crossdock::check
