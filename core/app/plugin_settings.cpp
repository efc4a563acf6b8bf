#include "app/plugin_settings.hpp"

#include "jq/scan.hpp"
#include "pipeline/evaluator.hpp"
#include "plugin/settings.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace crossdock::app {
namespace {

constexpr std::string_view opening = "${{";
constexpr std::string_view closing = "}}";
constexpr milliseconds check_timeout{10'000};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string shown(std::string_view source) {
    constexpr std::size_t shown_max = 80;
    const auto line = source.substr(0, std::min(source.find('\n'), shown_max));
    return "`" + std::string(line) + (line.size() < source.size() ? " ...`" : "`");
}

/// Walks through settings beside their schema.
class Collector {
public:
    Collector(const AccountConfig& account, SettingExpressions& found) : account_(account), found_(found) {}

    void mapping(const Json& rows, const Json& given, const std::string& name, const std::vector<std::string>& sees) {
        if (!rows.is_array() || !given.is_object()) { return; }
        for (const auto& row : rows.items()) {
            const auto* value = given.find(row.text("name"));
            if (value == nullptr) { continue; }
            auto below = sees;
            if (const auto* own = row.find("sees"); own != nullptr && own->is_array()) {
                below.clear();
                for (const auto& one : own->items()) {
                    if (one.is_string()) { below.push_back(one.as_string()); }
                }
            }
            setting(row, *value, name.empty() ? row.text("name") : name + "." + row.text("name"), below);
        }
    }

private:
    void setting(const Json& row, const Json& value, const std::string& name, const std::vector<std::string>& sees) {
        const auto type = row.text("type");
        if (type == "expression" || type == "path" || type == "data") { return data(value, name, sees); }
        if (type != "map") { return; }
        const auto* members = row.find("members");
        if (const auto* kinds = row.find("kinds")) { members = kinds->find(value.text(row.text("by"))); }
        if (members != nullptr) { mapping(*members, value, name, sees); }
    }

    void data(const Json& value, const std::string& name, const std::vector<std::string>& sees) {
        if (value.is_string()) { text(value.as_string(), name, sees); }
        else if (value.is_array()) {
            for (std::size_t i = 0; i < value.items().size(); ++i) {
                data(value.items()[i], name + "." + std::to_string(i), sees);
            }
        }
        else if (value.is_object()) {
            for (const auto& [key, member] : value.members()) { data(member, name + "." + key, sees); }
        }
    }

    void text(std::string_view text, const std::string& name, const std::vector<std::string>& sees) {
        for (auto at = text.find(opening); at != std::string_view::npos; at = text.find(opening)) {
            text.remove_prefix(at + opening.size());
            const auto extent = jq::extent_of(text, closing);
            if (extent.problem) { return refuse(name, extent.problem->what); }
            if (!extent.closed) {
                return refuse(name,
                              "the closing `}}` of `${{` is missing; YAML cuts plain text at ` #`, so put quotes around it");
            }
            const auto source = trimmed(text.substr(0, extent.size));
            if (source.empty()) { return refuse(name, "there is nothing between `${{` and `}}`"); }
            look(std::string(source), name, sees);
            text.remove_prefix(extent.size + closing.size());
        }
    }

    void look(std::string source, const std::string& name, const std::vector<std::string>& sees) {
        for (const auto& path : sees.empty() ? std::vector<jq::InputPath>() : jq::input_paths(source)) {
            if (std::find(sees.begin(), sees.end(), path.first) != sees.end()) { continue; }
            const std::vector<std::string_view> known(sees.begin(), sees.end());
            return refuse(
                name, shown(source) + " begins with `." + path.first + "`, which is never there" + yaml::hint(path.first, known));
        }
        found_.all.push_back({std::move(source), name, where(name)});
    }

    void refuse(const std::string& name, const std::string& what) {
        found_.faults.push_back({"the setting \"" + name + "\": " + what, where(name)});
    }
    [[nodiscard]] std::string where(const std::string& name) const {
        const auto place = account_.settings_where.find(name);
        return place == account_.settings_where.end() ? account_.plugin_where : place->second;
    }

