#include "http/loopback.hpp"

#include "http/tls_exchange.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

// A named runner file: sockets and their timers.
namespace crossdock::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t answer_max = 64ULL << 20;
constexpr std::uint32_t header_max = 64U << 10;

using Parser = wire::response_parser<wire::string_body>;

std::string place_of(const LoopbackCall& call) {
    return call.host + ":" + std::to_string(call.port);
}

Fault fault_of(const LoopbackCall& call, const char* doing, error_code error) {
    std::string what;
    if (error == beast::error::timeout) { what = "no whole answer within " + std::to_string(call.timeout.count()) + " ms"; }
    else if (error == wire::error::end_of_stream || error == wire::error::partial_message || error == asio::error::eof ||
             error == asio::error::connection_reset || error == asio::error::broken_pipe) {
        what = "the connection was closed before a whole answer";
    }
    else { what = std::string(doing) + ": " + error.message(); }
    return {what, place_of(call), Advice::retry};
}

/// Connects and sends the request; an error and what was being done.
Task<std::pair<error_code, const char*>> send(beast::tcp_stream* stream, LoopbackCall call) {
    error_code bad;
    const auto address = asio::ip::make_address(call.host == "localhost" ? "127.0.0.1" : call.host, bad);
    if (bad) { co_return std::pair{bad, "the host is no IP address of this machine"}; }
    const auto [refused] = co_await stream->async_connect(tcp::endpoint(address, call.port), as_result);
    if (refused) { co_return std::pair{refused, "cannot connect"}; }
    stream->socket().set_option(tcp::no_delay(true), bad);
    const std::string text = request_text(call);
    const auto [cut, written] = co_await asio::async_write(*stream, asio::buffer(text), as_result);
    // A server may answer and close before it has read everything: the answer is what counts.
    const bool answered_early = cut == asio::error::connection_reset || cut == asio::error::broken_pipe;
    co_return std::pair{cut && !answered_early ? cut : error_code{}, "cannot send"};
}

Task<void> follow(LoopbackCall call, const std::function<bool(std::string_view)>* on_line, Result<int>* outcome) {
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_after(call.timeout);
    const auto [failed, doing] = co_await send(&stream, call);
    if (failed) {
        *outcome = fault_of(call, doing, failed);
        co_return;
    }
    Parser parser;
    parser.header_limit(header_max);
    parser.body_limit(boost::none);
    beast::flat_buffer buffer;
    const auto [bad, header_size] = co_await wire::async_read_header(stream, buffer, parser, as_result);
    if (bad) {
        *outcome = fault_of(call, "cannot read the answer", bad);
        co_return;
    }
    *outcome = static_cast<int>(parser.get().result_int());
    // Not eager: an eager parser holds back what it has until the next chunk begins.
    std::string pending;
    while (!parser.is_done()) {
        const auto [error, got] = co_await wire::async_read_some(stream, buffer, parser, as_result);
        pending += parser.get().body();
        parser.get().body().clear();
        std::size_t begin = 0;
        for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', begin)) {
            std::string_view line(pending.data() + begin, end - begin);
            if (line.ends_with('\r')) { line.remove_suffix(1); }
            begin = end + 1;
            if (!(*on_line)(line)) { co_return; }
        }
        pending.erase(0, begin);
        if (error) { break; }
    }
    if (!pending.empty()) { (*on_line)(pending); }
}

Task<void> store(LoopbackCall call, Result<LoopbackAnswer>* outcome) {
    *outcome = co_await exchange_async(std::move(call));
}

}  // namespace

std::string request_text(const LoopbackCall& call) {
    std::string text = call.method + " " + call.target + " HTTP/1.1\r\nHost: " + place_of(call) + "\r\nConnection: close\r\n";
    for (const auto& [name, value] : call.headers) { text += name + ": " + value + "\r\n"; }
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
        text += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
    }
    return text + "\r\n" + call.body;
}

std::optional<std::string> LoopbackAnswer::header(std::string_view name) const {
    const auto at = std::find_if(headers.begin(), headers.end(), [&](const Header& h) {
        return beast::iequals(beast::string_view(h.first.data(), h.first.size()), beast::string_view(name.data(), name.size()));
    });
    if (at == headers.end()) { return {}; }
    return at->second;
}

Task<Result<LoopbackAnswer>> exchange_async(LoopbackCall call) {
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_after(call.timeout);
    const auto [failed, doing] = co_await send(&stream, call);
    if (failed) { co_return fault_of(call, doing, failed); }
    Parser parser;
    parser.header_limit(header_max);
    parser.body_limit(answer_max);
    if (call.method == "HEAD") { parser.skip(true); }
    beast::flat_buffer buffer;
    const auto [error, size] = co_await wire::async_read(stream, buffer, parser, as_result);
    if (error) { co_return fault_of(call, "cannot read the answer", error); }
    auto& message = parser.get();
    LoopbackAnswer made;
    made.status = static_cast<int>(message.result_int());
    for (const auto& field : message) { made.headers.emplace_back(std::string(field.name_string()), std::string(field.value())); }
    made.body = std::move(message.body());
    co_return made;
}

Result<LoopbackAnswer> exchange(const LoopbackCall& call) {
    if (!call.pin.empty()) { return exchange_pinned(call); }
    asio::io_context context(1);
    Result<LoopbackAnswer> outcome = Fault{"nothing was asked"};
    spawn(context.get_executor(), store(call, &outcome));
    context.run();
    return outcome;
}

Result<int> stream_lines(const LoopbackCall& call, const std::function<bool(std::string_view)>& on_line) {
    asio::io_context context(1);
    Result<int> outcome = Fault{"nothing was asked"};
    spawn(context.get_executor(), follow(call, &on_line, &outcome));
    context.run();
    return outcome;
}

}  // namespace crossdock::http
