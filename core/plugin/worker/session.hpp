#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "call_host.hpp"
#include "client/outbound.hpp"
#include "library.hpp"
#include "plugin/wire.hpp"
#include "thread_pool.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace crossdock::worker {

/// The worker's side of the conversation with its daemon.
///
/// Threads:  `run` on the main thread reads; operations run on the pool; writing is serialised.
/// Lifetime: of the process.
class Session {
public:
    explicit Session(int socket) : socket_(socket) {}

    /// Returns the exit code: 0 when the daemon closed the socket, 3 when this plugin cannot be served.
    int run();

private:
    [[nodiscard]] std::optional<plugin::Frame> read();
    void write(const plugin::Frame& frame);

    [[nodiscard]] Result<Json> greet(const Json& hello);
    [[nodiscard]] Result<> make_instance(const Json& hello);
    void take_settings(const Json& settings);
    void start_call(plugin::Frame frame);
    void run_call(const std::shared_ptr<CallHost>& host, std::uint64_t id, const std::string& operation, const std::string& input,
                  bool effect);
    [[nodiscard]] Json answer(CallHost& host, const std::string& operation, const std::string& input, bool effect);
    [[nodiscard]] Json document_answer(const CallHost& host, const std::string& document, bool effect) const;
    [[nodiscard]] std::shared_ptr<CallHost> find(std::uint64_t id);

    int socket_;
    std::mutex writing_;
    std::optional<plugin::FrameReader> reader_;
    http::Outbound outbound_;
    Services services_{.outbound = outbound_};
    Library library_;
    void* instance_ = nullptr;
    std::optional<ThreadPool> pool_;
    std::mutex calls_mutex_;
    std::map<std::uint64_t, std::shared_ptr<CallHost>> calls_;
};

}  // namespace crossdock::worker
