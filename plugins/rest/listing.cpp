#include "listing.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace rest {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Whether the parameters of one link, `; rel="next"; title="x"`, say that it is the next page.
bool is_next(std::string_view parameters) {
    while (!parameters.empty()) {
        parameters.remove_prefix(std::min(parameters.find_first_not_of("; \t"), parameters.size()));
        const auto equals = parameters.find('=');
        if (equals == std::string_view::npos) { return false; }
        const auto name = parameters.substr(0, equals);
        parameters.remove_prefix(equals + 1);
        std::string_view value;
        if (parameters.starts_with('"')) {
            const auto end = std::min(parameters.find('"', 1), parameters.size());
            value = parameters.substr(1, end - 1);
            parameters.remove_prefix(std::min(end + 1, parameters.size()));
        }
        else {
            value = parameters.substr(0, parameters.find_first_of("; \t"));
            parameters.remove_prefix(value.size());
        }
        if (same_name(name, "rel") && same_name(value, "next")) { return true; }
    }
    return false;
}

}  // namespace

std::string next_link(const std::vector<sdk::Header>& headers) {
    for (const auto& [name, whole] : headers) {
        if (!same_name(name, "Link")) { continue; }
        std::string_view rest = whole;
        for (auto open = rest.find('<'); open != std::string_view::npos; open = rest.find('<')) {
            const auto close = rest.find('>', open);
            if (close == std::string_view::npos) { break; }
            const auto address = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            // Up to the comma before the next link; commas may stand in quotes.
            std::size_t end = 0;
            for (bool quoted = false; end < rest.size() && (quoted || rest[end] != ','); ++end) {
                if (rest[end] == '"') { quoted = !quoted; }
            }
            if (is_next(rest.substr(0, end))) { return std::string(address); }
            rest.remove_prefix(end);
        }
    }
    return {};
}

sdk::Schema&& Listing::settings(sdk::Schema&& schema) {
    const auto sized = [](sdk::Schema&& more) {
        return std::move(more)
            .integer("size", "so many elements are asked for with a page")
            .optional()
            .at_least(1)
            .text("size_parameter", "the parameter that says so")
            .optional()
            .expression("total", "how many elements all pages have together; then fewer are an error")
            .optional();
    };
    return std::move(schema)
        .expression("items", "the list in the answer")
        .kinds("paging", "how the answer goes on; without it, it is one page", "kind",
               {{"page", sized(sdk::Schema{}
                                   .text("parameter", "the parameter with the page's number", "page")
                                   .integer("first", "the number of the first page", 1)
                                   .expression("pages", "how many pages there are; without it and `total`: until an empty one")
                                   .optional())},
                {"offset", sized(sdk::Schema{}.text("parameter", "the parameter with the number of elements before", "offset"))},
                {"cursor", sized(sdk::Schema{}
                                     .text("parameter", "the parameter with the cursor", "cursor")
                                     .expression("next", "the cursor of the next page; null or empty: it was the last"))},
                {"link", sized(sdk::Schema{})}})
        .optional();
}

Listing::Listing(std::string name, const sdk::Json& settings)
    : request_(std::move(name), settings), items_(Template::parse(settings.need_text("items"))) {
    const auto* paging = settings.find("paging");
    if (paging == nullptr) { return; }
    static constexpr std::array<std::pair<std::string_view, Kind>, 4> kinds{
        {{"page", Kind::page}, {"offset", Kind::offset}, {"cursor", Kind::cursor}, {"link", Kind::link}}};
    for (const auto& [word, kind] : kinds) {
        if (paging->text("kind") == word) { kind_ = kind; }
    }
    parameter_ = paging->text("parameter").value_or("");
    size_parameter_ = paging->text("size_parameter").value_or("");
    if (const auto* size = paging->find("size")) { size_ = size->integer().value_or(0); }
    if (const auto* first = paging->find("first")) { first_ = first->integer().value_or(1); }
    pages_ = Template::member(*paging, "pages");
    total_ = Template::member(*paging, "total");
    next_ = Template::member(*paging, "next");
}

