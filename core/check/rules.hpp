#pragma once

#include "check/stage.hpp"

#include <string>
#include <vector>

namespace crossdock::check {

/// What is wrong with a call, whatever its peer did: the worker died or hung, a fault has no text, the document has not the
/// operation's shape, it says other things than what went over the wire, an effect sent more than one request.
/// Pure. Each line names the operation.
[[nodiscard]] std::vector<std::string> breaches(const Seen& seen);

/// What is wrong with a call while its peer was in that trouble: something was believed that nobody said.
[[nodiscard]] std::vector<std::string> gullible(const Seen& seen);

/// What a good call's answer lacks against the cassette's, both without `exchange`; the ids are the sandbox's.
[[nodiscard]] std::vector<std::string> unlike(const Example& example, const Seen& seen, const std::string& supplier_order_id);

/// At most 200 bytes of a text, and "..." for the rest; characters stay whole.
[[nodiscard]] std::string shortened(std::string text);

/// A document of that operation, as the engine reads it; empty when its shape is right.
[[nodiscard]] std::vector<std::string> misshapen(const std::string& operation, const Json& output);

}  // namespace crossdock::check
