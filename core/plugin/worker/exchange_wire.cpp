#include "exchange_wire.hpp"

#include <type_traits>
#include <utility>
#include <vector>

namespace crossdock::worker {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t length_size = 4;

/// Appends members.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void number(std::uint64_t value, int bytes = 8) {
        for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
            out_ += static_cast<char>(static_cast<unsigned char>(value >> static_cast<unsigned>(shift)));
        }
    }
    void text(std::string_view value) {
        number(value.size());
        out_ += value;
    }
    void texts(const std::vector<std::string>& values) {
        number(values.size());
        for (const auto& value : values) { text(value); }
    }
    void headers(const Headers& values) {
        number(values.size());
        for (const auto& [name, value] : values) {
            text(name);
            text(value);
        }
    }
    void limits(const http::ExchangeLimits& limits, bool cancelable) {
        number(static_cast<std::uint64_t>(limits.timeout.count()));
        number(static_cast<std::uint64_t>(limits.not_after));
        number(limits.body_max);
        number(limits.headers_max);
        number(cancelable ? 1 : 0);
    }

    void members(const HttpAsk& ask) {
        limits(ask.limits, ask.cancelable);
        text(ask.exchange.method);
        text(ask.exchange.url);
        headers(ask.exchange.headers);
        text(ask.exchange.body);
        number(ask.exchange.may_repeat ? 1 : 0);
        text(ask.exchange.signature.scheme);
        text(ask.exchange.signature.id);
        text(ask.exchange.signature.key);
    }
    void members(const SmtpAsk& ask) {
        limits(ask.limits, ask.cancelable);
        number(static_cast<std::uint64_t>(ask.exchange.tls));
        text(ask.exchange.host);
        number(ask.exchange.port);
        text(ask.exchange.username);
        text(ask.exchange.password);
        text(ask.exchange.from);
        texts(ask.exchange.to);
        text(ask.exchange.message);
    }
    void members(const ExchangeCancel& /*cancel*/) {}
    void members(const http::HttpResult& result) {
        number(static_cast<std::uint64_t>(result.transport));
        number(static_cast<std::uint64_t>(result.status));
        text(result.body);
        headers(result.headers);
        text(result.reason);
        number(result.retry_after ? 1 : 0);
        number(static_cast<std::uint64_t>(result.retry_after.value_or(milliseconds{0}).count()));
        number(static_cast<std::uint64_t>(result.elapsed.count()));
        number(result.on_wire ? 1 : 0);
    }
    void members(const http::SmtpResult& result) {
        number(static_cast<std::uint64_t>(result.transport));
        number(static_cast<std::uint64_t>(result.status));
        text(result.reason);
        number(static_cast<std::uint64_t>(result.elapsed.count()));
        number(result.on_wire ? 1 : 0);
    }

private:
    std::string& out_;
};

/// Takes members; once they are cut short, everything is empty and `whole` false.
class Parser {
public:
    explicit Parser(std::string_view bytes) : left_(bytes) {}

    [[nodiscard]] bool whole() const { return whole_ && left_.empty(); }

    std::uint64_t number(std::size_t bytes = 8) {
        std::uint64_t value = 0;
        for (const char c : piece(bytes)) { value = (value << 8U) | static_cast<unsigned char>(c); }
        return value;
    }
    std::int64_t integer() { return static_cast<std::int64_t>(number()); }
    milliseconds time() { return milliseconds(integer()); }
    std::string text() { return std::string(piece(number())); }
    std::vector<std::string> texts() {
        std::vector<std::string> made;
        for (auto count = number(); count > 0 && whole_; --count) { made.push_back(text()); }
        return made;
    }
    Headers headers() {
        Headers made;
        for (auto count = number(); count > 0 && whole_; --count) {
            auto name = text();
            made.emplace_back(std::move(name), text());
        }
        return made;
    }
    template <class Enum>
    Enum one_of(Enum last) {
        const auto value = number();
        whole_ = whole_ && value <= static_cast<std::uint64_t>(last);
        return static_cast<Enum>(whole_ ? value : 0);
    }

