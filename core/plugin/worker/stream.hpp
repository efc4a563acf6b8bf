#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace crossdock::worker {

/// Blocks until something comes; 0 at the stream's end or a failure.
[[nodiscard]] std::size_t receive(int socket, std::span<char> buffer);

/// Blocks until all of it is handed over; false when the other side has gone, or the socket's own time limit has passed.
[[nodiscard]] bool transmit(int socket, std::string_view bytes);

}  // namespace crossdock::worker
