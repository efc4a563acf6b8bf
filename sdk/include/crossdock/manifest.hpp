#pragma once

#include <crossdock/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::sdk {

/// How an outcome that nobody knows can be settled, at best. The account's file may claim less, never more.
enum class EffectClass {
    unsafe,      ///< not at all: a person looks
    lookup,      ///< the peer can be asked by our reference (find_order)
    idempotent,  ///< the peer honours our key: sending again with the same key is harmless
    repeatable,  ///< notifications only: sending the same message again is tolerable
};

[[nodiscard]] constexpr std::string_view name(EffectClass effect_class) {
    switch (effect_class) {
        case EffectClass::lookup: return "lookup";
        case EffectClass::idempotent: return "idempotent";
        case EffectClass::repeatable: return "repeatable";
        case EffectClass::unsafe: break;
    }
    return "unsafe";
}

/// What a plugin says of itself; a `static constexpr` member called `manifest` of the exported class.
struct Manifest {
    std::string_view name;
    std::string_view version;
    EffectClass create_order = EffectClass::unsafe;
    EffectClass cancel_order = EffectClass::unsafe;
    EffectClass deliver = EffectClass::unsafe;
    bool serial_calls = false;  ///< calls of one object never overlap; without it they may, on different threads
    /// The oldest ABI revision of a host that it runs on; 0: the one it is built with. Lower it when the SDK's newer services are
    /// used only where the host has them.
    std::uint32_t abi_needs = 0;
};

/// The settings that an account gives to the plugin. The host checks them, fills defaults in, and documents them from here.
///
/// A setting without a default is required, except after `optional()`, which speaks of the one just added.
class Schema {
public:
    Schema&& text(std::string_view name, std::string_view description, std::optional<std::string> otherwise = {}) && {
        return std::move(*this).add(name, "string", description, from(std::move(otherwise)));
    }
    /// http:// or https://
    Schema&& url(std::string_view name, std::string_view description, std::optional<std::string> otherwise = {}) && {
        return std::move(*this).add(name, "url", description, from(std::move(otherwise)));
    }
    /// The name or address of a machine.
    Schema&& host(std::string_view name, std::string_view description, std::optional<std::string> otherwise = {}) && {
        return std::move(*this).add(name, "host", description, from(std::move(otherwise)));
    }
    /// 1 to 65535.
    Schema&& port(std::string_view name, std::string_view description, std::optional<std::int64_t> otherwise = {}) && {
        return std::move(*this).add(name, "port", description, otherwise ? Json(*otherwise) : Json());
    }
    /// A folder outside of the account's own, given as an absolute path. The account's file opens it to this plugin alone, by
    /// {folder: PATH}; the plugin reaches it by the system's own calls. `write`: it makes and removes files there.
    Schema&& folder(std::string_view name, std::string_view description, bool write = false) && {
        auto&& made = std::move(*this).add(name, "folder", description, Json());
        if (write) { made.rows_.back().set("write", true); }
        return std::move(made);
    }
    Schema&& integer(std::string_view name, std::string_view description, std::optional<std::int64_t> otherwise = {}) && {
        return std::move(*this).add(name, "integer", description, otherwise ? Json(*otherwise) : Json());
    }
    Schema&& boolean(std::string_view name, std::string_view description, std::optional<bool> otherwise = {}) && {
        return std::move(*this).add(name, "boolean", description, otherwise ? Json(*otherwise) : Json());
    }
    /// A string that no log, table or page may show; read it with Host::secret.
    Schema&& secret(std::string_view name, std::string_view description) && {
        auto&& made = std::move(*this).add(name, "string", description, Json());
        made.rows_.back().set("secret", true);
        return std::move(made);
    }
    Schema&& choice(std::string_view name, std::string_view description, const std::vector<std::string>& choices,
                    std::optional<std::string> otherwise = {}) && {
        auto&& made = std::move(*this).add(name, "string", description, from(std::move(otherwise)));
        Json list = Json::array();
        for (const auto& one : choices) { list.push(one); }
        made.rows_.back().set("choices", std::move(list));
        return std::move(made);
    }
    /// A text in which what stands between `${{` and `}}` is an expression; the host compiles them before the plugin is used.
    Schema&& expression(std::string_view name, std::string_view description, std::optional<std::string> otherwise = {}) && {
        return std::move(*this).add(name, "expression", description, from(std::move(otherwise)));
    }
    /// The same for the path of a URL: it begins with a slash, and has neither `?` nor `#` nor a segment `.` or `..`.
    Schema&& path(std::string_view name, std::string_view description) && {
        return std::move(*this).add(name, "path", description, Json());
    }
    /// Any value, in whose texts expressions may stand.
    Schema&& data(std::string_view name, std::string_view description) && {
        return std::move(*this).add(name, "data", description, Json());
    }
    /// A mapping with settings of its own.
    Schema&& map(std::string_view name, std::string_view description, const Schema& members) && {
        auto&& made = std::move(*this).add(name, "map", description, Json());
        made.rows_.back().set("members", members.json());
        return std::move(made);
    }
    /// A mapping whose member `by` says which further members it has: one of `kinds`, each with its own.
    Schema&& kinds(std::string_view name, std::string_view description, std::string_view by,
                   const std::vector<std::pair<std::string, Schema>>& kinds) && {
        auto&& made = std::move(*this).add(name, "map", description, Json());
        Json list = Json::object();
        for (const auto& [word, members] : kinds) { list.set(word, members.json()); }
        made.rows_.back().set("by", by).set("kinds", std::move(list));
        return std::move(made);
    }