    http::ExchangeLimits limits(bool& cancelable) {
        http::ExchangeLimits made;
        made.timeout = time();
        made.not_after = integer();
        made.body_max = number();
        made.headers_max = number();
        cancelable = number() != 0;
        return made;
    }
    HttpAsk http_ask() {
        HttpAsk made;
        made.limits = limits(made.cancelable);
        made.exchange.method = text();
        made.exchange.url = text();
        made.exchange.headers = headers();
        made.exchange.body = text();
        made.exchange.may_repeat = number() != 0;
        made.exchange.signature.scheme = text();
        made.exchange.signature.id = text();
        made.exchange.signature.key = text();
        return made;
    }
    SmtpAsk smtp_ask() {
        SmtpAsk made;
        made.limits = limits(made.cancelable);
        made.exchange.tls = one_of(http::SmtpExchange::Tls::implicit);
        made.exchange.host = text();
        made.exchange.port = static_cast<std::uint16_t>(number());
        made.exchange.username = text();
        made.exchange.password = text();
        made.exchange.from = text();
        made.exchange.to = texts();
        made.exchange.message = text();
        return made;
    }
    http::HttpResult http_result() {
        http::HttpResult made;
        made.transport = one_of(http::Transport::cut);
        made.status = static_cast<int>(integer());
        made.body = text();
        made.headers = headers();
        made.reason = text();
        const bool asked = number() != 0;
        const auto pause = time();
        if (asked) { made.retry_after = pause; }
        made.elapsed = time();
        made.on_wire = number() != 0;
        return made;
    }
    http::SmtpResult smtp_result() {
        http::SmtpResult made;
        made.transport = one_of(http::Transport::cut);
        made.status = static_cast<int>(integer());
        made.reason = text();
        made.elapsed = time();
        made.on_wire = number() != 0;
        return made;
    }

private:
    std::string_view piece(std::uint64_t size) {
        if (size > left_.size()) {
            whole_ = false;
            left_ = {};
        }
        const auto taken = left_.substr(0, whole_ ? size : 0);
        left_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view left_;
    bool whole_ = true;
};

}  // namespace

std::string encode(const ExchangeMessage& message) {
    std::string out(length_size, '\0');
    Writer writer(out);
    writer.number(message.what.index(), 1);
    writer.number(message.id);
    std::visit([&writer](const auto& what) { writer.members(what); }, message.what);
    std::string length;
    Writer(length).number(out.size() - length_size, length_size);
    out.replace(0, length_size, length);
    return out;
}

Result<std::optional<ExchangeMessage>> ExchangeReader::next() {
    const std::string_view waiting = buffer_.waiting();
    if (waiting.size() < length_size) { return std::optional<ExchangeMessage>{}; }
    const auto length = Parser(waiting.substr(0, length_size)).number(length_size);
    if (length > exchange_message_max) { return Fault{"a message about an exchange is too long", {}, Advice::reconnect}; }
    if (waiting.size() - length_size < length) { return std::optional<ExchangeMessage>{}; }
    Parser parser(waiting.substr(length_size, length));
    const auto kind = parser.number(1);
    ExchangeMessage message;
    message.id = parser.number();
    switch (kind) {
        case 0: message.what = parser.http_ask(); break;
        case 1: message.what = parser.smtp_ask(); break;
        case 2: message.what = ExchangeCancel{}; break;
        case 3: message.what = parser.http_result(); break;
        case 4: message.what = parser.smtp_result(); break;
        default: return Fault{"a message about an exchange is of an unknown kind", {}, Advice::reconnect};
    }
    if (!parser.whole()) { return Fault{"a message about an exchange makes no sense", {}, Advice::reconnect}; }
    buffer_.drop(length_size + length);
    return std::optional<ExchangeMessage>(std::move(message));
}

}  // namespace crossdock::worker
