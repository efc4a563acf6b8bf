#include "carrying.hpp"

#include "base/log.hpp"
#include "exchange_wire.hpp"
#include "plugin/reach.hpp"
#include "plugin/wire.hpp"
#include "stream.hpp"
#include "thread_pool.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace crossdock::worker {
namespace {

/// Never destroyed: exchanges may be under way when the process ends.
class Carrying {
public:
    Carrying(int socket, const Json& hello, http::Carrier& outbound)
        : socket_(socket),
          outbound_(outbound),
          reach_(plugin::texts(hello.find("reach"))),
          pool_(hello.integer("calls_max", 256)) {}

    int run() {
        std::array<char, 65536> buffer{};
        ExchangeReader reader;
        while (const auto got = receive(socket_, buffer)) {
            reader.feed({buffer.data(), got});
            while (true) {
                auto message = reader.next();
                if (!message) {
                    Log::error("the daemon is not understood", {{"why", message.error().text()}});
                    return 3;
                }
                if (!*message) { break; }
                if (!take(std::move(**message))) { return 3; }
            }
        }
        return 0;
    }

private:
    using Flag = std::shared_ptr<std::atomic<bool>>;

    bool take(ExchangeMessage message) {
        if (auto* http = std::get_if<HttpAsk>(&message.what)) {
            begin(message.id, std::move(*http));
            return true;
        }
        if (auto* smtp = std::get_if<SmtpAsk>(&message.what)) {
            begin(message.id, std::move(*smtp));
            return true;
        }
        if (std::holds_alternative<ExchangeCancel>(message.what)) {
            const std::scoped_lock lock(mutex_);
            if (const auto found = canceled_.find(message.id); found != canceled_.end()) { *found->second = true; }
            return true;
        }
        Log::error("the daemon sent a message that is the carrier's to send");
        return false;
    }

    template <class Ask>
    void begin(std::uint64_t id, Ask ask) {
        auto flag = std::make_shared<std::atomic<bool>>(false);
        if (ask.cancelable) {
            const std::scoped_lock lock(mutex_);
            canceled_.emplace(id, flag);
        }
        auto shared = std::make_shared<Ask>(std::move(ask));
        pool_.submit([this, id, shared, flag] {
            if (shared->cancelable) { shared->limits.canceled = flag.get(); }
            ExchangeMessage answer{id, carried(*shared)};
            const auto bytes = encode(answer);
            const std::scoped_lock lock(mutex_);
            canceled_.erase(id);
            // A daemon that has gone is noticed by the reading side.
            (void)transmit(socket_, bytes);
        });
    }

    http::HttpResult carried(const HttpAsk& ask) {
        if (auto why = plugin::beyond(reach_, place_of(ask.exchange.url)); !why.empty()) { return {.reason = std::move(why)}; }
        return outbound_.send(ask.exchange, ask.limits);
    }
    http::SmtpResult carried(const SmtpAsk& ask) {
        if (auto why = plugin::beyond(reach_, place_of(ask.exchange.host, ask.exchange.port)); !why.empty()) {
            return {.reason = std::move(why)};
        }
        return outbound_.submit(ask.exchange, ask.limits);
    }

    int socket_;
    http::Carrier& outbound_;
    std::vector<std::string> reach_;
    std::mutex mutex_;  ///< of writing, and of the flags
    std::map<std::uint64_t, Flag> canceled_;
    ThreadPool pool_;
};

}  // namespace

int serve_exchanges(int socket, const Json& hello, http::Carrier& outbound) {
    auto* carrying = new Carrying(socket, hello, outbound);
    return carrying->run();
}

}  // namespace crossdock::worker
