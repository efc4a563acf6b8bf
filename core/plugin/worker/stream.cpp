#include "stream.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace crossdock::worker {

std::size_t receive(int socket, std::span<char> buffer) {
    while (true) {
        const auto got = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) { continue; }
        return got <= 0 ? 0 : static_cast<std::size_t>(got);
    }
}

bool transmit(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) { continue; }
        if (sent <= 0) { return false; }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace crossdock::worker
