#include "plugin/link.hpp"

#include "base/joined.hpp"
#include "base/log.hpp"
#include "base/log_format.hpp"
#include "plugin/evaluations.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <csignal>
#include <set>
#include <string_view>
#include <utility>

namespace crossdock::plugin {
namespace {

constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

Manifest read_manifest(const Json& payload) {
    Manifest manifest;
    manifest.name = payload.text("name");
    manifest.version = payload.text("version");
    manifest.interface = payload.text("interface");
    manifest.digest = payload.text("digest");
    manifest.abi_revision = payload.integer("abi_revision");
    manifest.abi_needs = payload.integer("abi_needs");
    manifest.interfaces = texts(payload.find("interfaces"));
    manifest.operations = texts(payload.find("operations"));
    manifest.serial_calls = payload.boolean("serial_calls");
    if (const auto* classes = payload.find("classes"); classes != nullptr && classes->is_object()) {
        for (const auto& [operation, strongest] : classes->members()) {
            if (strongest.is_string()) { manifest.classes.emplace_back(operation, strongest.as_string()); }
        }
    }
    if (const auto* schema = payload.find("settings")) { manifest.schema = *schema; }
    manifest.confinement = Confinement::read(payload.find("confinement"));
    return manifest;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1U << 20U;
    return std::to_string(bytes / mib) + " MiB";
}

}  // namespace

Link::Link(Executor executor, Clock& clock, const WorkerSpec& spec, const Workers::Options& options, Process process,
           int socket_fd)
    : executor_(executor),
      clock_(clock),
      spec_(spec),
      options_(options),
      process_(std::move(process)),
      socket_(executor, boost::asio::local::stream_protocol(), socket_fd),
      reader_(options.frame_max) {}

void Link::open(std::function<void(Result<Manifest>)> ready, std::function<void(const std::string&)> ended) {
    on_ready_ = std::move(ready);
    on_ended_ = std::move(ended);
    start_timer_ = clock_.after(options_.start_timeout, [weak = weak_from_this(), limit = options_.start_timeout] {
        if (const auto link = weak.lock()) {
            link->start_timer_ = 0;
            link->end("its handshake took longer than " + duration_text(limit));
        }
    });
    spawn(executor_, read_all(shared_from_this()));
    send(hello());
}

Frame Link::hello() const {
    Json payload = Json::object();
    payload.set("name", spec_.name).set("library", spec_.library.string()).set("interface", spec_.interface);
    payload.set("settings", spec_.settings.is_null() ? Json::object() : spec_.settings).set("account", spec_.account);
    Json reach = Json::array();
    for (const auto& place : spec_.reach) { reach.push(place); }
    payload.set("reach", std::move(reach)).set("fenced", spec_.fenced).set("plain_http", spec_.plain_http);
    payload.set("verbose", spec_.verbose);
    if (log_format() == LogFormat::json) { payload.set("log", "json"); }
    payload.set("crash_at", spec_.crash_at).set("folder", spec_.folder.string()).set("inspect", spec_.inspect_only);
    payload.set("shadow", spec_.shadow);
    payload.set("strict", options_.strict).set("grants", to_json(spec_.grants));
    if (spec_.in_process) { payload.set("digest", spec_.digest); }
    payload.set("request_timeout_ms", static_cast<std::int64_t>(spec_.request_timeout.count()));
    payload.set("calls_max", static_cast<std::uint64_t>(options_.calls_max));
    payload.set("frame_max", static_cast<std::uint64_t>(options_.frame_max));
    return {FrameType::hello, 0, std::move(payload)};
}

void Link::call(const Call& call, milliseconds timeout, OnBatch on_batch, std::function<void(CallAnswer)> then) {
    const auto id = next_call_++;
    Pending pending{call.operation, std::move(on_batch), std::move(then)};
    pending.effect = call.effect;
    // Told as it was asked for: a part of it may have been spent waiting for the worker.
    pending.timer = clock_.after(timeout, [weak = weak_from_this(), id, asked = call.timeout] {
        const auto link = weak.lock();
        if (!link) { return; }
        const auto late = link->pending_.find(id);
        if (late == link->pending_.end()) { return; }
        late->second.timer = 0;
        if (link->spec_.in_process) { return link->pass_deadline(id, asked); }
        link->end(late->second.operation + " took longer than " + duration_text(asked));
    });
    pending_.emplace(id, std::move(pending));
    Json payload = Json::object();
    payload.set("operation", call.operation).set("input", call.input).set("not_after", call.not_after).set("effect", call.effect);
    if (call.record) { payload.set("record", true); }
    send({FrameType::call, id, std::move(payload)});
    watch_memory();
}

void Link::watch_memory() {
    if (memory_timer_ != 0 || ended_ || options_.memory_max == 0) { return; }
    memory_timer_ = clock_.after(options_.memory_pause, [weak = weak_from_this()] {
        const auto link = weak.lock();
        if (!link || link->ended_) { return; }
        link->memory_timer_ = 0;
        const auto resident = resident_bytes(link->pid()).value_or(0);
        if (resident > link->options_.memory_max) {
            const auto why =
                "its memory has grown to " + size_text(resident) + ", and may be " + size_text(link->options_.memory_max);
            return link->spec_.in_process ? link->leave("its carrier was ended: " + why) : link->end(why);
        }
        if (!link->pending_.empty()) { link->watch_memory(); }
    });
}

void Link::pass_deadline(std::uint64_t id, milliseconds asked) {
    const auto operation = pending_.at(id).operation;
    const std::string text =
        operation + " took longer than " + duration_text(asked) + ", and cannot be ended: it runs in-process";
    overdue_.insert(id);
    Log::error("an in-process call hangs: it is given up, and its thread stays taken",
               {{"worker", spec_.name}, {"plugin", plugin_name()}, {"operation", operation}, {"taken", overdue_.size()}});
    // So that nothing leaves any more, and a call that asks learns that nobody waits for it.
    send({FrameType::cancel, id, Json::object()});
    settle(id, {CallStatus::unknown, {}, text, manifest_.digest, plugin_name()});
}

void Link::leave(const std::string& why) {
    if (retired_ || ended_) { return; }
    // What it was asked for and has not answered is cut from now on.
    process_.signal(SIGKILL);
    if (auto told = std::exchange(on_leaving_, {})) { told(why); }
    retire();
}

void Link::cancel_all() {
    for (const auto& [id, pending] : pending_) { send({FrameType::cancel, id, Json::object()}); }
}

void Link::close_sending() {
    sending_closed_ = true;
    if (!writing_ && !ended_) {
        boost::system::error_code ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
    }
}

void Link::retire() {
    retired_ = true;
    if (pending_.empty()) { close_sending(); }
}

void Link::end(const std::string& why) {
    if (ended_) { return; }
    ended_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    // A process that is already on its way out keeps its own exit status.
    process_.signal(SIGKILL);
    const auto status = describe_exit(process_.wait());
    const std::string text = (why.empty() ? "the worker ended: " + status : "the worker was ended: " + why) + in_hand();
    if (start_timer_ != 0) { clock_.cancel(std::exchange(start_timer_, 0)); }
    if (memory_timer_ != 0) { clock_.cancel(std::exchange(memory_timer_, 0)); }
    say_ready(Fault{text, spec_.library.string(), Advice::retry});
    std::vector<std::uint64_t> ids;
    for (const auto& [id, pending] : pending_) { ids.push_back(id); }
    for (const auto id : ids) { settle(id, {CallStatus::unknown, {}, text, manifest_.digest, plugin_name()}); }
    if (auto told = std::exchange(on_ended_, {})) { told(text); }
}

/// What was in flight, for messages: " (in flight: create_order, find_order)".
std::string Link::in_hand() const {
    std::set<std::string_view> operations;
    for (const auto& [id, pending] : pending_) { operations.insert(pending.operation); }
    return operations.empty() ? "" : " (in flight: " + joined(operations) + ")";
}

void Link::send(const Frame& frame) {
    if (ended_ || sending_closed_) { return; }
    outgoing_.push_back(encode(frame));
    if (writing_) { return; }
    writing_ = true;
    spawn(executor_, write_all(shared_from_this()));
}

Task<void> Link::write_all(std::shared_ptr<Link> link) {
    while (!link->outgoing_.empty() && !link->ended_) {
        const std::string bytes = std::move(link->outgoing_.front());
        link->outgoing_.pop_front();
        const auto [error, written] = co_await boost::asio::async_write(link->socket_, boost::asio::buffer(bytes), as_result);
        // A worker that has gone is noticed by the reading side, which knows more.
        if (error) { break; }
    }
    link->writing_ = false;
    if (link->sending_closed_) { link->close_sending(); }
}

Task<void> Link::read_all(std::shared_ptr<Link> link) {
    std::array<char, 65536> buffer{};
    while (!link->ended_) {
        const auto [error, size] = co_await link->socket_.async_read_some(boost::asio::buffer(buffer), as_result);
        if (link->ended_) { co_return; }
        if (error) {
            link->end("");
            co_return;
        }
        link->reader_.feed({buffer.data(), size});
        while (!link->ended_) {
            auto frame = link->reader_.next();
            if (!frame) {
                link->end(frame.error().text());
                co_return;
            }
            if (!*frame) { break; }
            const auto type = static_cast<int>((*frame)->type);
            if (!link->take(std::move(**frame))) {
                link->end("it sent a frame of type " + std::to_string(type) + " out of turn");
            }
        }
    }
}

bool Link::take(Frame frame) {
    switch (frame.type) {
        case FrameType::ready:
            if (!on_ready_) { return false; }
            take_ready(frame.payload);
            return true;
        case FrameType::refused:
            if (!on_ready_) {
                if (spec_.in_process) { leave(frame.payload.text("text")); }
                return spec_.in_process;
            }
            say_ready(
                Fault{frame.payload.text("text", "the worker refused without a reason"), spec_.library.string(), Advice::refuse});
            end("it refused to serve");
            return true;
        case FrameType::answer:
            if (overdue_.erase(frame.call) > 0) {
                Log::info("an in-process call came back behind its deadline; its thread is free",
                          {{"worker", spec_.name}, {"plugin", plugin_name()}, {"taken", overdue_.size()}});
                return true;
            }
            if (!pending_.contains(frame.call)) { return false; }
            take_answer(frame.call, frame.payload);
            return true;
        case FrameType::batch: return take_batch(frame.call, std::move(frame.payload));
        case FrameType::evaluate: return take_evaluation(frame.call, frame.payload);
        case FrameType::hello:
        case FrameType::call:
        case FrameType::batch_done:
        case FrameType::cancel:
        case FrameType::evaluated: break;
    }
    return false;
}

void Link::take_ready(const Json& payload) {
    if (start_timer_ != 0) { clock_.cancel(std::exchange(start_timer_, 0)); }
    manifest_ = read_manifest(payload);
    say_ready(manifest_);
}

void Link::say_ready(Result<Manifest> result) {
    if (auto told = std::exchange(on_ready_, {})) { told(std::move(result)); }
}

bool Link::take_batch(std::uint64_t id, Json rows) {
    const auto at = pending_.find(id);
    if (overdue_.contains(id)) {
        Json payload = Json::object();
        payload.set("more", false);
        send({FrameType::batch_done, id, std::move(payload)});
        return true;
    }
    if (at == pending_.end() || at->second.storing || at->second.held || !rows.is_array()) { return false; }
    if (!at->second.on_batch) {
        Json payload = Json::object();
        payload.set("more", false);
        send({FrameType::batch_done, id, std::move(payload)});
        return true;
    }
    at->second.storing = true;
    spawn(executor_, store_batch(shared_from_this(), id, at->second.on_batch, std::move(rows)));
    return true;
}

bool Link::take_evaluation(std::uint64_t id, const Json& payload) {
    const auto at = pending_.find(id);
    auto expression = payload.maybe_text("expression");
    auto document = payload.maybe_text("document");
    if (at == pending_.end() || at->second.evaluating || !expression || expression->size() > expression_bytes_max || !document ||
        document->size() > document_bytes_max) {
        return false;
    }
    at->second.evaluating = true;
    const auto weak = weak_from_this();
    Evaluation wanted{.account = spec_.name,
                      .expression = std::move(*expression),
                      .document = std::move(*document),
                      .wanted =
                          [weak, id] {
                              const auto link = weak.lock();
                              return link && link->pending_.contains(id);
                          },
                      .then =
                          [weak, id](const EvaluationAnswer& answer) {
                              if (const auto link = weak.lock()) { link->evaluated(id, answer); }
                          }};
    if (evaluations_) { evaluations_->take(std::move(wanted)); }
    else { evaluated(id, {.error = "nothing is evaluated here"}); }
    return true;
}

void Link::evaluated(std::uint64_t id, const EvaluationAnswer& answer) {
    const auto at = pending_.find(id);
    if (at == pending_.end()) { return; }
    at->second.evaluating = false;
    Json payload = Json::object();
    if (answer.error.empty()) { payload.set("value", answer.value); }
    else { payload.set("error", answer.error); }
    send({FrameType::evaluated, id, std::move(payload)});
}

Task<void> Link::store_batch(std::shared_ptr<Link> link, std::uint64_t id, OnBatch on_batch, Json rows) {
    auto storing = on_batch(std::move(rows));
    const bool more = co_await std::move(storing);
    Json payload = Json::object();
    payload.set("more", more);
    link->send({FrameType::batch_done, id, std::move(payload)});
    const auto at = link->pending_.find(id);
    if (at == link->pending_.end()) { co_return; }
    at->second.storing = false;
    if (const auto held = std::move(at->second.held)) { link->settle(id, std::move(*held)); }
}

void Link::take_answer(std::uint64_t id, const Json& payload) {
    has_answered_ = true;
    const auto at = pending_.find(id);
    const auto status = payload.text("status");
    CallAnswer answer{CallStatus::failed, {}, payload.text("text"), manifest_.digest, plugin_name()};
    if (const auto ms = payload.integer("retry_after_ms"); ms > 0) { answer.retry_after = milliseconds(ms); }
    answer.peer_status = static_cast<int>(payload.integer("peer_status"));
    if (const auto* exchanges = payload.find("exchanges")) { answer.exchanges = *exchanges; }
    if (const auto* evaluations = payload.find("evaluations")) { answer.evaluations = *evaluations; }
    answer.exchanges_cut = payload.boolean("exchanges_cut");
    if (status == "ok") {
        answer.status = CallStatus::answered;
        if (const auto* output = payload.find("output")) { answer.output = *output; }
    }
    // A fault behind a request that left says nothing about what the peer did with it.
    else if (at->second.effect && payload.boolean("on_wire", true)) { answer.status = CallStatus::unknown; }
    settle(id, std::move(answer));
}

void Link::settle(std::uint64_t id, CallAnswer answer) {
    const auto at = pending_.find(id);
    if (at == pending_.end()) { return; }
    if (at->second.timer != 0) { clock_.cancel(std::exchange(at->second.timer, 0)); }
    if (at->second.storing) {
        if (!at->second.held) { at->second.held = std::make_unique<CallAnswer>(std::move(answer)); }
        return;
    }
    const auto done = pending_.extract(at);
    done.mapped().then(std::move(answer));
    if (retired_ && pending_.empty()) { close_sending(); }
}

}  // namespace crossdock::plugin
