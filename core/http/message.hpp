#pragma once

#include "base/task.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::http {

using Header = std::pair<std::string, std::string>;

struct Request {
    std::string method;  ///< upper case
    std::string path;    ///< decoded nowhere: as sent, without the query
    std::string query;   ///< without "?"
    std::vector<Header> headers;
    std::string body;
    std::string peer;  ///< "127.0.0.1:40312"

    /// The first header of that name, whatever its case.
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
    /// How many headers have that name.
    [[nodiscard]] std::size_t count(std::string_view name) const;
    /// A query parameter, percent-decoded.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// Gives the next piece of a streamed body; nothing ends the stream. Destroyed when the client has gone.
using BodyStream = std::function<Task<std::optional<std::string>>()>;

struct Response {
    int status = 200;
    std::vector<Header> headers = {};
    std::string body = {};
    /// When set, `body` is not used: pieces are sent chunked, each at once.
    BodyStream stream = {};
    /// Closes the connection behind this answer.
    bool close = false;
    /// For a simulator of bad peers: close without answering.
    bool cut = false;
};

using Handler = std::function<Task<Response>(Request)>;

}  // namespace crossdock::http
