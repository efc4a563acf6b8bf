#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::yaml {

/// Where something stands in a file; lines and columns count from 1, columns in characters.
struct Place {
    int line = 1;
    int column = 1;
};

/// "file:line:column".
[[nodiscard]] std::string where(const std::string& file, Place place);

/// One value of a YAML file, as written. Plain data: no type of the YAML library shows here.
///
/// Threads: a value, like std::string.
struct Node {
    enum class Kind { null, scalar, list, map };
    struct Entry;

    Kind kind = Kind::null;
    std::string text;     ///< scalar: its content
    bool quoted = false;  ///< scalar: written with quotes or as a block, therefore text whatever it looks like
    std::vector<Node> items;
    std::vector<Entry> entries;  ///< map: in the file's order, keys unique
    Place place;                 ///< of a null without text: its key's

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
    [[nodiscard]] bool is_list() const { return kind == Kind::list; }
    [[nodiscard]] bool is_map() const { return kind == Kind::map; }

    /// The value under a key; null when absent or when this is no map.
    [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Node::Entry {
    std::string key;
    Place place;  ///< of the key
    Node value;
};

/// "nothing", "text", "a list" or "a map", for messages.
[[nodiscard]] std::string_view kind_name(Node::Kind kind);

/// Plain `true`, `false`, `null` and JSON numbers keep their kind (231.00 stays 231.00); all else is text, so that `no` and `007`
/// mean what they say.
[[nodiscard]] Json to_json(const Node& node);

struct Limits {
    std::size_t bytes_max = 1 << 20;
    std::size_t depth_max = 32;  ///< maps and lists inside each other
};

/// Reads one document, strictly: duplicate keys, keys that are no text, anchors, aliases, tags, a second document, anything
/// behind the first, control characters and invalid UTF-8 are faults. `file` is used in messages as given. Empty input is a null.
/// Errors: `where` is file:line:column.
[[nodiscard]] Result<Node> read(std::string_view text, const std::string& file, Limits limits = {});

/// The file's content, not yet checked. Errors: `where` is the path; cannot be read, no regular file, longer than `bytes_max`.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max = Limits{}.bytes_max);

/// read_text, then read.
[[nodiscard]] Result<Node> read_file(const std::filesystem::path& file, Limits limits = {});

}  // namespace crossdock::yaml
