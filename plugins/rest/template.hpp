#pragma once

#include <crossdock/sdk.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rest {

namespace sdk = crossdock::sdk;

/// What expressions see, and who works them out.
///
/// Lifetime: borrows all of it.
class Scope {
public:
    Scope(const sdk::Host& host, const sdk::Json& document, const sdk::Json* item = nullptr)
        : host_(&host), document_(&document), item_(item) {}

    /// The same with `.item`, one element of a list.
    [[nodiscard]] Scope with(const sdk::Json& item) const { return {*host_, *document_, &item}; }
    /// The same, but what the host evaluates sees the element alone: a page is not handed over once for each of its elements.
    [[nodiscard]] Scope only(const sdk::Json& item) const {
        Scope made(*host_, *document_, &item);
        made.item_alone_ = true;
        return made;
    }

    /// A member of the document; null when it has none.
    [[nodiscard]] const sdk::Json* find(std::string_view name) const;
    /// The whole document.
    [[nodiscard]] sdk::Json whole() const;
    /// Errors: as Host::evaluate.
    [[nodiscard]] sdk::Json evaluate(const std::string& expression) const { return host_->evaluate(expression, whole()); }

private:
    const sdk::Host* host_;
    const sdk::Json* document_;
    const sdk::Json* item_;
    bool item_alone_ = false;
};

/// A value as the account's file writes it, with `${{ ... }}` in its texts.
///
/// A lone path (`.order.items[0].sku`) is followed in here, without jq, so that numbers stay as they were written; anything else
/// is the host's to evaluate. A mapping of `each` and `as` is a list: `as`, once for each element of `each`, which it sees as
/// `.item`. What comes to null in a mapping is left out of it.
///
/// Threads: a value. Lifetime: none.
class Template {
public:
    using Step = std::variant<std::string, std::size_t>;
    struct Path {
        std::vector<Step> steps;
    };
    struct Computed {
        std::string source;
    };
    struct Broken {};

    /// Never fails: an expression that is left open is an error when it is rendered. The host finds it before, with its place.
    [[nodiscard]] static Template parse(const sdk::Json& written);
    /// The member of that name, or nothing.
    [[nodiscard]] static std::optional<Template> member(const sdk::Json& settings, std::string_view name);

    /// Errors: what Host::evaluate throws.
    [[nodiscard]] sdk::Json render(const Scope& scope) const;
    /// A string, or a number as written; empty for null. Errors: std::runtime_error when it comes to a list or a mapping.
    [[nodiscard]] std::string render_text(const Scope& scope) const;
    /// False for null and false, true for everything else: as `if` in pipelines.
    [[nodiscard]] bool holds(const Scope& scope) const;

    /// The pieces of a text: what stands there, and what is put in. Of a lone expression it is one piece.
    struct Piece {
        std::string literal;
        std::optional<std::variant<Path, Computed, Broken>> inserted = {};
    };
    [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
    [[nodiscard]] static sdk::Json value_of(const Piece& piece, const Scope& scope);

private:
    enum class Kind { literal, inserted, text, list, map, each };
    void parse_text(const std::string& text);

    Kind kind_ = Kind::literal;
    sdk::Json literal_;
    std::vector<Piece> pieces_;
    std::vector<Template> items_;  // list; each: what is gone through, and what it becomes
    std::vector<std::pair<std::string, Template>> members_;
};

/// As text goes into another one: strings as they are, numbers as written, null as nothing. Errors: std::runtime_error for lists
/// and mappings when `plain`; else they are written as JSON.
[[nodiscard]] std::string as_text(const sdk::Json& value, bool plain);

}  // namespace rest