    const AccountConfig& account_;
    SettingExpressions& found_;
};

bool mentions(const Json& value, std::string_view word) {
    if (value.is_string()) { return value.as_string().find(word) != std::string::npos; }
    if (value.is_array()) {
        return std::any_of(value.items().begin(), value.items().end(), [&](const Json& one) { return mentions(one, word); });
    }
    return value.is_object() && std::any_of(value.members().begin(), value.members().end(),
                                            [&](const auto& member) { return mentions(member.second, word); });
}

/// Whether the account writes that operation's request itself, and puts nothing into it by which a repeat is known.
bool sends_no_key(const Json& schema, const Json& settings, const std::string& operation) {
    const auto* written = settings.find(operation);
    if (written == nullptr || !schema.is_array()) { return false; }
    const auto row = std::find_if(schema.items().begin(), schema.items().end(),
                                  [&](const Json& one) { return one.text("name") == operation; });
    const auto* sees = row == schema.items().end() ? nullptr : row->find("sees");
    return sees != nullptr && mentions(*sees, "effect_key") && !mentions(*written, "effect_key");
}

}  // namespace

std::string setting_place(const std::map<std::string, std::string>& settings_where, const std::string& fault,
                          const std::string& otherwise) {
    constexpr std::string_view before = "the setting \"";
    const auto at = fault.find(before);
    if (at == std::string::npos) { return otherwise; }
    auto name = fault.substr(at + before.size());
    name.resize(std::min(name.find('"'), name.size()));
    for (;;) {
        const auto place = settings_where.find(name);
        if (place != settings_where.end()) { return place->second; }
        const auto dot = name.rfind('.');
        if (dot == std::string::npos) { return otherwise; }
        name.resize(dot);
    }
}

bool offers(const AccountConfig& account, const plugin::Manifest& manifest, const std::string& operation) {
    const auto& all = manifest.operations;
    return std::find(all.begin(), all.end(), operation) != all.end() &&
           !plugin::lacking_setting(manifest.schema, account.settings, operation);
}

std::vector<Fault> claim_faults(const Config& config, const std::map<std::string, plugin::Manifest>& manifests) {
    std::vector<Fault> faults;
    for (const auto& account : config.accounts) {
        const auto manifest = manifests.find(account.name);
        if (manifest == manifests.end()) { continue; }
        const auto lacks = [&](const std::string& operation) {
            return plugin::lacking_setting(manifest->second.schema, account.settings, operation);
        };
        for (const auto& [operation, claimed] : account.operations) {
            if (const auto lacking = lacks(operation)) {
                faults.push_back({"`operations` claims " + operation + ", and `settings` has no `" + *lacking + "`",
                                  account.operations_where});
            }
            if (claimed.effect_class == "idempotent" && sends_no_key(manifest->second.schema, account.settings, operation)) {
                faults.push_back({operation + " is of class `idempotent`, and `settings: " + operation +
                                      "` sends no ${{ .effect_key }}, by which the supplier could tell a repeat",
                                  account.operations_where});
            }
            const auto find = claimed.effect_class == "lookup" ? lacks("find_order") : std::nullopt;
            if (find) {
                faults.push_back({operation + " is of class `lookup`, and `settings` has no `" + *find + "` to ask with",
                                  account.operations_where});
            }
        }
    }
    return faults;
}

SettingExpressions setting_expressions(const Config& config, const std::map<std::string, plugin::Manifest>& manifests) {
    SettingExpressions found;
    for (const auto& account : config.accounts) {
        const auto manifest = manifests.find(account.name);
        if (manifest == manifests.end()) { continue; }
        Collector(account, found).mapping(manifest->second.schema, account.settings, "", {});
    }
    return found;
}

plugin::Call check_call(const SettingExpressions& expressions) {
    Json sources = Json::array();
    for (const auto& one : expressions.all) { sources.push(one.source); }
    plugin::Call call;
    call.target = pipeline::expressions_worker;
    call.operation = "check";
    call.input = Json::object({{"expressions", std::move(sources)}});
    call.timeout = check_timeout;
    return call;
}

std::vector<Fault> check_faults(const SettingExpressions& expressions, const plugin::CallAnswer& answer) {
    const Json* results = answer.status == plugin::CallStatus::answered ? answer.output.find("results") : nullptr;
    if (results == nullptr || !results->is_array() || results->items().size() != expressions.all.size()) {
        return {Fault{"the expressions of the supplier files could not be checked: " + answer.text, {}, Advice::retry}};
    }
    std::vector<Fault> faults;
    for (std::size_t i = 0; i < expressions.all.size(); ++i) {
        const auto message = results->items()[i].maybe_text("message");
        if (!message) { continue; }
        const auto& one = expressions.all[i];
        faults.push_back({"the setting \"" + one.name + "\": " + shown(one.source) + ": " + *message, one.where});
    }
    return faults;
}

}  // namespace crossdock::app
