#pragma once

#include <set>
#include <string>
#include <string_view>

namespace crossdock::test {

/// The public names that a C++ header declares: types, functions, members and aliases, as they are called, without their classes.
/// The rule: names at namespace level and in the public parts of classes, but none of a namespace `detail`, no constructors,
/// destructors, operators and friends, and no enumerators.
///
/// Limits: it reads the SDK's own style of C++, not all of it.
[[nodiscard]] std::set<std::string> public_names(std::string_view header);

/// Macros and identifiers of a C header that begin with `xd_`, `XD_` or `CROSSDOCK_`, without those that end in an underscore,
/// and without the guard.
[[nodiscard]] std::set<std::string> c_names(std::string_view header);

/// The words in code marks and fenced blocks of a page.
[[nodiscard]] std::set<std::string> code_words(std::string_view page);

/// The header without comments, texts and line continuations.
[[nodiscard]] std::string bare_code(std::string_view header);

}  // namespace crossdock::test
