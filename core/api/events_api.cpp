#include "api/api.hpp"
#include "api/problem.hpp"
#include "api/session.hpp"
#include "http/websocket.hpp"

#include <charconv>
#include <utility>

namespace crossdock::api {
namespace {

constexpr std::int64_t events_at_once = 256;
constexpr int pings_unanswered_max = 2;

/// Cursors are opaque to clients; inside they are the event's sequence number.
std::string cursor(std::int64_t sequence) {
    return "e" + std::to_string(sequence);
}

std::optional<std::int64_t> sequence_of(const std::string& text) {
    std::int64_t value = 0;
    if (text.size() < 2 || text[0] != 'e') { return {}; }
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) { return {}; }
    return value;
}

struct Event {
    std::int64_t sequence = 0;
    std::string type;
    std::string document;
};

struct Batch {
    std::vector<Event> events;
    std::int64_t last = 0;
    bool over = false;  ///< the reader's key was revoked meanwhile, or the session has ended
};

Batch read_events(store::Tx& tx, std::int64_t after, const std::optional<std::string>& customer) {
    Batch batch;
    batch.last = after;
    for (auto& [sequence, type, order_id, data, at] :
         tx.all<std::int64_t, std::string, std::optional<std::string>, std::string, std::int64_t>(
             "SELECT sequence, type, order_id, data, created_at FROM events WHERE sequence > :1 ORDER BY sequence LIMIT :2",
             {after, events_at_once})) {
        batch.last = sequence;
        auto parsed = Json::parse(data);
        Json content = parsed ? std::move(*parsed) : Json();
        if (customer && content.text("customer_id") != *customer) { continue; }
        const Json event = Json::object({{"id", cursor(sequence)},
                                         {"type", type},
                                         {"time", rfc3339_ms(at)},
                                         {"order_id", order_id},
                                         {"data", std::move(content)}});
        batch.events.push_back({sequence, type, event.dump()});
    }
    return batch;
}

/// Where a stream begins: behind the cursor asked for, or at the end. `reset`: what came behind that cursor is not there (any
/// more).
struct Begin {
    std::int64_t after = 0;
    bool reset = false;
};

Begin begin_of(store::Tx& tx, const std::optional<std::int64_t>& asked) {
    const auto first = tx.number("SELECT COALESCE(MIN(sequence), 0) FROM events");
    const auto last = tx.number("SELECT COALESCE(MAX(sequence), 0) FROM events");
    if (!asked) { return {last, false}; }
    const bool pruned = first > 0 && *asked < first - 1;
    // A cursor of another store, or of this one before a backup was put back.
    const bool unknown = *asked > last;
    return pruned || unknown ? Begin{last, true} : Begin{*asked, false};
}

/// What a reader is told first over a WebSocket: where it stands.
std::string note(const char* type, std::int64_t after) {
    return Json::object({{"id", cursor(after)}, {"type", type}}).dump();
}

}  // namespace

struct Api::Stream {
    std::int64_t after = 0;
    Principal who;
    bool reset = false;
    bool greeted = false;
    int unanswered = 0;  ///< pings
    BootMs pinged_at = 0;
    Place place;
};

Task<Api::Read> Api::next_events(std::shared_ptr<Stream> stream) {
    while (!stopping_) {
        const auto ticket = events_.ticket();
        std::function<Batch(store::Tx&)> unit = [stream, now = clock_.utc_ms()](store::Tx& tx) {
            if (!still_known(tx, stream->who, now)) { return Batch{{}, 0, true}; }
            return read_events(tx, stream->after, stream->who.customer_id);
        };
        auto batch = co_await store_.read<Batch>(std::move(unit));
        if (!batch) { co_return Read{Read::What::failed}; }
        if (batch->over) { co_return Read{Read::What::signed_out}; }
        const bool moved = batch->last > stream->after;
        stream->after = batch->last;
        if (!batch->events.empty()) {
            Read read{Read::What::events};
            for (auto& event : batch->events) {
                read.events.push_back({cursor(event.sequence), std::move(event.type), std::move(event.document)});
            }
            co_return read;
        }
        if (moved) { continue; }
        const bool woken = co_await events_.wait(ticket, options_.get()->heartbeat);
        if (!woken) { co_return Read{Read::What::nothing}; }
    }
    co_return Read{Read::What::stopping};
}

