#include "http/answer_text.hpp"

#include <array>
#include <cstdio>

namespace crossdock::http {
namespace {

void add_header(std::string& head, std::string_view name, std::string_view value) {
    const auto add = [&](std::string_view text) {
        for (const char c : text) { head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c; }
    };
    add(name);
    head += ": ";
    add(value);
    head += "\r\n";
}

}  // namespace

std::string head_of(const Response& response, bool chunked, bool close, bool http_1_0) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head += reason(response.status);
    head += "\r\n";
    for (const auto& [name, value] : response.headers) { add_header(head, name, value); }
    const bool bodiless = response.status == 101 || response.status == 204 || response.status == 304;
    if (chunked) { add_header(head, "Transfer-Encoding", "chunked"); }
    else if (!response.stream && !bodiless) { add_header(head, "Content-Length", std::to_string(response.body.size())); }
    if (close) { add_header(head, "Connection", "close"); }
    else if (http_1_0) { add_header(head, "Connection", "keep-alive"); }
    return head + "\r\n";
}

std::string chunk_of(std::string_view piece) {
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    return size.data() + std::string(piece) + "\r\n";
}

}  // namespace crossdock::http
