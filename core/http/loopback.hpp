#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace crossdock::http {

/// One plain HTTP/1.1 exchange with a server on this machine, for the CLI, the demo, the sandbox's webhooks and tests.
/// Never used by the daemon: what leaves it leaves from workers.
struct LoopbackCall {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string method = "GET";
    std::string target = "/";  ///< path and query
    std::vector<Header> headers = {};
    std::string body = {};
    std::chrono::milliseconds timeout{10'000};
    /// SHA-256 of the server's certificate in hex: TLS is spoken, and with no other server. For exchange() only.
    std::string pin = {};
};

/// The whole request as it goes over the wire.
[[nodiscard]] std::string request_text(const LoopbackCall& call);

struct LoopbackAnswer {
    int status = 0;
    std::vector<Header> headers;
    std::string body;

    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

/// Blocks. Errors: connection refused, cut, timeout; all advice `retry`.
[[nodiscard]] Result<LoopbackAnswer> exchange(const LoopbackCall& call);

/// The same on an executor, without blocking it.
[[nodiscard]] Task<Result<LoopbackAnswer>> exchange_async(LoopbackCall call);

/// Blocks and hands each line of a streamed body (SSE) to `on_line`, until that answers false, the stream ends or `timeout` has
/// passed.
[[nodiscard]] Result<int> stream_lines(const LoopbackCall& call, const std::function<bool(std::string_view)>& on_line);

}  // namespace crossdock::http
