#pragma once

#include "app/drop_folder.hpp"
#include "app/intake.hpp"
#include "base/log.hpp"
#include "store/other_database.hpp"

#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace crossdock::app {

/// What the loops of an Intake share; inside of intake*.cpp only.
struct Intake::State {
    State(Needs needs_given, IntakeConfig config_given)
        : needs(needs_given), config(std::move(config_given)), stopped(needs.clock) {}

    Needs needs;
    IntakeConfig config;
    std::string connection;  ///< of the outbox, with its password
    std::optional<DropFolder> folder;
    Signal stopped;
    bool stopping = false;
    int aside = 0;  ///< jobs on other threads
};

/// Says once that something does not work, and once that it does again.
class Trouble {
public:
    explicit Trouble(std::string what) : what_(std::move(what)) {}
    void began(const std::string& why) {
        if (std::exchange(told_, true)) { return; }
        Log::error(what_ + " does not work; it is tried again", {{"why", why}});
    }
    void ended() {
        if (std::exchange(told_, false)) { Log::info(what_ + " works again"); }
    }

private:
    std::string what_;
    bool told_ = false;
};

/// Runs `work`, which blocks, on a thread of its own.
template <class T>
Task<T> aside(std::shared_ptr<Intake::State> state, std::function<T()> work) {
    ++state->aside;
    std::function<void(std::function<void(T)>)> start = [work = std::move(work)](std::function<void(T)> done) {
        std::thread([work, done = std::move(done)] { done(work()); }).detach();
    };
    T value = co_await on_callback<T>(std::move(start));
    --state->aside;
    co_return value;
}

/// What an answer of POST /v1/orders says, for a person: its status, then a line for each thing that is wrong.
[[nodiscard]] std::string reason_of(const http::Response& response);

/// What of an intake cannot be taken, for a person.
struct Refused {
    std::string what;    ///< "file" or "row"
    std::string name;    ///< of the file, or the row's id
    std::string place;   ///< the folder or table
    std::string digest;  ///< of the document: another one under the same name is another matter
    std::string reason;  ///< as reason_of
};
/// An alert, once for each document until a person has resolved it, whatever crashes meanwhile. Before it is put away, so that
/// none is put away unseen. Errors: it could not be stored.
Task<Result<>> tell_refused(std::shared_ptr<Intake::State> state, Refused refused);

Task<void> follow_folder(std::shared_ptr<Intake::State> state);
Task<void> follow_outbox(std::shared_ptr<Intake::State> state);

}  // namespace crossdock::app
