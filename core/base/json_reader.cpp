// The only file of the core that sees nlohmann/json: its SAX parser checks the text and hands over number literals.
#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <unordered_set>

namespace crossdock {
namespace {

/// "line:column", both from 1, of a byte offset.
std::string position(std::string_view text, std::size_t offset) {
    offset = std::min(offset, text.size());
    const auto before = text.substr(0, offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto start = before.rfind('\n');
    const auto column = offset - (start == std::string_view::npos ? 0 : start + 1) + 1;
    return std::to_string(line) + ":" + std::to_string(column);
}

/// The offset behind the string that begins at `at`. The text is known to be valid there.
std::size_t behind_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') { ++at; }
    }
    return at + 1;
}

/// The offset of the nth key (from 1) of a document that is valid up to there.
std::size_t offset_of_key(std::string_view text, std::size_t nth) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] != '"') {
            ++at;
            continue;
        }
        const std::size_t behind = behind_string(text, at);
        const std::size_t next = text.find_first_not_of(" \t\r\n", behind);
        if (next != std::string_view::npos && text[next] == ':' && --nth == 0) { return at; }
        at = behind;
    }
    return at;
}

/// The offset of the first bracket that opens more than `levels`.
std::size_t offset_of_level(std::string_view text, std::size_t levels) {
    std::size_t open = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == '"') {
            at = behind_string(text, at);
            continue;
        }
        if ((text[at] == '[' || text[at] == '{') && ++open > levels) { return at; }
        if (text[at] == ']' || text[at] == '}') { --open; }
        ++at;
    }
    return at;
}

// long double, so that a literal such as 1e400, which only its text keeps, is not refused as an overflow.
using Parser = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t, std::uint64_t, long double>;

/// An object or array that is still open, and where its next member goes.
struct Level {
    Json value;
    std::string key = {};
    std::unordered_set<std::string> keys = {};  // once the object is too wide to look through its members each time
};

class Builder final : public nlohmann::json_sax<Parser> {
public:
    Builder(std::string_view text, JsonLimits limits) : text_(text), limits_(limits) {}

    bool null() override { return put(Json()); }
    bool boolean(bool value) override { return put(Json(value)); }
    // Called for literals with a minus sign only, so zero was written "-0".
    bool number_integer(number_integer_t value) override { return put(value == 0 ? Json::number("-0") : Json(value)); }
    bool number_unsigned(number_unsigned_t value) override { return put(Json(value)); }
    bool number_float(number_float_t /*value*/, const string_t& literal) override { return put(Json::number(literal)); }
    bool string(string_t& value) override { return put(Json(std::move(value))); }
    bool binary(binary_t& /*value*/) override { return refuse("binary values are no JSON", 0); }

    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
    bool key(string_t& name) override {
        ++keys_read_;
        Level& top = levels_.back();
        if (is_twice(top, name)) {
            return refuse("the key " + json_quoted(name) + " stands twice in one object", offset_of_key(text_, keys_read_));
        }
        top.key = std::move(name);
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool parse_error(std::size_t offset, const std::string& /*token*/, const nlohmann::detail::exception& error) override {
        std::string what = error.what();
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..." says the place a second time.
        if (const auto cut = what.find(": "); cut != std::string::npos) { what.erase(0, cut + 2); }
        fault_ = Fault{what, position(text_, offset == 0 ? 0 : offset - 1)};
        return false;
    }

    [[nodiscard]] Result<Json> take() {
        if (fault_) { return *fault_; }
        return std::move(root_);
    }

private:
    static bool is_twice(Level& level, const std::string& name) {
        constexpr std::size_t few = 16;
        const auto& members = level.value.members();
        if (members.size() < few) {
            return std::any_of(members.begin(), members.end(), [&](const auto& member) { return member.first == name; });
        }
        if (level.keys.empty()) {
            for (const auto& member : members) { level.keys.insert(member.first); }
        }
        return !level.keys.insert(name).second;
    }
    bool refuse(std::string what, std::size_t offset) {
        fault_ = Fault{std::move(what), position(text_, offset)};
        return false;
    }
    bool put(Json value) {
        if (levels_.empty()) {
            root_ = std::move(value);
            return true;
        }
        Level& top = levels_.back();
        // Appended without a look for the key: key() has looked.
        if (top.value.is_object()) { top.value.members().emplace_back(std::move(top.key), std::move(value)); }
        else { top.value.items().push_back(std::move(value)); }
        return true;
    }
    bool open(Json value) {
        if (levels_.size() >= limits_.depth_max) {
            return refuse("nested deeper than " + std::to_string(limits_.depth_max) + " levels",
                          offset_of_level(text_, limits_.depth_max));
        }
        levels_.push_back({std::move(value)});
        return true;
    }
    bool close() {
        Json done = std::move(levels_.back().value);
        levels_.pop_back();
        return put(std::move(done));
    }

    std::string_view text_;
    JsonLimits limits_;
    std::vector<Level> levels_;
    std::size_t keys_read_ = 0;
    Json root_;
    std::optional<Fault> fault_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max) { return Fault{"longer than " + std::to_string(limits.bytes_max) + " bytes", {}}; }
    Builder builder(text, limits);
    Parser::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

}  // namespace crossdock
