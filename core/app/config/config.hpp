#pragma once

#include "base/folder_grant.hpp"
#include "base/ip_network.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/log_format.hpp"
#include "base/mechanisms.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/signature_scheme.hpp"
#include "model/fulfilment.hpp"
#include "model/pace.hpp"
#include "model/polling.hpp"
#include "model/preferences.hpp"
#include "model/rate_limit.hpp"
#include "model/routing.hpp"
#include "model/schedule.hpp"
#include "model/stock.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::app {

/// A secret as the config names it: `{env: NAME}`, `{file: PATH}`, `secret://name` or `{from: KEEPER, name: NAME, field: FIELD}`.
struct SecretRef {
    enum class From { env, file, store, keeper } from = From::env;
    std::string name;                       ///< variable, path (absolute), the sealed secret's name, or the keeper's
    std::string where;                      ///< file:line:column, for messages
    std::string keeper = {};                ///< one under `secrets:`
    std::optional<std::string> field = {};  ///< of a keeper's secret that has several

    /// The same secret, wherever it is named.
    [[nodiscard]] bool operator==(const SecretRef& other) const {
        return from == other.from && name == other.name && keeper == other.keeper && field == other.field;
    }
};

/// One of the secrets with which an account's webhooks may be signed; several while one takes the place of another.
struct WebhookSecretRef {
    std::string name;  ///< "secret" for a lone one
    SecretRef ref;
};

/// Where exchanges may go beyond the places that settings name, and whether in clear.
struct OutboundConfig {
    std::vector<std::string> reach = {};  ///< "host:port"
    bool plain_http = false;              ///< http: to another machine
};

/// `operations.<name>` of a supplier file: what was verified for this account.
struct OperationConfig {
    std::string effect_class = "unsafe";  ///< idempotent, lookup, unsafe
    milliseconds key_valid_for{0};
    milliseconds visible_within{0};
};

