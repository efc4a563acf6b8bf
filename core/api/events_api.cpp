#include "api/api.hpp"
#include "api/problem.hpp"
#include "api/session.hpp"

#include <charconv>

namespace crossdock::api {
namespace {

constexpr std::int64_t events_at_once = 256;

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

struct Batch {
    std::string text;
    std::int64_t last = 0;
    bool over = false;  ///< the reader's key was revoked meanwhile, or the session has ended
};

Batch read_events(store::Tx& tx, std::int64_t after, const std::optional<std::string>& customer) {
    Batch batch{"", after, false};
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
        batch.text += "id: " + cursor(sequence) + "\nevent: " + type + "\ndata: " + event.dump() + "\n\n";
    }
    return batch;
}

}  // namespace

struct Api::Stream {
    std::int64_t after = 0;
    Principal who;
    bool greeted = false;
    Place place;
};

Task<std::optional<std::string>> Api::next_piece(std::shared_ptr<Stream> stream) {
    if (!stream->greeted) {
        stream->greeted = true;
        // The id, so that who is cut off before the first event misses nothing either.
        co_return ": crossdock events\nretry: 1000\nid: " + cursor(stream->after) + "\n\n";
    }
    while (!stopping_) {
        const auto ticket = events_.ticket();
        std::function<Batch(store::Tx&)> unit = [stream, now = clock_.utc_ms()](store::Tx& tx) {
            if (!still_known(tx, stream->who, now)) { return Batch{"", 0, true}; }
            return read_events(tx, stream->after, stream->who.customer_id);
        };
        auto batch = co_await store_.read<Batch>(std::move(unit));
        if (!batch || batch->over) { co_return std::nullopt; }
        const bool moved = batch->last > stream->after;
        stream->after = batch->last;
        if (!batch->text.empty()) { co_return std::move(batch->text); }
        if (moved) { continue; }
        const bool woken = co_await events_.wait(ticket, options_.get()->heartbeat);
        if (!woken) { co_return ": heartbeat\n\n"; }
    }
    co_return std::nullopt;
}

Task<http::Response> Api::events(http::Request request) {
    auto refusal = std::make_shared<http::Response>();
    const auto who = co_await principal(request, "read", refusal);
    if (!who) { co_return std::move(*refusal); }
    auto asked = request.header("Last-Event-ID");
    if (!asked) { asked = request.parameter("after"); }
    auto stream = std::make_shared<Stream>();
    stream->place = Place(streams_);
    if (!stream->place.taken()) { co_return unavailable(streams_->full(), "Come back later."); }
    stream->who = *who;
    if (asked) {
        const auto sequence = sequence_of(*asked);
        if (!sequence) { co_return problem(400, "cursor", "This is no cursor", "Use the id of an event that came from here."); }
        stream->after = *sequence;
    }
    else {
        std::function<std::int64_t(store::Tx&)> unit = [](store::Tx& tx) {
            return tx.number("SELECT COALESCE(MAX(sequence), 0) FROM events");
        };
        auto end = co_await store_.read<std::int64_t>(std::move(unit));
        if (!end) { co_return unavailable(end.error(), "The store could not be read; ask again."); }
        stream->after = *end;
    }
    http::Response response;
    response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
    response.stream = [this, stream] { return next_piece(stream); };
    co_return response;
}

}  // namespace crossdock::api
