#include "check/world.hpp"

#include "sandbox/ids.hpp"

#include <algorithm>
#include <initializer_list>

namespace crossdock::check {
namespace {

constexpr std::size_t piece_bytes = 1U << 20U;
constexpr std::size_t pieces_of_huge = 18;
constexpr milliseconds drip_pause{150};
constexpr milliseconds silence_most{600'000};
/// Far from what was recorded, and of one length, so that none begins another.
constexpr std::size_t first_id = 10'000;
constexpr JsonLimits body_limits{64U << 20U, 90};

Task<std::optional<std::string>> next_huge_piece(std::shared_ptr<std::size_t> left, std::string end) {
    if (*left == 0) { co_return std::nullopt; }
    if (--*left == 0) { co_return end; }
    // White space, so that a reader without a limit would find a valid document.
    co_return std::string(piece_bytes, ' ');
}

http::Response huge(http::Response well) {
    const auto left = std::make_shared<std::size_t>(pieces_of_huge);
    well.stream = [left, end = std::move(well.body)] { return next_huge_piece(left, end); };
    return well;
}

Task<std::optional<std::string>> next_drop(Clock& clock) {
    co_await pause(clock, drip_pause);
    co_return " ";
}

http::Response dripping(http::Response well, Clock& clock) {
    well.stream = [&clock] { return next_drop(clock); };
    return well;
}

/// `change` on each value of a document, the outermost first.
void walk(Json& value, const std::function<void(Json&)>& change) {
    change(value);
    if (value.is_array()) {
        for (auto& item : value.items()) { walk(item, change); }
    }
    if (value.is_object()) {
        for (auto& [key, member] : value.members()) { walk(member, change); }
    }
}

bool is_header(std::string_view name, std::initializer_list<std::string_view> known) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::any_of(known.begin(), known.end(), [&](std::string_view one) {
        return std::equal(one.begin(), one.end(), name.begin(), name.end(), [&](char a, char b) { return lower(a) == lower(b); });
    });
}

std::string without_query(const std::string& target) {
    return target.substr(0, target.find('?'));
}

}  // namespace

std::string with_empty_lists(const std::string& body) {
    auto document = Json::parse(body, body_limits);
    if (!document) { return body; }
    walk(*document, [](Json& value) {
        if (value.is_array()) { value.items().clear(); }
    });
    return document->dump();
}

std::string with_each(const std::string& body, const std::string& id, const std::vector<std::string>& ids) {
    auto document = Json::parse(body, body_limits);
    if (!document || id.empty()) { return body; }
    walk(*document, [&](Json& value) {
        if (!value.is_array()) { return; }
        Json::Array made;
        for (const auto& item : value.items()) {
            const auto text = item.dump();
            if (text.find(id) == std::string::npos) {
                made.push_back(item);
                continue;
            }
            for (const auto& other : ids) {
                if (auto copy = Json::parse(replaced(text, id, other), body_limits)) { made.push_back(std::move(*copy)); }
            }
        }
        value.items() = std::move(made);
    });
    return document->dump();
}

void World::put_in_play(InPlay order) {
    in_play_.push_back(std::move(order));
}

std::string World::adopt(const std::string& reference) {
    return accept(reference, "");
}

void World::release() {
    over_ = true;
    released_.notify();
}

std::vector<std::string> World::orders_of(const std::string& reference) const {
    std::vector<std::string> ids;
    if (const auto found = orders_.find(reference); found != orders_.end()) {
        for (const auto& [key, id] : found->second) { ids.push_back(id); }
    }
    return ids;
}

InPlay World::order_in(const std::string& text) const {
    const auto speaks_of = [&](const InPlay& order) {
        if (text.find(order.reference) != std::string::npos || text.find(http::encoded(order.reference)) != std::string::npos) {
            return true;
        }
        // A request may name the order by the supplier's own id only.
        const auto ids = orders_of(order.reference);
        return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) { return text.find(id) != std::string::npos; });
    };
    const auto found = std::find_if(in_play_.begin(), in_play_.end(), speaks_of);
    return found == in_play_.end() ? InPlay{} : *found;
}

