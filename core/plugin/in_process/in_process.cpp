#include "in_process/in_process.hpp"

#include "in_process/remote_carrier.hpp"
#include "worker/session.hpp"

#include <sys/socket.h>

#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace crossdock::plugin {

/// What all plugins of this process share.
struct InProcess::State {
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t running = 0;
    std::mutex loading;
    /// By path: the loader takes a second file of the same path for the first.
    std::map<std::string, worker::Library, std::less<>> libraries;
};

namespace {

/// Threads of the daemon, with a carrier for what is to leave.
class DaemonPlace final : public worker::Place {
public:
    DaemonPlace(std::shared_ptr<InProcess::State> state, UniqueFd carrier)
        : state_(std::move(state)), carrier_(std::move(carrier), [this] { tell_gone(); }) {}

    void attach(worker::Session& session) { session_ = &session; }
    void close() { carrier_.close(); }

    Result<Json> enter(const Json& hello) override {
        name_ = hello.text("name");
        Json asked = Json::object();
        for (const char* const member : {"name", "reach", "strict", "crash_at", "verbose", "calls_max"}) {
            if (const auto* value = hello.find(member)) { asked.set(member, *value); }
        }
        return carrier_.open(asked.set("carry", true));
    }

    Result<worker::Library> load(const Json& hello) override {
        const auto file = hello.text("library");
        const auto interface = hello.text("interface");
        const std::scoped_lock lock(state_->loading);
        auto found = state_->libraries.find(file);
        if (found == state_->libraries.end()) {
            auto loaded = worker::load_library(file, interface);
            if (!loaded) { return loaded.error(); }
            found = state_->libraries.emplace(file, std::move(*loaded)).first;
        }
        if (found->second.digest != hello.text("digest")) {
            return Fault{
                "the plugin's file is no longer the one that this daemon has loaded; a plugin with `isolation: in-process` "
                "is replaced by a restart of the daemon",
                file};
        }
        if (found->second.interface != interface) { return worker::load_library(file, interface); }
        return found->second;
    }

    http::Carrier& carrier() override { return carrier_; }
    /// Daemons ask workers for that, never themselves.
    int carry(int /*socket*/, const Json& /*hello*/) override { return 3; }
    /// The reading side sees the end as well, and ends the session.
    void orphaned() override {}
    std::string log_mark() const override { return "[plugin " + name_ + "] "; }

private:
    void tell_gone() { session_->give_up("the process that carried its exchanges ended"); }

    std::shared_ptr<InProcess::State> state_;
    worker::Session* session_ = nullptr;
    std::string name_;
    RemoteCarrier carrier_;
};

void serve(const std::shared_ptr<InProcess::State>& state, const UniqueFd& socket, UniqueFd carrier) {
    // Signals are for the daemon's own threads; those of the plugin are made by this one and inherit that.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    DaemonPlace place(state, std::move(carrier));
    worker::Session session(socket.get(), place);
    place.attach(session);
    (void)session.run();
    // The link need not wait for calls that hang.
    ::shutdown(socket.get(), SHUT_RDWR);
    place.close();
    session.wind_up();
}

}  // namespace

InProcess::InProcess() : state_(std::make_shared<State>()) {}

Workers::Options::InProcess InProcess::starter() {
    return [state = state_](UniqueFd socket, UniqueFd carrier) -> Result<> {
        const std::scoped_lock lock(state->mutex);
        try {
            std::thread([state, held = std::move(socket), way = std::move(carrier)]() mutable {
                serve(state, held, std::move(way));
                const std::scoped_lock ending(state->mutex);
                --state->running;
                state->ended.notify_all();
            }).detach();
        } catch (const std::system_error& error) {
            return Fault{std::string("no thread for an in-process plugin: ") + error.what(), {}, Advice::retry};
        }
        ++state->running;
        return {};
    };
}

std::size_t InProcess::wait(milliseconds patience) {
    std::unique_lock lock(state_->mutex);
    state_->ended.wait_for(lock, patience, [this] { return state_->running == 0; });
    return state_->running;
}

}  // namespace crossdock::plugin