Task<std::optional<std::string>> Api::next_piece(std::shared_ptr<Stream> stream) {
    if (!std::exchange(stream->greeted, true)) {
        // The id, so that who is cut off before the first event misses nothing either.
        std::string text = ": crossdock events\nretry: 1000\nid: " + cursor(stream->after) + "\n";
        if (stream->reset) { text += "event: reset\ndata: " + note("reset", stream->after) + "\n"; }
        co_return text + "\n";
    }
    auto read = co_await next_events(stream);
    if (read.what == Read::What::nothing) { co_return ": heartbeat\n\n"; }
    if (read.what != Read::What::events) { co_return std::nullopt; }
    std::string text;
    for (const auto& event : read.events) {
        text += "id: " + event.id + "\nevent: " + event.type + "\ndata: " + event.document + "\n\n";
    }
    co_return text;
}

Task<http::SocketPiece> Api::next_messages(std::shared_ptr<Stream> stream, bool heard) {
    if (heard) { stream->unanswered = 0; }
    if (!std::exchange(stream->greeted, true)) {
        co_return http::SocketPiece{.texts = {note(stream->reset ? "reset" : "hello", stream->after)}};
    }
    // A reader that takes nothing in sends no pong either.
    if (stream->unanswered >= pings_unanswered_max) {
        co_return http::SocketPiece{.close = http::close_code::policy, .reason = "no pong came back"};
    }
    auto read = co_await next_events(stream);
    http::SocketPiece piece;
    switch (read.what) {
        case Read::What::events:
            for (auto& event : read.events) { piece.texts.push_back(std::move(event.document)); }
            break;
        case Read::What::nothing: break;
        case Read::What::signed_out:
            piece.close = http::close_code::signed_out;
            piece.reason = "the key was revoked or the session has ended";
            break;
        case Read::What::stopping:
            piece.close = http::close_code::going_away;
            piece.reason = "the daemon is stopping";
            break;
        case Read::What::failed:
            piece.close = http::close_code::internal_error;
            piece.reason = "the store could not be read";
            break;
    }
    // Also while events follow each other closely: it is how much a reader lags that is asked.
    const BootMs now = clock_.boot_ms();
    if (!piece.close && now - stream->pinged_at >= options_.get()->heartbeat.count()) {
        stream->pinged_at = now;
        ++stream->unanswered;
        piece.ping = true;
    }
    co_return piece;
}

Task<std::shared_ptr<Api::Stream>> Api::open_stream(http::Request request, std::shared_ptr<http::Response> refusal) {
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return nullptr; }
    auto asked = request.header("Last-Event-ID");
    if (!asked) { asked = request.parameter("after"); }
    auto stream = std::make_shared<Stream>();
    stream->place = Place(streams_);
    if (!stream->place.taken()) {
        *refusal = unavailable(streams_->full(), "Come back later.");
        co_return nullptr;
    }
    stream->who = *who;
    stream->pinged_at = clock_.boot_ms();
    std::optional<std::int64_t> sequence;
    if (asked) {
        sequence = sequence_of(*asked);
        if (!sequence) {
            *refusal = problem(400, "cursor", "This is no cursor", "Use the id of an event that came from here.");
            co_return nullptr;
        }
    }
    std::function<Begin(store::Tx&)> unit = [sequence](store::Tx& tx) { return begin_of(tx, sequence); };
    auto begin = co_await store_.read<Begin>(std::move(unit));
    if (!begin) {
        *refusal = unavailable(begin.error(), "The store could not be read; ask again.");
        co_return nullptr;
    }
    stream->after = begin->after;
    stream->reset = begin->reset;
    co_return stream;
}

Task<http::Response> Api::events(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto stream = co_await open_stream(std::move(request), refusal);
    if (!stream) { co_return std::move(*refusal); }
    http::Response response;
    response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
    response.stream = [this, stream] { return next_piece(stream); };
    co_return response;
}

Task<http::Response> Api::events_socket(http::Request request) {
    auto accepted = http::accept_websocket(request);
    if (!accepted) {
        auto response = problem(426, "websocket", "A WebSocket is spoken here", "In this request " + accepted.error().what + ".");
        response.headers.emplace_back("Upgrade", "websocket");
        response.headers.emplace_back("Connection", "Upgrade");
        response.headers.emplace_back("Sec-WebSocket-Version", "13");
        co_return response;
    }
    // Any page may have a browser open a WebSocket to anywhere, with the cookie: SameSite keeps it back, and so does this.
    const bool by_cookie = !request.header("Authorization");
    if (by_cookie && (!request.header("Origin") || !same_origin(request))) {
        co_return problem(403, "csrf", "This did not come from the page",
                          "Without a key in `Authorization` the header `Origin` has to name this address.");
    }
    auto refusal = std::make_shared<http::Response>();
    const auto stream = co_await open_stream(std::move(request), refusal);
    if (!stream) { co_return std::move(*refusal); }
    accepted->socket = [this, stream](bool heard) { return next_messages(stream, heard); };
    co_return std::move(*accepted);
}

}  // namespace crossdock::api