std::optional<std::int64_t> Listing::number(const std::optional<Template>& written, const Scope& scope, const std::string& what) {
    if (!written) { return {}; }
    const auto value = written->render(scope);
    const auto whole = value.integer();
    if (!whole || *whole < 0) { throw std::runtime_error("`" + what + "` comes to " + value.dump() + ", which is no number"); }
    return whole;
}

std::vector<sdk::Json> Listing::items_of(const Scope& scope) const {
    auto list = items_.render(scope);
    if (!list.is_array()) { throw std::runtime_error("`items` comes to no list"); }
    return list.items();
}

void Listing::begin(State& state) const {
    if (!size_parameter_.empty() && size_ > 0) { Request::set_parameter(state.target, size_parameter_, std::to_string(size_)); }
    if (kind_ == Kind::page) { Request::set_parameter(state.target, parameter_, std::to_string(first_)); }
    if (kind_ == Kind::offset) { Request::set_parameter(state.target, parameter_, "0"); }
}

bool Listing::go_on(State& state, const Client& client, const sdk::HttpReply& reply, const Page& page,
                    const sdk::Host& host) const {
    const Scope scope(host, page.document);
    const auto total = number(total_, scope, "total");
    if (state.page > 1 && total != state.total) { throw std::runtime_error("`total` has changed since the page before"); }
    state.total = total;
    if (total && state.items > *total) { throw std::runtime_error("there are more elements than `total` says"); }
    const bool empty = page.items.empty();
    bool more = false;
    switch (kind_) {
        case Kind::none: break;
        case Kind::page: {
            const auto pages = number(pages_, scope, "pages");
            if (state.page > 1 && pages != state.pages) { throw std::runtime_error("`pages` has changed since the page before"); }
            state.pages = pages;
            more = pages ? state.page < *pages : total ? state.items < *total && !empty : !empty;
            Request::set_parameter(state.target, parameter_, std::to_string(first_ + state.page));
            break;
        }
        case Kind::offset:
            more = total ? state.items < *total && !empty : !empty;
            Request::set_parameter(state.target, parameter_, std::to_string(state.items));
            break;
        case Kind::cursor: {
            const auto cursor = next_->render_text(scope);
            more = !cursor.empty();
            if (more) { Request::set_parameter(state.target, parameter_, cursor); }
            break;
        }
        case Kind::link: {
            const auto next = next_link(reply.headers);
            more = !next.empty();
            if (more) { state.target = client.target_of(next, state.target); }
            break;
        }
    }
    if (more && empty) { throw std::runtime_error("it has no elements, and another page is said to follow"); }
    if (!more && total && state.items != *total) {
        throw std::runtime_error("it was the last page, and there are " + std::to_string(state.items) + " of " +
                                 std::to_string(*total) + " elements");
    }
    return more;
}

std::string Listing::read(Client& client, const sdk::Host& host, const sdk::Json& asked,
                          const std::function<void(const Page&)>& take) const {
    auto request = request_.make(Scope(host, asked));
    State state;
    state.target = request.target;
    begin(state);
    for (;;) {
        if (host.canceled()) { throw sdk::Canceled(); }
        ++state.page;
        const auto what = request_.name() + (paged() ? " page " + std::to_string(state.page) : "");
        if (state.page > pages_max || !state.seen.insert(state.target).second) {
            throw std::runtime_error(what + ": this page was read before");
        }
        request.target = state.target;
        const auto reply = client.ask(request, host, what);
        try {
            Page page{{}, answer_document(asked, reply)};
            page.items = items_of(Scope(host, page.document));
            state.items += static_cast<std::int64_t>(page.items.size());
            take(page);
            if (!go_on(state, client, reply, page, host)) { return reply.exchange; }
        } catch (const sdk::Canceled&) { throw; } catch (const std::exception& error) {
            throw std::runtime_error(what + ": " + error.what());
        }
    }
}

}  // namespace rest
