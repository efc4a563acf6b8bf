// The only file of the core that sees yaml-cpp: its events are checked and become our own tree. Its node API is not used, because
// that drops duplicate keys, follows aliases without a bound and reads past the end of the document.
#include "yaml/node.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

namespace crossdock::yaml {
namespace {

/// Turns yaml-cpp's byte columns into characters and finds what stands at a mark.
class Source {
public:
    explicit Source(std::string_view text) : text_(text) {
        lines_.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') { lines_.push_back(i + 1); }
        }
    }

    [[nodiscard]] Place at(std::size_t offset) const {
        const auto next = std::upper_bound(lines_.begin(), lines_.end(), offset);
        const auto start = *std::prev(next);
        const auto before = text_.substr(start, offset - start);
        const auto continued =
            std::count_if(before.begin(), before.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
        return {static_cast<int>(next - lines_.begin()),
                static_cast<int>(static_cast<std::ptrdiff_t>(before.size()) - continued) + 1};
    }

    [[nodiscard]] std::size_t offset(const YAML::Mark& mark) const {
        if (mark.is_null() || mark.line < 0 || static_cast<std::size_t>(mark.line) >= lines_.size()) { return text_.size(); }
        const std::size_t start = lines_[static_cast<std::size_t>(mark.line)];
        return std::min(start + static_cast<std::size_t>(std::max(mark.column, 0)), text_.size());
    }

    [[nodiscard]] Place at(const YAML::Mark& mark) const { return at(offset(mark)); }

    [[nodiscard]] std::string_view from(const YAML::Mark& mark) const { return text_.substr(offset(mark)); }

    [[nodiscard]] std::string_view line(int number) const {
        const std::size_t start = lines_.at(static_cast<std::size_t>(number) - 1);
        return text_.substr(start, text_.find('\n', start) - start);
    }

private:
    std::string_view text_;
    std::vector<std::size_t> lines_;
};

/// False for a quoted text whose closing quote is missing: yaml-cpp takes the file's last line break for one.
bool is_closed(std::string_view text) {
    const char quote = text.empty() ? '\0' : text.front();
    if (quote != '"' && quote != '\'') { return true; }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\') { ++i; }
        else if (text[i] == quote) {
            if (quote == '"' || !text.substr(i + 1).starts_with(quote)) { return true; }
            ++i;
        }
    }
    return false;
}

/// Leaves yaml-cpp's parser from inside one of its events; caught in this file.
struct Refused {
    std::string what;
    Place place;
};

class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(const Source& source, std::size_t depth_max) : source_(source), depth_max_(depth_max) {}

    [[nodiscard]] Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check(mark, {}, anchor);
        Node node;
        node.place = source_.at(mark);
        put(std::move(node));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        throw Refused{"aliases (`*name`) are not allowed; write the value out", source_.at(mark)};
    }

    void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
        throw Refused{"anchors (`&" + name + "`) are not allowed; write the value out where it is needed", source_.at(mark)};
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        check(mark, tag, anchor);
        if (!is_closed(source_.from(mark))) { throw Refused{"the closing quote is missing", source_.at(mark)}; }
        Node node;
        node.kind = Node::Kind::scalar;
        node.text = value;
        node.quoted = tag == "!";
        node.place = source_.at(mark);
        put(std::move(node));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(mark, tag, anchor, Node::Kind::map);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        std::optional<Node::Entry> entry;  ///< a key that waits for its value
    };

    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
        if (anchor != YAML::NullAnchor) { throw Refused{"anchors (`&name`) are not allowed", source_.at(mark)}; }
        // yaml-cpp says "?" for plain and "!" for quoted values; a lone "!" in the file looks the same to it.
        const bool written = source_.from(mark).starts_with('!');
        if (written || !(tag.empty() || tag == "?" || tag == "!")) {
            throw Refused{"tags (`!name`) are not allowed; write the plain value", source_.at(mark)};
        }
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
        check(mark, tag, anchor);
        if (stack_.size() >= depth_max_) {
            throw Refused{"nested deeper than " + std::to_string(depth_max_) + " levels", source_.at(mark)};
        }
        Open opened;
        opened.node.kind = kind;
        opened.node.place = source_.at(mark);
        stack_.push_back(std::move(opened));
    }

    void close() {
        Node done = std::move(stack_.back().node);
        stack_.pop_back();
        put(std::move(done));
    }

    void put(Node node) {
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& top = stack_.back();
        if (top.node.is_list()) {
            top.node.items.push_back(std::move(node));
            return;
        }
        if (!top.entry) {
            put_key(top, std::move(node));
            return;
        }
        // Where a value is missing, yaml-cpp names the token behind it.
        if (node.is_null()) { node.place = top.entry->place; }
        top.entry->value = std::move(node);
        top.node.entries.push_back(std::move(*top.entry));
        top.entry.reset();
    }

    static void put_key(Open& top, Node node) {
        if (!node.is_scalar()) { throw Refused{"a key must be text, not " + std::string(kind_name(node.kind)), node.place}; }
        for (const Node::Entry& entry : top.node.entries) {
            if (entry.key == node.text) {
                throw Refused{"the key `" + node.text + "` stands twice; first on line " + std::to_string(entry.place.line),
                              node.place};
            }
        }
        top.entry.emplace();
        top.entry->key = std::move(node.text);
        top.entry->place = node.place;
    }

    const Source& source_;
    std::size_t depth_max_;
    std::vector<Open> stack_;
    Node root_;
};

