#include "config/parts.hpp"

#include "base/place.hpp"
#include "config/plugin_files.hpp"
#include "model/money.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <system_error>

namespace crossdock::app {
namespace {

namespace fs = std::filesystem;

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
}

std::string named(std::string_view key) {
    return "`" + std::string(key) + "`";
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

constexpr std::string_view store_scheme = "secret://";

bool is_name(std::string_view name) {
    constexpr std::size_t name_max = 64;
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
    return !name.empty() && name.size() <= name_max && name.front() != '-' && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

fs::path Part::path(const std::string& written) const {
    return (folder / written).lexically_normal();
}

void check_name(Part& part, yaml::Place place, std::string_view key, const std::string& name) {
    if (!part.checks.ok() || is_name(name)) { return; }
    part.checks.refuse(place,
                       named(key) + " takes lower-case letters, digits, `_` and `-`, at most 64, not " + json_quoted(name));
}

void check_currency(Part& part, yaml::Place place, const std::string& code) {
    if (!model::currency_digits(code)) {
        part.checks.refuse(place, "`currency` takes an ISO 4217 code such as USD, not " + json_quoted(code));
    }
}

void check_mail(Part& part, yaml::Place place, std::string_view key, const std::string& address) {
    if (has_control(address)) {
        part.checks.refuse(place, named(key) + ": a mail address holds no line ends or control characters");
        return;
    }
    constexpr std::size_t address_max = 254;
    const auto at = address.find('@');
    const bool good = at != std::string::npos && at > 0 && at + 1 < address.size() &&
                      address.find('@', at + 1) == std::string::npos &&
                      address.find_first_of(" \"(),:;<>[\\]") == std::string::npos && address.size() <= address_max;
    if (!good) {
        part.checks.refuse(place,
                           named(key) + " takes a lone mail address such as orders@example.com, not " + json_quoted(address));
    }
}

void check_printable(Part& part, yaml::Place place, std::string_view key, const std::string& text) {
    if (has_control(text)) { part.checks.refuse(place, named(key) + " holds a line end or another control character"); }
}

void read_plugin(Part& part, yaml::Fields& fields, fs::path& plugin, std::string& where) {
    const std::string written = fields.required_text("plugin");
    if (written.empty()) { return; }
    const yaml::Place place = fields.place("plugin");
    where = part.checks.where(place);
    auto found = find_plugin(written, part.folder, part.plugin_folders);
    if (found) { plugin = std::move(*found); }
    else { part.checks.refuse(place, found.error().what); }
}

bool read_in_process(Part& part, yaml::Fields& fields) {
    static constexpr std::array<std::string_view, 2> ways{"process", "in-process"};
    const bool in_process = fields.word("isolation", ways) == ways.back();
    if (in_process && part.strict) {
        part.checks.refuse(fields.place("isolation"),
                           "`isolation: in-process` confines nothing, and `confinement: strict` forbids that");
    }
    return in_process;
}

SecretRef read_secret(Part& part, const yaml::Node& node, std::string_view key) {
    SecretRef secret;
    secret.where = part.checks.where(node.place);
    if (node.is_scalar() && node.text.starts_with(store_scheme)) {
        secret.from = SecretRef::From::store;
        secret.name = node.text.substr(store_scheme.size());
        if (!is_name(secret.name)) {
            part.checks.refuse(node.place, named(key) + ": a sealed secret is named like secret://phonex-key");
        }
        return secret;
    }
    if (!node.is_map()) {
        part.checks.refuse(
            node.place,
            named(key) + ": a secret is never written into the config; it takes {env: NAME}, {file: PATH} or secret://name");
        return secret;
    }
    yaml::Fields fields(part.checks, node, named(key), {"env", "file", "from", "name", "field"});
    const auto variable = fields.text("env");
    const auto file = fields.text("file");
    if (const auto keeper = fields.text("from")) {
        secret.from = SecretRef::From::keeper;
        secret.keeper = *keeper;
        secret.name = fields.required_text("name");
        secret.field = fields.text("field");
        if (variable || file) { part.checks.refuse(node.place, named(key) + " takes one of {env}, {file} and {from}"); }
        return secret;
    }
    if (fields.has("name") || fields.has("field")) {
        part.checks.refuse(node.place, named(key) + ": `name` and `field` are of {from: KEEPER, name: NAME, field: FIELD}");
    }
    if (variable.has_value() == file.has_value()) {
        part.checks.refuse(node.place, named(key) + " takes one of {env: NAME} and {file: PATH}");
    }
    if (variable) {
        secret.name = *variable;
        if (!is_variable_name(*variable)) {
            part.checks.refuse(fields.place("env"), json_quoted(*variable) + " is no name of an environment variable");
        }
    }
    else if (file) {
        secret.from = SecretRef::From::file;
        secret.name = part.path(*file).string();
    }
    return secret;
}

std::map<std::string, SecretRef> read_credentials(Part& part, yaml::Fields& fields) {
    std::map<std::string, SecretRef> credentials;
    if (const yaml::Node* map = fields.map("credentials")) {
        for (const auto& [key, place, value] : map->entries) {
            check_name(part, place, "credentials", key);
            credentials.emplace(key, read_secret(part, value, key));
        }
    }
    return credentials;
}

/// Errors: no folder of that name; it must be there before a worker is confined to it.
static FolderGrant read_folder(Part& part, const yaml::Node& node, const std::string& setting) {
    static constexpr std::array<std::string_view, 2> ways{"write", "read"};
    yaml::Fields fields(part.checks, node, named(setting), {"folder", "access"});
    FolderGrant grant{setting, part.path(fields.required_text("folder")), true, part.checks.where(node.place)};
    grant.write = fields.word("access", ways).value_or("write") == "write";
    std::error_code error;
    if (part.checks.ok() && !fs::is_directory(grant.path, error)) {
        part.checks.refuse(fields.place("folder"), named(setting) + ": there is no folder " + grant.path.string() +
                                                       "; make it, or mount it, before the daemon starts");
    }
    return grant;
}

Json read_settings(Part& part, yaml::Fields& fields, std::vector<FolderGrant>& folders) {
    const yaml::Node* map = fields.map("settings");
    if (map == nullptr) { return Json::object(); }
    Json settings = yaml::to_json(*map);
    for (const auto& [key, place, node] : map->entries) {
        const bool folder = node.is_map() && std::any_of(node.entries.begin(), node.entries.end(),
                                                         [](const auto& entry) { return entry.key == "folder"; });
        if (!folder) { continue; }
        folders.push_back(read_folder(part, node, key));
        settings.set(key, folders.back().path.string());
    }
    return settings;
}

namespace {

void note_places(const Part& part, const yaml::Node& node, const std::string& name, std::map<std::string, std::string>& places) {
    const auto inner = [&](const std::string& key) { return name.empty() ? key : name + "." + key; };
    if (!name.empty()) { places.emplace(name, part.checks.where(node.place)); }
    for (const auto& entry : node.entries) { note_places(part, entry.value, inner(entry.key), places); }
    for (std::size_t i = 0; i < node.items.size(); ++i) { note_places(part, node.items[i], inner(std::to_string(i)), places); }
}

}  // namespace

std::map<std::string, std::string> setting_places(const Part& part, yaml::Fields& fields) {
    std::map<std::string, std::string> places;
    if (const auto* settings = fields.find("settings")) { note_places(part, *settings, "", places); }
    return places;
}

OutboundConfig read_outbound(Part& part, yaml::Fields& fields) {
    OutboundConfig made;
    made.plain_http = fields.boolean("plain_http").value_or(false);
    const auto* list = fields.find("reach");
    if (list == nullptr) { return made; }
    if (!list->is_list() || list->items.empty()) {
        part.checks.refuse(list->place, "`reach` takes a list of HOST:PORT, such as [cdn.example.com:443]");
        return made;
    }
    for (const auto& item : list->items) {
        if (!item.is_scalar() || !is_place(item.text)) {
            part.checks.refuse(item.place, "`reach` takes HOST:PORT without scheme or path, such as cdn.example.com:443");
            return made;
        }
        made.reach.push_back(place_of(item.text));
    }
    return made;
}

std::optional<ReadRate> read_rate(Part& part, yaml::Fields& fields) {
    const auto written = fields.text("rate");
    if (!written) { return {}; }
    ReadRate made;
    const auto slash = written->find('/');
    const auto unit = slash == std::string::npos ? std::string() : written->substr(slash + 1);
    const std::string_view number = std::string_view(*written).substr(0, slash);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), made.rate);
    const bool whole = error == std::errc{} && end == number.data() + number.size();
    if (unit == "s") { made.per = std::chrono::seconds{1}; }
    else if (unit == "m") { made.per = std::chrono::minutes{1}; }
    else { made.per = std::chrono::hours{1}; }
    const bool known = unit == "s" || unit == "m" || unit == "h";
    if (whole && known && made.rate >= 1 && made.rate <= 100'000) { return made; }
    part.checks.refuse(fields.place("rate"),
                       "`rate` takes 1 to 100000 calls per s, m or h, such as 10/s or 600/m, not " + json_quoted(*written));
    return {};
}

model::PaceLimits read_pace_limits(Part& part, yaml::Fields& fields) {
    model::PaceLimits made;
    const yaml::Node* map = fields.map("limits");
    if (map == nullptr) { return made; }
    yaml::Fields limits(part.checks, *map, "`limits`", {"rate", "burst", "concurrency"});
    if (!part.checks.ok()) { return made; }
    if (const auto rate = read_rate(part, limits)) {
        made.rate = rate->rate;
        made.rate_per = rate->per;
    }
    made.burst = limits.integer("burst", {1, 100'000}).value_or(made.burst);
    made.concurrency = limits.integer("concurrency", {1, 100'000}).value_or(made.concurrency);
    if (limits.has("burst") && !limits.has("rate")) {
        part.checks.refuse(limits.place("burst"), "`burst` means nothing without `rate`");
    }
    return made;
}

void read_times(yaml::Fields& fields, milliseconds& not_after, milliseconds& request_timeout) {
    const yaml::DurationRange range{milliseconds{100}, std::chrono::minutes{10}};
    not_after = fields.duration("not_after", range).value_or(not_after);
    request_timeout = fields.duration("request_timeout", range).value_or(request_timeout);
}

KeeperConfig read_keeper(Part& part, const std::string& name, yaml::Place place, const yaml::Node& node) {
    KeeperConfig keeper;
    keeper.name = name;
    check_name(part, place, "secrets", name);
    yaml::Fields fields(part.checks, node, named(name),
                        {"plugin", "settings", "credentials", "request_timeout", "reach", "plain_http"});
    if (!part.checks.ok()) { return keeper; }
    keeper.settings = read_settings(part, fields, keeper.folders);
    keeper.settings_where = setting_places(part, fields);
    keeper.credentials = read_credentials(part, fields);
    for (const auto& [key, ref] : keeper.credentials) {
        if (ref.from == SecretRef::From::keeper) {
            part.checks.refuse(fields.place("credentials"),
                               named(key) + ": what asks for secrets cannot have its own from another");
        }
    }
    keeper.outbound = read_outbound(part, fields);
    milliseconds unused{5'000};
    read_times(fields, unused, keeper.request_timeout);
    read_plugin(part, fields, keeper.plugin, keeper.plugin_where);
    return keeper;
}

}  // namespace crossdock::app
