#pragma once

#include "base/clock.hpp"
#include "base/process.hpp"
#include "plugin/caller.hpp"
#include "plugin/wire.hpp"
#include "plugin/workers.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace crossdock::plugin {

class Evaluations;
struct EvaluationAnswer;

/// One live worker process, its socket and the calls in flight. It ends once, and is then replaced by another Link.
/// With `in_process` the socket leads to threads of this process, and the process is the carrier of their exchanges.
///
/// Threads:  the executor's.
/// Lifetime: shared; its reading and writing tasks keep it until it has ended.
class Link : public std::enable_shared_from_this<Link> {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    Link(Executor executor, Clock& clock, const WorkerSpec& spec, const Workers::Options& options, Process process,
         int socket_fd);

    /// Where expressions go that the plugin wants evaluated; without it they fail. Before open().
    void serve_evaluations(std::shared_ptr<Evaluations> evaluations) { evaluations_ = std::move(evaluations); }

    /// Starts reading, says hello, and answers once: the manifest, or why there is none. `ended` follows when the process has
    /// gone.
    void open(std::function<void(Result<Manifest>)> ready, std::function<void(const std::string&)> ended);

    /// In-process only: `left` is called when the carrier has gone. Calls in flight come to their end, further ones are for
    /// another link.
    void on_leaving(std::function<void(const std::string&)> left) { on_leaving_ = std::move(left); }

    /// Hands a call to the worker; `then` is called once, at the latest when the call's timeout has ended the worker. In-process
    /// the call alone is then unknown, and its thread stays taken. While a batch of the call is being stored, its answer waits
    /// for that task.
    void call(const Call& call, milliseconds timeout, OnBatch on_batch, std::function<void(CallAnswer)> then);

    /// Asks all calls in flight to give up.
    void cancel_all();
    /// Lets the worker leave by itself: it ends when its socket does.
    void close_sending();
    /// Takes no further calls; those in flight come to their end, and the worker then leaves.
    void retire();
    /// Kills the process; calls in flight are unknown.
    void end(const std::string& why);

    [[nodiscard]] std::size_t in_flight() const { return pending_.size(); }
    /// In-process calls that have passed their deadline and not come back: each still has its thread.
    [[nodiscard]] std::size_t overdue() const { return overdue_.size(); }
    [[nodiscard]] const std::string& name() const { return spec_.name; }
    [[nodiscard]] int pid() const { return process_.pid(); }
    [[nodiscard]] bool ended() const { return ended_; }
    /// False once it was told to leave.
    [[nodiscard]] bool takes_calls() const { return !ended_ && !retired_ && !sending_closed_; }
    /// Of the plugin file that it serves; empty before the handshake.
    [[nodiscard]] const std::string& digest() const { return manifest_.digest; }
    [[nodiscard]] bool has_answered() const { return has_answered_; }

private:
    struct Pending {
        std::string operation;
        OnBatch on_batch;
        std::function<void(CallAnswer)> then;
        Clock::TimerId timer = 0;
        bool effect = false;
        bool storing = false;  ///< a batch is with on_batch
        bool evaluating = false;
        std::unique_ptr<CallAnswer> held = {};
    };

    static Task<void> read_all(std::shared_ptr<Link> link);
    static Task<void> write_all(std::shared_ptr<Link> link);
    static Task<void> store_batch(std::shared_ptr<Link> link, std::uint64_t id, OnBatch on_batch, Json rows);

    /// Answers an in-process call that cannot be ended.
    void pass_deadline(std::uint64_t id, milliseconds asked);
    /// Ends the carrier, tells why once, and takes no further calls.
    void leave(const std::string& why);
    /// Looks at the process's memory now and then while calls are in flight, and ends it when that passes the cap.
    void watch_memory();
    void send(const Frame& frame);
    [[nodiscard]] std::string in_hand() const;
    [[nodiscard]] std::string plugin_name() const { return manifest_.name + " " + manifest_.version; }
    [[nodiscard]] Frame hello() const;
    /// False when the frame makes no sense; the worker is then of no use.
    [[nodiscard]] bool take(Frame frame);
    [[nodiscard]] bool take_batch(std::uint64_t id, Json rows);
    [[nodiscard]] bool take_evaluation(std::uint64_t id, const Json& payload);
    void evaluated(std::uint64_t id, const EvaluationAnswer& answer);
    void take_ready(const Json& payload);
    void say_ready(Result<Manifest> result);
    void take_answer(std::uint64_t id, const Json& payload);
    void settle(std::uint64_t id, CallAnswer answer);

    Executor executor_;
    Clock& clock_;
    WorkerSpec spec_;
    Workers::Options options_;
    std::shared_ptr<Evaluations> evaluations_;
    Process process_;
    Socket socket_;
    FrameReader reader_;
    std::deque<std::string> outgoing_;
    bool writing_ = false;
    bool sending_closed_ = false;
    bool retired_ = false;
    bool ended_ = false;
    bool has_answered_ = false;
    std::uint64_t next_call_ = 1;
    std::map<std::uint64_t, Pending> pending_;
    std::set<std::uint64_t> overdue_;
    Manifest manifest_;
    std::function<void(Result<Manifest>)> on_ready_;
    std::function<void(const std::string&)> on_ended_;
    std::function<void(const std::string&)> on_leaving_;
    Clock::TimerId start_timer_ = 0;
    Clock::TimerId memory_timer_ = 0;
};

}  // namespace crossdock::plugin
