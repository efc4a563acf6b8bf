#include "app/literal_secrets.hpp"

#include "app/kept_secrets.hpp"
#include "plugin/settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace crossdock::app {
namespace {

/// A name's letters and digits in lower case: "X-Api-Key" and "api_key" are alike to whoever leaks them.
std::string letters(std::string_view name) {
    std::string made;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') { made += static_cast<char>(c - 'A' + 'a'); }
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) { made += c; }
    }
    return made;
}

bool named_like_a_secret(std::string_view name) {
    static constexpr std::array<std::string_view, 4> whole{"authorization", "proxyauthorization", "cookie", "bearer"};
    static constexpr std::array<std::string_view, 9> ends{"apikey",     "secret",      "secretkey", "password", "passphrase",
                                                          "privatekey", "accesstoken", "authtoken", "accesskey"};
    const auto plain = letters(name);
    return std::find(whole.begin(), whole.end(), plain) != whole.end() ||
           std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return plain.ends_with(end); });
}

/// Prefixes by which well-known credentials can be told, and the schemes of an Authorization header.
bool looks_like_a_secret(std::string_view value) {
    static constexpr std::array<std::string_view, 13> beginnings{"bearer ",  "basic ",      "whsec_", "whsk_", "sk_live_",
                                                                 "sk_test_", "rk_live_",    "ghp_",   "xoxb-", "shpat_",
                                                                 "hvs.",     "-----begin ", "akia"};
    constexpr std::size_t value_min = 12;
    if (value.size() < value_min) { return false; }
    return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) {
        return value.size() > beginning.size() &&
               std::equal(beginning.begin(), beginning.end(), value.begin(),
                          [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b); });
    });
}

/// Walks through the settings of one account or channel.
class Search {
public:
    Search(const Json& schema, const std::map<std::string, std::string>& places, std::string otherwise,
           std::vector<Fault>& faults)
        : schema_(schema), places_(places), otherwise_(std::move(otherwise)), faults_(faults) {}

    void in(const Json& value, const std::string& name, std::string_view key) {
        if (value.is_object()) {
            for (const auto& [inner, member] : value.members()) { in(member, name.empty() ? inner : name + "." + inner, inner); }
        }
        else if (value.is_array()) {
            for (std::size_t i = 0; i < value.items().size(); ++i) { in(value.items()[i], name + "." + std::to_string(i), key); }
        }
        else if (value.is_string() && !value.as_string().empty()) { text(value.as_string(), name, key); }
    }

private:
    void text(std::string_view value, const std::string& name, std::string_view key) {
        const bool declared = plugin::is_secret(schema_, name);
        const bool computed = value.find("${{") != std::string_view::npos;
        if (!declared && (computed || (!named_like_a_secret(key) && !looks_like_a_secret(value)))) { return; }
        const auto place = places_.find(name);
        const std::string what = declared ? "is a secret, and stands here in clear; write it under `credentials`, as " + name
                                          : "looks like a secret that stands here in clear; give it under `credentials`, as one "
                                            "that the plugin knows: NAME";
        faults_.push_back({"the setting \"" + name + "\" " + what + ": {env: NAME}, {file: PATH} or secret://name",
                           place == places_.end() ? otherwise_ : place->second});
    }

    const Json& schema_;
    const std::map<std::string, std::string>& places_;
    std::string otherwise_;
    std::vector<Fault>& faults_;
};

}  // namespace

std::vector<Fault> literal_secrets(const Config& config, const std::map<std::string, plugin::Manifest>& manifests) {
    std::vector<Fault> faults;
    const auto look = [&](const auto& owner, const std::string& worker) {
        const auto manifest = manifests.find(worker);
        const Json none = Json::array();
        Search(manifest == manifests.end() ? none : manifest->second.schema, owner.settings_where, owner.plugin_where, faults)
            .in(owner.settings, "", "");
    };
    for (const auto& account : config.accounts) { look(account, account.name); }
    for (const auto& channel : config.channels) { look(channel, channel.name); }
    for (const auto& keeper : config.keepers) { look(keeper, keeper_worker(keeper.name)); }
    return faults;
}

}  // namespace crossdock::app