/// Finds where a second document or trailing text begins.
class StartFinder final : public YAML::EventHandler {
public:
    explicit StartFinder(const Source& source) : source_(source) {}
    void OnDocumentStart(const YAML::Mark& mark) override {
        const bool document = source_.from(mark).starts_with("---");
        throw Refused{
            document ? "a second document begins here; one file holds one" : "unexpected text behind the end of the document",
            source_.at(mark)};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
    void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
    void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  const std::string& /*value*/) override {}
    void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                         YAML::EmitterStyle::value /*style*/) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                    YAML::EmitterStyle::value /*style*/) override {}
    void OnMapEnd() override {}

private:
    const Source& source_;
};

/// Refuses bytes that yaml-cpp would guess about: it takes 0x04 for the end of the file and NULs for UTF-16.
void check_bytes(std::string_view text, const Source& source) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 && byte != '\t' && byte != '\n' && !(byte == '\r' && text.substr(i + 1).starts_with('\n'))) {
            throw Refused{"a control character stands here", source.at(i)};
        }
        std::size_t length = 1;
        if (byte >= 0x80) {
            length = 2;
            while (length <= 4 && !is_utf8(text.substr(i, length))) { ++length; }
            if (length > 4) { throw Refused{"this is no valid UTF-8", source.at(i)}; }
        }
        i += length;
    }
}

/// yaml-cpp's messages name its own tokens; these say what to look for.
std::string explained(const std::string& message, std::string_view line) {
    std::string what = "this is no valid YAML: " + message;
    if (message == YAML::ErrorMsg::MAP_VALUE) {
        what = "a `:` stands where no key can be; check the indentation or quote the text";
    }
    if (message == YAML::ErrorMsg::END_OF_MAP) { what = "a key of this map was expected here; check the indentation"; }
    if (message == YAML::ErrorMsg::END_OF_SEQ) { what = "an item `- ...` of this list was expected here; check the indentation"; }
    if (message == YAML::ErrorMsg::END_OF_MAP_FLOW) { what = "`,` or the closing `}` was expected"; }
    if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW) { what = "`,` or the closing `]` was expected"; }
    if (message == YAML::ErrorMsg::EOF_IN_SCALAR) { what = "the closing quote is missing"; }
    if (message == YAML::ErrorMsg::UNKNOWN_ANCHOR) { what = "aliases (`*name`) are not allowed; write the value out"; }
    if (line.find("${{") != std::string_view::npos) { what += "; put quotes around \"${{ ... }}\""; }
    const auto indentation = line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (indentation.find('\t') != std::string_view::npos) { what += "; indent with spaces, not tabs"; }
    return what;
}

Node parse(std::string_view text, const Source& source, std::size_t depth_max) {
    check_bytes(text, source);
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder(source, depth_max);
    if (!parser.HandleNextDocument(builder)) { return {}; }
    if (parser) {
        StartFinder finder(source);
        parser.HandleNextDocument(finder);
    }
    return builder.take();
}

}  // namespace

Result<Node> read(std::string_view text, const std::string& file, Limits limits) {
    if (text.size() > limits.bytes_max) {
        return Fault{"longer than " + std::to_string(limits.bytes_max) + " bytes", where(file, {})};
    }
    if (text.starts_with("\xEF\xBB\xBF")) { text.remove_prefix(3); }
    const Source source(text);
    try {
        return parse(text, source, limits.depth_max);
    } catch (const Refused& refused) {
        return Fault{refused.what, where(file, refused.place)};
    } catch (const YAML::Exception& error) {
        const Place place = source.at(error.mark);
        return Fault{explained(error.msg, source.line(place.line)), where(file, place)};
    } catch (const std::exception& error) {
        return Fault{std::string("this is no valid YAML: ") + error.what(), where(file, {})};
    }
}

}  // namespace crossdock::yaml
