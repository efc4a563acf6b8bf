#pragma once

#include "base/task.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::http {

using Header = std::pair<std::string, std::string>;

/// What is learned of a request while it is answered.
struct Notes {
    std::string id;               ///< the request's, by which the client and the log name it
    std::string key;              ///< the API key's id, once it is known
    std::vector<Header> headers;  ///< further ones of the answer
};

struct Request {
    std::string method;  ///< upper case
    std::string path;    ///< decoded nowhere: as sent, without the query
    std::string query;   ///< without "?"
    std::vector<Header> headers;
    std::string body;
    std::string peer;                 ///< "127.0.0.1:40312"
    std::string source;               ///< the client's address, when more than the peer is known of it
    std::size_t requests_before = 0;  ///< how many requests this connection brought earlier
    bool tls = false;                 ///< it came over TLS, to this listener
    std::shared_ptr<Notes> notes;     ///< shared by copies; may be null

    /// The first header of that name, whatever its case.
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
    /// How many headers have that name.
    [[nodiscard]] std::size_t count(std::string_view name) const;
    /// A query parameter, percent-decoded.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// Gives the next piece of a streamed body; nothing ends the stream. An empty piece is not sent.
///
/// Lifetime: destroyed as soon as the client has gone or the server stops, even while a task that it gave is waiting; so the task
///           owns what it uses, and what it gives then is not looked at. Asio's own waits (timers) inside the task are canceled;
///           a wait of another kind is to be woken by the destructor of something that the stream captured.
/// Errors:   an exception ends the stream without its last chunk, so that the client sees a cut.
using BodyStream = std::function<Task<std::optional<std::string>>()>;

/// What goes out over a WebSocket next.
struct SocketPiece {
    std::vector<std::string> texts = {};      ///< one message each
    bool ping = false;                        ///< behind them
    std::optional<std::uint16_t> close = {};  ///< behind all: the code with which it ends
    std::string reason = {};                  ///< of the close, at most 123 bytes
};

/// Gives the next piece; `heard`: the client has sent something since the last one, a pong for example.
/// Lifetime and errors: as BodyStream. A server that stops waits for the source's close as it does for answers under way.
using SocketSource = std::function<Task<SocketPiece>(bool heard)>;

struct Response {
    int status = 200;
    std::vector<Header> headers = {};
    std::string body = {};
    /// When set, `body` is not used: pieces are sent chunked, each at once.
    BodyStream stream = {};
    /// When set, the connection goes on as a WebSocket behind this answer, which is accept_websocket()'s.
    SocketSource socket = {};
    /// Closes the connection behind this answer.
    bool close = false;
    /// For a simulator of bad peers: close without answering.
    bool cut = false;
};

/// Errors: an exception that escapes is answered 500; its text goes to the log only.
using Handler = std::function<Task<Response>(Request)>;

/// `application/problem+json` (RFC 9457) with type, title, status and detail. An empty type means "about:blank".
[[nodiscard]] Response problem(int status, std::string_view title, std::string_view detail, std::string_view type = {});

/// The usual words for a status: "Not Found".
[[nodiscard]] std::string_view reason(int status);

/// Percent-decoding of a path's segment. A broken escape stays as it is.
[[nodiscard]] std::string decoded_segment(std::string_view text);
/// Percent-decoding of a query, with "+" as a space. A broken escape stays as it is.
[[nodiscard]] std::string decoded(std::string_view text);
/// Percent-encoding of all but RFC 3986's unreserved characters.
[[nodiscard]] std::string encoded(std::string_view text);

}  // namespace crossdock::http
