#include "config/config.hpp"

#include "base/process.hpp"
#include "config/parts.hpp"
#include "config/plugin_files.hpp"
#include "definition/schedule.hpp"
#include "yaml/words.hpp"

#include <array>
#include <cstdlib>
#include <system_error>

namespace crossdock::app {
namespace {

namespace fs = std::filesystem;
using yaml::Fields;
using yaml::Node;

/// Reads crossdock.yaml section by section; faults go to `checks`, the first one counts.
class Reader {
public:
    Reader(yaml::Checks& checks, const ConfigOverrides& overrides, Config& made)
        : checks_(checks), overrides_(overrides), made_(made), part_{checks, made.file.parent_path(), plugin_folders_} {}

    void read(const Node& root) {
        Fields fields(checks_, root, "the config",
                      {"listen", "data",   "pipelines",   "templates", "plugins",   "currency", "log",
                       "mail",   "alerts", "routes",      "schedules", "suppliers", "channels", "notifications",
                       "intake", "limits", "rate_limits", "workers",   "secrets",   "test"});
        if (!checks_.ok()) { return; }
        read_listen(fields);
        read_folders(fields);
        read_rest(fields);
        read_plugin_folders(fields);
        read_keepers(fields);
        read_channels(fields);
        if (const Node* node = fields.find("notifications")) {
            made_.notifications = read_notifications(part_, *node, people_channels(made_));
        }
        read_suppliers(fields);
        made_.routes = read_routes(checks_, fields, made_.accounts);
        read_schedules(fields);
        if (const Node* node = fields.find("intake")) { made_.intake = read_intake(part_, *node); }
    }

private:
    void read_listen(Fields& fields) {
        if (const Node* node = fields.find("listen")) { app::read_listen(part_, *node, made_); }
        made_.listen_port = overrides_.port.value_or(made_.listen_port);
    }

    /// A folder that must be there; `otherwise` is relative to the config's own folder.
    fs::path folder(Fields& fields, std::string_view key, const std::string& otherwise) {
        const fs::path path = part_.path(fields.text(key).value_or(otherwise));
        std::error_code error;
        if (checks_.ok() && !fs::is_directory(path, error)) {
            checks_.refuse(fields.place(key), "`" + std::string(key) + "`: there is no folder " + path.string());
        }
        return path;
    }

    void read_folders(Fields& fields) {
        made_.data = part_.path(fields.text("data").value_or("/var/lib/crossdock"));
        if (overrides_.data) { made_.data = fs::absolute(*overrides_.data).lexically_normal(); }
        made_.pipelines = folder(fields, "pipelines", "pipelines");
        made_.templates = folder(fields, "templates", "templates");
    }

    void read_rest(Fields& fields) {
        static constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};
        static constexpr std::array<LogLevel, 4> values{LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
        made_.currency = fields.text("currency").value_or(made_.currency);
        check_currency(part_, fields.place("currency"), made_.currency);
        if (const Node* node = fields.find("log")) {
            static constexpr std::array<std::string_view, 2> formats{"text", "json"};
            Fields log(checks_, *node, "`log`", {"level", "format", "requests"});
            if (log.word("format", formats) == formats.back()) { made_.log_format = LogFormat::json; }
            made_.log_requests = log.boolean("requests").value_or(false);
            if (const auto level = log.word("level", levels)) {
                for (std::size_t i = 0; i < levels.size(); ++i) {
                    if (levels.at(i) == *level) { made_.log_level = values.at(i); }
                }
            }
        }
        if (const Node* node = fields.find("mail")) { read_address(*node, "mail", "from", made_.mail_from); }
        if (const Node* node = fields.find("alerts")) { read_address(*node, "alerts", "mail", made_.alerts_mail); }
        if (const Node* node = fields.find("limits")) { read_limits(*node); }
        if (const Node* node = fields.find("rate_limits")) { made_.rate_limits = read_rate_limits(part_, *node); }
        if (const Node* node = fields.find("workers")) { read_workers(*node); }
        if (const Node* node = fields.find("test")) {
            Fields test(checks_, *node, "`test`", {"crash_points", "without"});
            made_.crash_points = test.boolean("crash_points").value_or(false);
            if (const Node* without = test.find("without")) { switch_off(*without); }
        }
    }

    void switch_off(const Node& node) {
        if (!node.is_list()) {
            checks_.refuse(node.place, "`without` takes a list of mechanisms");
            return;
        }
        std::vector<std::string_view> names;
        for (const auto& row : mechanism_rows) { names.push_back(row.name); }
        for (const Node& item : node.items) {
            const auto name = yaml::word_of(checks_, item, "without", names);
            for (const auto& row : mechanism_rows) {
                if (name == row.name) { made_.mechanisms.*row.on = false; }
            }
        }
    }

