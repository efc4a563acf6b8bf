#pragma once

#include "http/message.hpp"

#include <string>
#include <string_view>

namespace crossdock::http {

/// An answer's status line and headers with the empty line behind them. CR, LF and NUL in headers become spaces.
[[nodiscard]] std::string head_of(const Response& response, bool chunked, bool close, bool http_1_0);

/// One chunk of a chunked body (RFC 9112, 7.1). Requires a piece that is not empty.
[[nodiscard]] std::string chunk_of(std::string_view piece);

}  // namespace crossdock::http