World::Found World::match(const Example& example, const http::Request& request, const std::string& reference, bool whole) const {
    const auto ids = orders_of(reference);
    const std::string id = ids.empty() ? example.supplier_order_id : ids.front();
    std::string asked = request.path + (request.query.empty() ? "" : "?" + request.query);
    if (!whole) { asked = request.path; }
    for (const auto& exchange : example.exchanges) {
        if (exchange.method != request.method) { continue; }
        auto target = target_of(filled_in(exchange.url, values));
        if (!whole) { target = without_query(target); }
        target = replaced(std::move(target), http::encoded(example.reference), http::encoded(reference));
        target = replaced(std::move(target), example.supplier_order_id, id);
        if (target == asked) { return {&example, &exchange}; }
    }
    return {};
}

World::Found World::match(const http::Request& request, const std::string& reference) const {
    for (const bool whole : {true, false}) {
        for (const auto& example : dialect_.examples) {
            const auto found = match(example, request, reference, whole);
            if (found.exchange == nullptr) { continue; }
            const bool unknown = example.operation == "find_order" && orders_of(reference).empty();
            if (!unknown) { return found; }
            return dialect_.not_found ? match(*dialect_.not_found, request, reference, whole) : Found{};
        }
    }
    return {};
}

std::string World::accept(const std::string& reference, const std::string& key) {
    auto& of_reference = orders_[reference];
    if (one_per_reference && !of_reference.empty()) { return of_reference.front().second; }
    if (honours_keys && !key.empty()) {
        for (const auto& [known, id] : of_reference) {
            if (known == key) { return id; }
        }
    }
    if (last_id_.empty()) {
        for (const auto& example : dialect_.examples) {
            if (!example.supplier_order_id.empty()) { last_id_ = example.supplier_order_id; }
        }
        last_id_ = last_id_.empty() ? "S-10000" : sandbox::nth_id({last_id_}, first_id);
    }
    last_id_ = sandbox::next_id(last_id_);
    of_reference.emplace_back(key, last_id_);
    return last_id_;
}