    void read_limits(const Node& node) {
        constexpr yaml::Range bytes{1 << 10, 16 << 20};
        constexpr yaml::Range places{1, 100'000};
        constexpr yaml::Range work{1, 100'000'000};
        constexpr yaml::DurationRange drain{milliseconds{0}, milliseconds{600'000}};
        Fields fields(
            checks_, node, "`limits`",
            {"order_body", "webhook_body", "connections", "requests", "event_streams", "store_queue", "open_work", "drain"});
        auto& limits = made_.limits;
        const auto take = [&](std::string_view key, yaml::Range range, std::size_t& into) {
            if (const auto given = fields.integer(key, range)) { into = static_cast<std::size_t>(*given); }
        };
        take("order_body", bytes, limits.order_body);
        take("webhook_body", bytes, limits.webhook_body);
        take("connections", places, limits.connections);
        take("requests", places, limits.requests);
        take("event_streams", places, limits.event_streams);
        take("store_queue", places, limits.store_queue);
        take("open_work", work, limits.open_work);
        if (const auto given = fields.duration("drain", drain)) { limits.drain = *given; }
    }

    void read_workers(const Node& node) {
        constexpr yaml::Range calls{1, 10'000};
        constexpr yaml::Range bytes{64 << 20, std::int64_t{64} << 30};
        constexpr yaml::Range deaths{1, 1'000'000};
        static constexpr std::array<std::string_view, 2> ways{"when-available", "strict"};
        Fields fields(checks_, node, "`workers`", {"confinement", "calls_max", "memory_max", "deaths_max", "deaths_within"});
        auto& workers = made_.workers;
        workers.strict = part_.strict = fields.word("confinement", ways) == ways.back();
        if (const auto given = fields.integer("calls_max", calls)) { workers.calls_max = static_cast<std::size_t>(*given); }
        if (const auto given = fields.integer("memory_max", bytes)) { workers.memory_max = static_cast<std::uint64_t>(*given); }
        if (const auto given = fields.integer("deaths_max", deaths)) { workers.deaths_max = static_cast<std::size_t>(*given); }
        if (const auto given = fields.duration("deaths_within")) { workers.deaths_within = *given; }
    }

    void read_address(const Node& node, std::string_view section, std::string_view key, std::string& address) {
        Fields fields(checks_, node, "`" + std::string(section) + "`", {key});
        if (auto written = fields.text(key)) {
            check_mail(part_, fields.place(key), key, *written);
            address = std::move(*written);
        }
    }

    void read_plugin_folders(Fields& fields) {
        for (const fs::path& folder : overrides_.plugin_folders) {
            plugin_folders_.push_back(fs::absolute(folder).lexically_normal());
        }
        if (const Node* list = fields.list("plugins")) {
            for (const Node& item : list->items) {
                if (const auto written = yaml::text_of(checks_, item, "plugins")) {
                    plugin_folders_.push_back(part_.path(*written));
                }
            }
        }
        for (auto& folder : default_plugin_folders()) { plugin_folders_.push_back(std::move(folder)); }
        made_.plugin_folders = plugin_folders_;
    }

    void read_keepers(Fields& fields) {
        const Node* map = fields.map("secrets");
        if (map == nullptr) { return; }
        for (const auto& [name, place, node] : map->entries) {
            auto keeper = read_keeper(part_, name, place, node);
            if (!checks_.ok()) { return; }
            made_.keepers.push_back(std::move(keeper));
        }
    }

    void read_channels(Fields& fields) {
        const Node* map = fields.map("channels");
        if (map == nullptr) { return; }
        for (const auto& [name, place, node] : map->entries) {
            auto channel = read_channel(part_, name, place, node);
            if (!checks_.ok()) { return; }
            made_.channels.push_back(std::move(channel));
        }
    }

    void read_suppliers(Fields& fields) {
        const Node* list = fields.list("suppliers");
        if (list == nullptr) { return; }
        for (const Node& item : list->items) {
            const auto written = yaml::text_of(checks_, item, "suppliers");
            if (!checks_.ok()) { return; }
            read_supplier(item, part_.path(*written));
        }
    }

    void read_supplier(const Node& item, const fs::path& file) {
        std::error_code error;
        if (!fs::is_regular_file(file, error)) {
            checks_.refuse(item.place, "there is no supplier file " + file.string());
            return;
        }
        const auto root = yaml::read_file(file);
        if (!root) {
            checks_.refuse(root.error());
            return;
        }
        yaml::Checks checks(file.string());
        Part part{checks, file.parent_path(), plugin_folders_, part_.strict};
        auto [account, place] = read_account(part, *root);
        const auto [first, added] = account_places_.emplace(account.name, checks.where(place));
        if (!added) { checks.refuse(place, "the account `" + account.name + "` stands twice; first at " + first->second); }
        for (const auto& channel : made_.channels) {
            if (channel.name == account.name) {
                checks.refuse(place, "`" + account.name + "` is the name of a channel; an account needs another");
            }
        }
        if (!checks.ok()) { checks_.refuse(checks.fault()); }
        made_.accounts.push_back(std::move(account));
    }

    void read_schedules(Fields& fields) {
        const Node* map = fields.map("schedules");
        if (map == nullptr) { return; }
        for (const auto& [pipeline, place, node] : map->entries) {
            if (node.is_map()) {
                auto schedule = pipeline::read_schedule(checks_, node, "`" + pipeline + "`");
                if (!schedule) { return; }
                made_.schedules.emplace(pipeline, std::move(*schedule));
                continue;
            }
            const auto text = yaml::text_of(checks_, node, pipeline);
            if (!text) { return; }
            const auto every = parse_duration(*text);
            if (!every || *every < milliseconds{1'000}) {
                checks_.refuse(node.place, "`" + pipeline + "` takes a duration of at least 1s, such as 15m, or a map such as " +
                                               "{ cron: \"30 6 * * 1-5\", timezone: Europe/Vienna }, not " + json_quoted(*text));
                return;
            }
            made_.schedules.emplace(pipeline, model::Schedule{.every = *every});
        }
    }

    yaml::Checks& checks_;
    const ConfigOverrides& overrides_;
    Config& made_;
    std::vector<fs::path> plugin_folders_;
    Part part_;
    std::map<std::string, std::string> account_places_;
};

bool holds(const fs::path& folder, const fs::path& inner) {
    const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), inner.begin(), inner.end());
    return end == folder.end() || (std::next(end) == folder.end() && end->empty());
}

/// What is opened to a plugin is never the store, the keys or the config, by whatever links it is named.
Result<> check_folders(const Config& config) {
    std::error_code ignored;
    const auto data = fs::weakly_canonical(config.data, ignored);
    const auto own = fs::weakly_canonical(config.file, ignored);
    std::vector<FolderGrant> grants;
    for (const auto& account : config.accounts) { grants.insert(grants.end(), account.folders.begin(), account.folders.end()); }
    for (const auto& channel : config.channels) { grants.insert(grants.end(), channel.folders.begin(), channel.folders.end()); }
    for (const auto& grant : grants) {
        const auto folder = fs::weakly_canonical(grant.path, ignored);
        const std::string opened = "`" + grant.setting + "` opens " + grant.path.string() + " to the plugin, and that ";
        if (holds(folder, data) || holds(data, folder)) {
            return Fault{opened + "is, or holds, or lies in, the data folder " + config.data.string() + "; take another",
                         grant.where};
        }
        if (holds(folder, own)) {
            return Fault{opened + "holds the config " + config.file.string() + "; take another", grant.where};
        }
    }
    return {};
}

Result<> check_keepers(const Config& config) {
    for (const auto& ref : secrets_from(config, SecretRef::From::keeper)) {
        const bool known = std::any_of(config.keepers.begin(), config.keepers.end(),
                                       [&](const KeeperConfig& keeper) { return keeper.name == ref.keeper; });
        if (known) { continue; }
        std::vector<std::string_view> names;
        for (const auto& keeper : config.keepers) { names.push_back(keeper.name); }
        return Fault{"there is no `" + ref.keeper + "` under `secrets` of the config" + yaml::hint(ref.keeper, names), ref.where};
    }
    return {};
}

}  // namespace

std::vector<SecretRef> secrets_from(const Config& config, SecretRef::From from) {
    std::vector<SecretRef> refs;
    const auto add = [&](const SecretRef& ref) {
        if (ref.from == from && std::find(refs.begin(), refs.end(), ref) == refs.end()) { refs.push_back(ref); }
    };
    const auto add_all = [&](const auto& owners) {
        for (const auto& owner : owners) {
            for (const auto& [setting, ref] : owner.credentials) { add(ref); }
        }
    };
    add_all(config.accounts);
    add_all(config.channels);
    add_all(config.keepers);
    for (const auto& account : config.accounts) {
        if (!account.webhook) { continue; }
        for (const auto& secret : account.webhook->secrets) { add(secret.ref); }
    }
    if (config.intake.outbox && config.intake.outbox->password) { add(*config.intake.outbox->password); }
    return refs;
}

Result<Config> load_config(const fs::path& file, const ConfigOverrides& overrides) {
    Config made;
    made.file = fs::absolute(file).lexically_normal();
    const auto root = yaml::read_file(made.file);
    if (!root) { return root.error(); }
    yaml::Checks checks(made.file.string());
    Reader(checks, overrides, made).read(*root);
    if (!checks.ok()) { return checks.fault(); }
    if (auto fine = check_folders(made); !fine) { return fine.error(); }
    if (auto fine = check_keepers(made); !fine) { return fine.error(); }
    return made;
}

fs::path config_path(const std::optional<std::string>& option) {
    if (option) { return *option; }
    const char* variable = std::getenv("CROSSDOCK_CONFIG");  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
    if (variable != nullptr && *variable != '\0') { return variable; }
    return "/etc/crossdock/crossdock.yaml";
}

}  // namespace crossdock::app
