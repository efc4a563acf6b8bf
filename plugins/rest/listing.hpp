#pragma once

#include "request.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace rest {

/// A request whose answer is a list, on one page or on many: its settings `items` and `paging`.
///
/// What is read in part never passes for the whole: an answer without the list, a page that comes twice, a total that is not
/// reached are errors.
/// Threads: a value, const once made.
class Listing {
public:
    /// Adds `items` and `paging` to the settings of a request.
    static sdk::Schema&& settings(sdk::Schema&& schema);

    /// Errors: as Request.
    Listing(std::string name, const sdk::Json& settings);

    /// The elements of one page, and all that expressions see beside `.item`.
    struct Page {
        std::vector<sdk::Json> items;
        sdk::Json document;
    };
    /// Hands over page after page. What expressions see beside the answer is `asked`. The last exchange, for people.
    /// Errors: std::runtime_error with the page's number; RetryLater; Canceled.
    std::string read(Client& client, const sdk::Host& host, const sdk::Json& asked,
                     const std::function<void(const Page&)>& take) const;
    /// All elements of an answer that is there already.
    /// Errors: std::runtime_error: there is no list.
    [[nodiscard]] std::vector<sdk::Json> items_of(const Scope& scope) const;
    [[nodiscard]] bool paged() const { return kind_ != Kind::none; }
    [[nodiscard]] const Request& request() const { return request_; }

private:
    enum class Kind { none, page, offset, cursor, link };
    static constexpr std::int64_t pages_max = 100'000;

    /// How far a listing has come.
    struct State {
        std::int64_t page = 0;  ///< counted from 1
        std::int64_t items = 0;
        std::optional<std::int64_t> total, pages;
        std::string target;
        std::set<std::string> seen;  ///< targets
    };
    void begin(State& state) const;
    /// Whether another page follows; then `state.target` is its.
    [[nodiscard]] bool go_on(State& state, const Client& client, const sdk::HttpReply& reply, const Page& page,
                             const sdk::Host& host) const;
    [[nodiscard]] static std::optional<std::int64_t> number(const std::optional<Template>& written, const Scope& scope,
                                                            const std::string& what);

    Request request_;
    Template items_;
    Kind kind_ = Kind::none;
    std::string parameter_, size_parameter_;
    std::int64_t size_ = 0;
    std::int64_t first_ = 1;
    std::optional<Template> pages_, total_, next_;
};

/// The address behind rel="next" in a Link header (RFC 8288); empty when there is none.
[[nodiscard]] std::string next_link(const std::vector<sdk::Header>& headers);

}  // namespace rest