/// One account: a supplier file under `suppliers:`.
struct AccountConfig {
    std::string name;                              ///< `account:`, also the last part of the webhook path
    std::string display_name;                      ///< `name:`
    std::string type;                              ///< direct, phonex, custom
    std::filesystem::path plugin;                  ///< the library, resolved
    std::string plugin_where;                      ///< file:line:column of `plugin:`
    bool in_process = false;                       ///< `isolation: in-process`: the plugin runs in the daemon
    std::string endpoint;                          ///< `api_endpoint:`, given to the plugin as setting base_url
    std::string currency;                          ///< default for orders without one
    std::map<std::string, SecretRef> credentials;  ///< setting name -> secret, e.g. api_key
    Json settings = Json::object();                ///< further plugin settings
    std::vector<FolderGrant> folders = {};         ///< settings written `{folder: PATH}`: what the plugin may reach
    /// Where each of them stands, and all that is inside of them: "create_order.path" -> file:line:column.
    std::map<std::string, std::string> settings_where;
    struct Webhook {
        crypto::SignatureScheme scheme;
        std::vector<WebhookSecretRef> secrets;
        std::string url;  ///< where the supplier sends them, as told to it; may be empty
    };
    std::optional<Webhook> webhook;
    OutboundConfig outbound = {};
    milliseconds not_after{5'000};  ///< an effect's intent is sent within this time or not at all
    milliseconds request_timeout{10'000};
    std::map<std::string, OperationConfig> operations;  ///< create_order, ...
    std::string operations_where;                       ///< file:line:column of `operations:`
    std::vector<int> accepted{200, 201, 202};           ///< `outcomes:`
    std::vector<int> refused{400, 422};
    std::vector<int> not_processed{429};
    std::map<std::string, std::string> statuses;  ///< the supplier's word -> canonical status
    std::map<std::string, model::Beside> beside;  ///< what a word says of payment and quote, where it does
    std::string supplier_code;                    ///< the supplier on the wire; empty: the order's own code
    model::StockRules stock;                      ///< `low_stock:` and `inventory:`
    model::PaceRules pace;                        ///< `limits:` and `breaker:`
    std::optional<model::PollPattern> poll;       ///< `poll:`; absent: it is not asked for silent orders
};

struct ChannelConfig {
    std::string name;  ///< "email"
    std::filesystem::path plugin;
    std::string plugin_where;
    bool in_process = false;
    Json settings = Json::object();
    /// Where each of them stands, as in an account.
    std::map<std::string, std::string> settings_where = {};
    std::vector<FolderGrant> folders = {};  ///< as AccountConfig::folders
    std::map<std::string, SecretRef> credentials;
    OutboundConfig outbound = {};
    milliseconds not_after{5'000};
    milliseconds request_timeout{10'000};
    model::PaceLimits limits;
    /// `audience: platform`: it is told what becomes of all orders. Absent: it tells people.
    struct Platform {
        std::vector<std::string> events;  ///< kinds of facts
        milliseconds backoff{5'000};
        milliseconds backoff_max{3'600'000};
        milliseconds deadline{72 * 3'600'000};  ///< from the first try of a message; then it is a dead letter
    };
    std::optional<Platform> platform = {};
};

/// One under `secrets:`, where secrets are read from at the start and at each reload.
struct KeeperConfig {
    std::string name;
    std::filesystem::path plugin;
    std::string plugin_where;
    Json settings = Json::object();
    std::map<std::string, std::string> settings_where = {};
    std::vector<FolderGrant> folders = {};         ///< as AccountConfig::folders
    std::map<std::string, SecretRef> credentials;  ///< of no keeper
    OutboundConfig outbound = {};
    milliseconds request_timeout{10'000};
};

/// Who is told of what, unless they want it otherwise: `notifications:`.
struct NotificationsConfig {
    model::Preferences clients = model::client_defaults();
    model::Preferences alerts = model::alerts_defaults();
    std::string base_url;  ///< where recipients reach the daemon, for links to unsubscribe; empty: no such links
    milliseconds links_valid_for{std::chrono::hours{24 * 180}};
};

/// Bounds on each worker process, and when one that keeps dying is given up.
struct WorkersConfig {
    std::size_t calls_max = 256;             ///< calls in flight
    std::uint64_t memory_max = 512U << 20U;  ///< resident bytes
    std::size_t deaths_max = 5;              ///< within that time: then it is quarantined
    milliseconds deaths_within{600'000};
    bool strict = false;  ///< `confinement: strict`: start only where plugins are secret-isolated

    [[nodiscard]] bool operator==(const WorkersConfig&) const = default;
};

/// Bounds on what comes in: `limits:`. What is beyond is answered 503 with the queue's name.
struct LimitsConfig {
    std::size_t order_body = 256 << 10;  ///< bytes of POST /v1/orders
    std::size_t webhook_body = 64 << 10;
    std::size_t connections = 10'000;   ///< http.connections
    std::size_t requests = 4'096;       ///< http.requests
    std::size_t event_streams = 256;    ///< http.event_streams
    std::size_t store_queue = 4'096;    ///< store.writes, store.reads
    std::size_t open_work = 1'000'000;  ///< engine.open_work
    milliseconds drain{20'000};         ///< a daemon that stops waits so long for what is under way

    [[nodiscard]] bool operator==(const LimitsConfig&) const = default;
};

/// How often one caller may ask: `rate_limits:`. Beyond it: 429. A rate of 0 is none.
struct RateLimitsConfig {
    model::RateRule webhook_source{500, milliseconds{1'000}, 5'000};
    model::RateRule webhook_account{1'000, milliseconds{1'000}, 10'000};
    model::RateRule api_key{1'000, milliseconds{1'000}, 10'000};
    model::RateRule sign_in{10, milliseconds{60'000}, 10};

    [[nodiscard]] bool operator==(const RateLimitsConfig&) const = default;
};

/// `listen: {tls: {certificate, key}}`.
struct TlsConfig {
    std::filesystem::path certificate;  ///< PEM, the leaf first
    std::filesystem::path key;          ///< PEM
    std::string certificate_where;      ///< file:line:column
    std::string key_where;
};

/// Where orders come from besides the API: `intake:`.
struct IntakeConfig {
    struct Folder {
        std::filesystem::path path;  ///< exists
        milliseconds every{2'000};

        [[nodiscard]] bool operator==(const Folder&) const = default;
    };
    /// A table in the platform's own database.
    struct Outbox {
        std::string backend;     ///< sqlite3, postgresql
        std::string connection;  ///< without the password
        std::optional<SecretRef> password = {};
        milliseconds every{2'000};
        std::string table = "outbox_orders";
        std::string id = "id";
        std::string document = "document";
        std::string taken_at = "taken_at";  ///< NULL: it waits
        std::string error = "error";
        std::string inbox = {};  ///< the table that is told what became of orders; empty: none

        [[nodiscard]] bool operator==(const Outbox&) const = default;
    };
    std::optional<Folder> folder = {};
    std::optional<Outbox> outbox = {};

    [[nodiscard]] bool operator==(const IntakeConfig&) const = default;
};

struct Config {
    std::filesystem::path file;
    std::string listen_host = "127.0.0.1";
    std::uint16_t listen_port = 8080;
    std::optional<TlsConfig> tls;            ///< absent: HTTP in clear, on loopback unless `insecure_http: true`
    std::vector<IpNetwork> trusted_proxies;  ///< whose X-Forwarded-For is believed
    RateLimitsConfig rate_limits;
    std::filesystem::path data;       ///< the store, keys, locks and the control socket
    std::filesystem::path pipelines;  ///< a folder of NAME.yaml; exists
    std::filesystem::path templates;  ///< a folder with one folder of mail templates per language, e.g. en; exists
    std::vector<std::filesystem::path> plugin_folders;  ///< in which a plugin given by name is looked up, in this order
    std::string currency = "USD";
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    bool log_requests = false;
    std::string mail_from = "orders@crossdock.example";
    std::string alerts_mail;
    std::map<std::string, std::vector<model::RouteRule>> routes;  ///< by the supplier code in an order
    std::map<std::string, model::Schedule> schedules;             ///< by pipeline, instead of the one in its file
    std::vector<AccountConfig> accounts;
    std::vector<ChannelConfig> channels;
    std::vector<KeeperConfig> keepers;
    NotificationsConfig notifications;
    IntakeConfig intake;
    LimitsConfig limits;
    WorkersConfig workers;
    bool crash_points = false;  ///< `test: {crash_points: true}` arms CROSSDOCK_CRASH_AT
    Mechanisms mechanisms;      ///< all on, but those under `test: {without: [...]}`
};

/// What the command line says stronger than the file.
struct ConfigOverrides {
    std::optional<std::uint16_t> port = {};
    std::optional<std::filesystem::path> data = {};          ///< against the working folder
    std::vector<std::filesystem::path> plugin_folders = {};  ///< searched before the config's own
};

/// Reads the config and the supplier files that it names. Relative paths resolve against the folder of the file they stand in.
/// A plugin given by name is looked up in the overrides' folders, in those under `plugins:`, then in default_plugin_folders().
/// Errors: `where` is file:line:column; unknown and duplicate keys, wrong types, missing files, unreadable values.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file, const ConfigOverrides& overrides = {});

/// The channels by which people are told: those of the config, and `email`, for which messages wait where it is not set up.
[[nodiscard]] std::vector<std::string> people_channels(const Config& config);

/// The secret itself, from the environment or a file (one trailing line end is cut).
/// Errors: unset or empty variable, unreadable or empty file, a secret of the store (which only the store can open); `where` is
/// the place in the config, and no message holds any of the content.
[[nodiscard]] Result<std::string> resolve(const SecretRef& secret);

/// Each secret that the config names there, once.
[[nodiscard]] std::vector<SecretRef> secrets_from(const Config& config, SecretRef::From from);

/// `--config`, then $CROSSDOCK_CONFIG, then /etc/crossdock/crossdock.yaml.
[[nodiscard]] std::filesystem::path config_path(const std::optional<std::string>& option);

}  // namespace crossdock::app
