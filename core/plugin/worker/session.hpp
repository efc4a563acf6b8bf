#pragma once

#include "base/folder_grant.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "call_host.hpp"
#include "library.hpp"
#include "place.hpp"
#include "plugin/wire.hpp"
#include "shadow_carrier.hpp"
#include "thread_pool.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::worker {

/// The plugin's side of the conversation with the daemon; docs/reference/worker-wire.md.
///
/// Threads:  the one that runs `run` reads; operations run on the pool; writing is serialised. `give_up` from any.
/// Lifetime: in a worker that of the process; else until wind_up has returned. The place outlives it.
class Session {
public:
    Session(int socket, Place& place) : socket_(socket), place_(place) {}

    /// Returns the exit code: 0 when the daemon closed the socket, 3 when this plugin cannot be served.
    int run();

    /// Tells the daemon that no further calls can be served here; those in flight still answer.
    void give_up(const std::string& why);

    /// When `run` has returned and the process goes on: asks all calls to give up, waits for them, however long that takes, ends
    /// the threads and destroys the instance.
    void wind_up();

private:
    [[nodiscard]] std::optional<plugin::Frame> read();
    void write(const plugin::Frame& frame);
    void write(const std::string& bytes);

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
    Place& place_;
    std::mutex writing_;
    std::optional<plugin::FrameReader> reader_;
    ShadowCarrier shadow_carrier_;
    std::vector<FolderGrant> shadow_folders_;  ///< what a shadow's plugin writes there is recorded, and taken away
    Services services_;
    Library library_;
    void* instance_ = nullptr;
    std::optional<ThreadPool> pool_;
    std::mutex calls_mutex_;
    std::map<std::uint64_t, std::shared_ptr<CallHost>> calls_;
};

}  // namespace crossdock::worker
