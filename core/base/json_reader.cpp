// The only file of the core that sees nlohmann/json: its SAX parser checks the text and hands over number literals.
#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

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

class Builder final : public nlohmann::json_sax<nlohmann::json> {
public:
    Builder(std::string_view text, JsonLimits limits) : text_(text), limits_(limits) {}

    bool null() override { return put(Json()); }
    bool boolean(bool value) override { return put(Json(value)); }
    bool number_integer(number_integer_t value) override { return put(Json(static_cast<std::int64_t>(value))); }
    bool number_unsigned(number_unsigned_t value) override { return put(Json(static_cast<std::uint64_t>(value))); }
    bool number_float(number_float_t /*value*/, const string_t& literal) override { return put(Json::number(literal)); }
    bool string(string_t& value) override { return put(Json(std::move(value))); }
    bool binary(binary_t& /*value*/) override { return refuse("binary values are no JSON"); }

    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
    bool key(string_t& name) override {
        for (const auto& member : stack_.back().members()) {
            if (member.first == name) { return refuse("the key " + json_quoted(name) + " stands twice in one object"); }
        }
        keys_.back() = std::move(name);
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
    bool refuse(std::string what) {
        fault_ = Fault{std::move(what), {}};
        return false;
    }
    bool put(Json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return true;
        }
        Json& top = stack_.back();
        // Appended without a look for the key: key() has looked.
        if (top.is_object()) { top.members().emplace_back(std::move(keys_.back()), std::move(value)); }
        else { top.items().push_back(std::move(value)); }
        return true;
    }
    bool open(Json value) {
        if (stack_.size() >= limits_.depth_max) {
            return refuse("nested deeper than " + std::to_string(limits_.depth_max) + " levels");
        }
        stack_.push_back(std::move(value));
        keys_.emplace_back();
        return true;
    }
    bool close() {
        Json done = std::move(stack_.back());
        stack_.pop_back();
        keys_.pop_back();
        return put(std::move(done));
    }

    std::string_view text_;
    JsonLimits limits_;
    std::vector<Json> stack_;
    std::vector<std::string> keys_;
    Json root_;
    std::optional<Fault> fault_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max) { return Fault{"longer than " + std::to_string(limits.bytes_max) + " bytes", {}}; }
    Builder builder(text, limits);
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

}  // namespace crossdock
