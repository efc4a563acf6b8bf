#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "http/exchange.hpp"
#include "worker/exchange_wire.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace crossdock::plugin {

/// The way of a plugin that runs in the daemon to the process that carries its exchanges.
///
/// An exchange that was handed over and not answered is `cut`: the carrier may have sent it. One that was not handed over whole
/// is `not_sent`. A carrier that is silent for longer than the exchange's time limit is given up.
///
/// Threads:  `open` and `close` from one, `send` and `submit` from any, at once; they block. One thread of its own reads.
class RemoteCarrier final : public http::Carrier {
public:
    /// `gone` is called once, on the reading thread, when the carrier ends unasked.
    RemoteCarrier(UniqueFd socket, std::function<void()> gone) : socket_(std::move(socket)), gone_(std::move(gone)) {}
    ~RemoteCarrier() override { close(); }

    /// Shakes hands; blocks. Answers what the carrier says of its confinement.
    /// Errors: it refuses, or is no carrier.
    [[nodiscard]] Result<Json> open(const Json& hello);
    /// Exchanges under way are cut, later ones not sent; the carrier ends.
    void close();

    [[nodiscard]] http::HttpResult send(const http::HttpExchange& exchange, const http::ExchangeLimits& limits) override;
    [[nodiscard]] http::SmtpResult submit(const http::SmtpExchange& exchange, const http::ExchangeLimits& limits) override;

private:
    struct Waiting;

    template <class Answer, class Ask>
    Answer ask(Ask asked, const http::ExchangeLimits& limits);
    void await(std::unique_lock<std::mutex>& lock, std::uint64_t id, Waiting& waiting, const http::ExchangeLimits& limits);
    [[nodiscard]] bool hand_over(const worker::ExchangeMessage& message);
    void read_all();
    void lose_all();

    UniqueFd socket_;
    std::function<void()> gone_;
    std::mutex writing_;
    std::mutex mutex_;
    std::map<std::uint64_t, Waiting*> waiting_;
    std::uint64_t next_ = 1;
    bool lost_ = false;
    bool closing_ = false;
    std::thread reading_;
};

}  // namespace crossdock::plugin