    // These speak of the setting just added.
    Schema&& optional() && { return std::move(*this).mark("required", false); }
    /// Of an integer.
    Schema&& at_least(std::int64_t least) && { return std::move(*this).mark("least", Json(least)); }
    /// What a document has in which expressions here, and in all that is below, are worked out: `order` for `.order`.
    Schema&& sees(const std::vector<std::string>& names) && {
        Json list = Json::array();
        for (const auto& one : names) { list.push(one); }
        return std::move(*this).mark("sees", std::move(list));
    }
    /// The operation is there for an account only when it gives this setting.
    Schema&& serves(std::string_view operation) && { return std::move(*this).mark("serves", operation); }
    /// The setting belongs to accounts that choose `word` for `setting` alone; elsewhere it is refused, and not required.
    Schema&& when(std::string_view setting, std::string_view word) && {
        Json condition = Json::object();
        condition.set("setting", setting).set("is", word);
        return std::move(*this).mark("when", std::move(condition));
    }
    /// Of what serves an operation: where the setting does not belong, the operation is there without it.
    Schema&& served_elsewhere() && { return std::move(*this).mark("served_elsewhere", true); }
    /// Of a url: what is posted there as a form prepares a request, as fetching an access token does. An effect may send one such
    /// before its own request.
    Schema&& prepares() && { return std::move(*this).mark("prepares", true); }

    /// [{"name", "type": string|url|host|port|integer|boolean|folder|expression|path|data|map, "description", "required",
    /// "secret"?, "default"?, "choices"?, "least"?, "sees"?, "serves"?, "when"?, "served_elsewhere"?, "prepares"?, "members"?,
    /// "by"?, "kinds"?, "write"?}]
    [[nodiscard]] Json json() const {
        Json list = Json::array();
        for (const auto& row : rows_) { list.push(row); }
        return list;
    }

private:
    static Json from(std::optional<std::string> value) { return value ? Json(std::move(*value)) : Json(); }
    Schema&& mark(std::string_view key, Json value) && {
        if (!rows_.empty()) { rows_.back().set(key, std::move(value)); }
        return std::move(*this);
    }
    Schema&& add(std::string_view name, std::string_view type, std::string_view description, Json otherwise) && {
        Json row = Json::object();
        row.set("name", name).set("type", type).set("description", description).set("required", otherwise.is_null());
        if (!otherwise.is_null()) { row.set("default", std::move(otherwise)); }
        rows_.push_back(std::move(row));
        return std::move(*this);
    }

    std::vector<Json> rows_;
};

}  // namespace crossdock::sdk