http::Response World::good(const Found& found, const std::string& reference) const {
    http::Response made;
    made.status = found.exchange->status;
    for (const auto& [name, value] : found.exchange->headers) {
        // How the answer is carried is this server's own; its age and encoding were the recorded one's.
        const bool ours_to_say =
            is_header(name, {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Content-Encoding", "Date"});
        if (!ours_to_say) { made.headers.emplace_back(name, filled_in(value, values)); }
    }
    const auto& example = *found.example;
    made.body = filled_in(found.exchange->body, values);
    if (!reference.empty()) { made.body = replaced(std::move(made.body), example.reference, reference); }
    const auto ids = orders_of(reference);
    if (ids.empty()) { return made; }
    if (example.operation == "find_order") { made.body = with_each(made.body, example.supplier_order_id, ids); }
    made.body =
        replaced(std::move(made.body), example.supplier_order_id, example.operation == "create_order" ? ids.back() : ids.front());
    return made;
}

http::Response World::misbehave(Trouble now, http::Response well, const Found& found, const std::string& reference) {
    const auto json_type = std::pair<std::string, std::string>{"Content-Type", "application/json"};
    switch (now) {
        case Trouble::error_500: return {.status = 500, .headers = {json_type}, .body = R"({"message":"out of order"})"};
        case Trouble::busy_429:
            return {.status = 429, .headers = {json_type, {"Retry-After", "7"}}, .body = R"({"message":"too many requests"})"};
        case Trouble::slow_drip: return dripping(std::move(well), clock_);
        case Trouble::cut_fresh:
        case Trouble::cut_reused: return {.cut = true};
        case Trouble::malformed: well.body.resize(well.body.size() - std::min<std::size_t>(well.body.size(), 2)); return well;
        case Trouble::huge: return huge(std::move(well));
        case Trouble::invalid_utf8: {
            const auto quote = well.body.rfind('"');
            well.body.insert(quote == std::string::npos ? 0 : quote, "\xC3\x28\xFF");
            return well;
        }
        case Trouble::wrong_type:
            std::erase_if(well.headers, [](const auto& header) { return is_header(header.first, {"Content-Type"}); });
            well.headers.emplace_back("Content-Type", "text/html");
            well.body = "<!doctype html><html><body><h1>It works!</h1></body></html>";
            return well;
        case Trouble::empty_body: well.body.clear(); return well;
        case Trouble::empty_object: well.body = "{}"; return well;
        case Trouble::other_order:
            well.body = replaced(std::move(well.body), reference, sandbox::next_id(reference) + "9");
            return well;
        case Trouble::empty_page: well.body = with_empty_lists(well.body); return well;
        case Trouble::looping_pages: {
            const Found first{found.example, &found.example->exchanges.front()};
            return good(first, reference);
        }
        case Trouble::none:
        case Trouble::silence:
        case Trouble::duplicates:
        case Trouble::untrusted_tls:
        case Trouble::nobody_listens: break;
    }
    return well;
}

std::optional<http::Response> World::prepared(const http::Request& request) const {
    for (const auto& exchange : dialect_.preparations) {
        const auto target = target_of(exchange.url);
        if (request.method != "POST" || (request.path != target && request.path != target + "/")) { continue; }
        http::Response made{.status = exchange.status, .headers = {{"Content-Type", "application/json"}}};
        made.body = filled_in(exchange.body, values);
        return made;
    }
    return {};
}

Task<http::Response> World::serve(http::Request request) {
    const auto self = shared_from_this();
    if (auto answer = prepared(request)) { co_return std::move(*answer); }
    std::string all = request.path + "?" + request.query + "\n";
    for (const auto& [name, value] : request.headers) { all += value + "\n"; }
    all += request.body;
    const InPlay order = order_in(all);
    const std::string& reference = order.reference;
    const auto number = served_++;
    Trouble now = number >= trouble_from ? trouble : Trouble::none;
    if (now == Trouble::cut_reused && request.requests_before == 0) { now = Trouble::none; }

    auto found = match(request, reference);
    Arrival arrival{request.method + " " + request.path, reference};
    arrival.matched = found.exchange != nullptr;
    arrival.with_key = !order.effect_key.empty() && all.find(order.effect_key) != std::string::npos;
    arrivals_.push_back(arrival);
    if (now != Trouble::none) { ++inflicted_; }
    if (latency.count() > 0) { co_await pause(clock_, latency); }
    if (now == Trouble::silence) {
        while (!over_) {
            const auto ticket = released_.ticket();
            if (over_) { break; }
            co_await released_.wait(ticket, silence_most);
        }
        co_return http::Response{.cut = true};
    }
    if (found.exchange == nullptr) {
        co_return http::Response{
            .status = 404, .headers = {{"Content-Type", "application/json"}}, .body = R"({"message":"not found"})"};
    }
    const bool does_nothing = now == Trouble::error_500 || now == Trouble::busy_429;
    if (found.example->operation == "create_order" && !reference.empty() && !does_nothing) {
        const std::string id = accept(reference, arrival.with_key ? order.effect_key : std::string());
        auto well = good(found, reference);
        // Which of several orders an answer speaks of.
        well.body = replaced(std::move(well.body), orders_of(reference).back(), id);
        auto answer = misbehave(now, std::move(well), found, reference);
        if (spoil) { spoil(answer); }
        co_return answer;
    }
    auto answer = misbehave(now, good(found, reference), found, reference);
    if (spoil) { spoil(answer); }
    co_return answer;
}

}  // namespace crossdock::check
