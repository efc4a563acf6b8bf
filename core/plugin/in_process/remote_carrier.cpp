#include "in_process/remote_carrier.hpp"

#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "plugin/wire.hpp"
#include "worker/stream.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <optional>
#include <utility>

namespace crossdock::plugin {
namespace {

/// The carrier bounds an exchange itself; this much longer it may be silent.
constexpr milliseconds patience{2'000};
/// How soon a cancellation is passed on.
constexpr milliseconds glance{100};
/// A carrier that takes nothing for so long is given up.
constexpr timeval writing_patience{5, 0};
constexpr std::size_t handshake_max = 1U << 20U;

}  // namespace

/// One exchange under way.
struct RemoteCarrier::Waiting {
    std::condition_variable changed;
    std::optional<worker::ExchangeMessage> answer;
    bool lost = false;
};

Result<Json> RemoteCarrier::open(const Json& hello) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &writing_patience, sizeof writing_patience);
    if (!worker::transmit(socket_.get(), plugin::encode({FrameType::hello, 0, hello}))) {
        return Fault{"the carrier ended before its handshake", {}, Advice::retry};
    }
    FrameReader reader(handshake_max);
    std::array<char, 4096> buffer{};
    while (true) {
        auto frame = reader.next();
        if (!frame) { return frame.error(); }
        if (*frame) {
            const auto& answer = **frame;
            if (answer.type == FrameType::refused) { return Fault{answer.payload.text("text")}; }
            const auto* confinement = answer.payload.find("confinement");
            if (answer.type != FrameType::ready || confinement == nullptr) { return Fault{"the carrier is none"}; }
            reading_ = std::thread([this] { read_all(); });
            return *confinement;
        }
        const auto got = worker::receive(socket_.get(), buffer);
        if (got == 0) { return Fault{"the carrier ended in its handshake", {}, Advice::retry}; }
        reader.feed({buffer.data(), got});
    }
}

void RemoteCarrier::close() {
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (reading_.joinable()) { reading_.join(); }
    lose_all();
}

void RemoteCarrier::lose_all() {
    const std::scoped_lock lock(mutex_);
    lost_ = true;
    for (const auto& [id, waiting] : waiting_) {
        waiting->lost = true;
        waiting->changed.notify_one();
    }
}

void RemoteCarrier::read_all() {
    std::array<char, 65536> buffer{};
    worker::ExchangeReader reader;
    while (const auto got = worker::receive(socket_.get(), buffer)) {
        reader.feed({buffer.data(), got});
        auto message = reader.next();
        for (; message && *message; message = reader.next()) {
            const std::scoped_lock lock(mutex_);
            const auto found = waiting_.find((*message)->id);
            if (found == waiting_.end()) { continue; }
            found->second->answer = std::move(**message);
            found->second->changed.notify_one();
        }
        if (!message) {
            Log::error("a carrier is not understood", {{"why", message.error().text()}});
            break;
        }
    }
    ::shutdown(socket_.get(), SHUT_RDWR);
    const bool asked_for = [this] {
        const std::scoped_lock lock(mutex_);
        lost_ = true;
        return closing_;
    }();
    // Before the exchanges end: whoever has the answer of one may ask for the next, and that is for another carrier.
    if (!asked_for) { gone_(); }
    lose_all();
}

bool RemoteCarrier::hand_over(const worker::ExchangeMessage& message) {
    const auto bytes = worker::encode(message);
    if (bytes.size() > worker::exchange_message_max) { return false; }
    const std::scoped_lock lock(writing_);
    if (worker::transmit(socket_.get(), bytes)) { return true; }
    // What follows half a message would be taken for its rest.
    ::shutdown(socket_.get(), SHUT_RDWR);
    return false;
}

void RemoteCarrier::await(std::unique_lock<std::mutex>& lock, std::uint64_t id, Waiting& waiting,
                          const http::ExchangeLimits& limits) {
    const BootMs until = system_boot_ms() + (limits.timeout + patience).count();
    bool told = limits.canceled == nullptr;
    while (!waiting.answer && !waiting.lost) {
        const auto left = milliseconds(until - system_boot_ms());
        if (left.count() <= 0) {
            // The reading thread sees the end at once, and tells it.
            ::shutdown(socket_.get(), SHUT_RDWR);
            waiting.changed.wait(lock, [&waiting] { return waiting.answer || waiting.lost; });
            return;
        }
        if (!told && limits.canceled->load()) {
            told = true;
            lock.unlock();
            (void)hand_over({id, worker::ExchangeCancel{}});
            lock.lock();
            continue;
        }
        waiting.changed.wait_for(lock, told ? left : std::min(left, glance));
    }
}

template <class Answer, class Ask>
Answer RemoteCarrier::ask(Ask asked, const http::ExchangeLimits& limits) {
    asked.cancelable = limits.canceled != nullptr;
    asked.limits.canceled = nullptr;
    Waiting waiting;
    std::unique_lock lock(mutex_);
    if (lost_) { return {.reason = "the process that carries exchanges has gone"}; }
    const auto id = next_++;
    waiting_.emplace(id, &waiting);
    lock.unlock();
    const bool handed_over = hand_over({id, std::move(asked)});
    lock.lock();
    if (handed_over) { await(lock, id, waiting, limits); }
    waiting_.erase(id);
    if (!handed_over) { return {.reason = "the exchange could not be handed to the process that carries it"}; }
    if (waiting.answer) {
        if (auto* answer = std::get_if<Answer>(&waiting.answer->what)) { return std::move(*answer); }
    }
    // Whether it left cannot be known any more.
    return {.transport = http::Transport::cut, .reason = "the process that carried the exchange ended", .on_wire = true};
}

http::HttpResult RemoteCarrier::send(const http::HttpExchange& exchange, const http::ExchangeLimits& limits) {
    return ask<http::HttpResult>(worker::HttpAsk{exchange, limits}, limits);
}

http::SmtpResult RemoteCarrier::submit(const http::SmtpExchange& exchange, const http::ExchangeLimits& limits) {
    return ask<http::SmtpResult>(worker::SmtpAsk{exchange, limits}, limits);
}

}  // namespace crossdock::plugin
