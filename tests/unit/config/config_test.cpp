#include "config/config.hpp"
#include "folder.hpp"

#include <cstdlib>

using namespace crossdock;

namespace {

constexpr const char* good_supplier =
    "account: acme\n"
    "plugin: phonex\n"
    "api_endpoint: https://api.acme.example\n";

/// The first fault of a config, with the test's folder written as "@".
std::string fault_of(const Folder& folder, const std::string& config) {
    folder.write("crossdock.yaml", config);
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    std::string text = made ? "none" : made.error().text();
    for (std::size_t at = text.find(folder.text()); at != std::string::npos; at = text.find(folder.text())) {
        text.replace(at, folder.text().size(), "@");
    }
    return text;
}

}  // namespace

TEST_CASE("a wrong config is refused with file, line and column", "[config][unit]") {
    struct Row {
        const char* text;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"{}", "none"}, Row{"suppliers: [suppliers/acme.yaml]\nroutes: { wsc: acme }\n", "none"},
        Row{"",
            "@/crossdock.yaml:1:1: the config takes a map with the keys listen, data, pipelines, templates, plugins, currency, "
            "log, mail, "
            "alerts, routes, schedules, suppliers, channels, notifications, intake, limits, rate_limits, workers, secrets or "
            "test, not nothing"},
        Row{"lisen: {}\n", "@/crossdock.yaml:1:1: unknown key `lisen`; did you mean `listen`?"},
        Row{"listen: { host: 127.0.0.1, prot: 1 }\n", "@/crossdock.yaml:1:28: unknown key `prot`; did you mean `port`?"},
        Row{"listen: { port: 65536 }\n", "@/crossdock.yaml:1:17: `port` is 65536; it takes 0 to 65535"},
        Row{"listen: { port: -1 }\n", "@/crossdock.yaml:1:17: `port` is -1; it takes 0 to 65535"},
        Row{"listen: { host: localhost }\n",
            "@/crossdock.yaml:1:17: `host` takes an IP address such as 127.0.0.1, not \"localhost\""},
        Row{"listen: { host: 0.0.0.0, insecure_http: true }\n", "none"}, Row{"listen: { host: '::1' }\n", "none"},
        Row{"listen: { host: 127.0.0.53, trusted_proxies: [127.0.0.1, 10.0.0.0/8, '2001:db8::/32'] }\n", "none"},
        Row{"listen: { host: 0.0.0.0 }\n",
            "@/crossdock.yaml:1:17: `host` 0.0.0.0 is reached from other machines, and without `tls: { certificate, key }` keys "
            "and "
            "orders would cross in clear; where a proxy in front ends TLS, say `insecure_http: true`"},
        Row{"listen: { host: '::' , insecure_http: false }\n",
            "@/crossdock.yaml:1:17: `host` :: is reached from other machines, and without `tls: { certificate, key }` keys and "
            "orders would cross in clear; where a proxy in front ends TLS, say `insecure_http: true`"},
        Row{"listen: { tls: { certificate: plugins/libemail.so, key: plugins/libemail.so }, insecure_http: true }\n",
            "@/crossdock.yaml:1:95: `insecure_http` means nothing beside `tls`"},
        Row{"listen: { tls: { certificate: a.pem, key: b.pem } }\n",
            "@/crossdock.yaml:1:31: `certificate`: there is no file @/a.pem"},
        Row{"listen: { tls: { certificate: plugins/libemail.so } }\n", "@/crossdock.yaml:1:16: `tls` lacks the key `key`"},
        Row{"listen: { trusted_proxies: [10.0.0.1/8] }\n",
            "@/crossdock.yaml:1:29: `trusted_proxies` takes addresses and networks such as 10.0.0.0/8, not \"10.0.0.1/8\""},
        Row{"listen: { trusted_proxies: [proxy] }\n",
            "@/crossdock.yaml:1:29: `trusted_proxies` takes addresses and networks such as 10.0.0.0/8, not \"proxy\""},
        Row{"rate_limits: { api_key: off, sign_in: { rate: 5/m, burst: 2 } }\n", "none"},
        Row{"rate_limits: { api_keys: off }\n", "@/crossdock.yaml:1:16: unknown key `api_keys`; did you mean `api_key`?"},
        Row{"rate_limits: { api_key: none }\n",
            "@/crossdock.yaml:1:25: `api_key` takes off, or a map such as { rate: 10/s, burst: 100 }"},
        Row{"rate_limits: { sign_in: { rate: 10 } }\n",
            "@/crossdock.yaml:1:33: `rate` takes 1 to 100000 calls per s, m or h, such as 10/s or 600/m, not \"10\""},
        Row{"rate_limits: { sign_in: { burst: 0 } }\n", "@/crossdock.yaml:1:34: `burst` is 0; it takes 1 to 1000000"},
        Row{"data:\nlisten: {}\n", "@/crossdock.yaml:1:1: `data` has no value; it takes text"},
        Row{"data: a\ndata: b\n", "@/crossdock.yaml:2:1: the key `data` stands twice; first on line 1"},
        Row{"pipelines: nowhere\n", "@/crossdock.yaml:1:12: `pipelines`: there is no folder @/nowhere"},
        Row{"currency: usd\n", "@/crossdock.yaml:1:11: `currency` takes an ISO 4217 code such as USD, not \"usd\""},
        Row{"log: { level: verbose }\n",
            "@/crossdock.yaml:1:15: `level`: unknown value \"verbose\"; known are: debug, info, warning, error"},
        Row{"mail: { from: \"a@b\\r\\nBcc: c@d\" }\n",
            "@/crossdock.yaml:1:15: `from`: a mail address holds no line ends or control characters"},
        Row{"alerts: { mail: ops }\n",
            "@/crossdock.yaml:1:17: `mail` takes a lone mail address such as orders@example.com, not \"ops\""},
        Row{"alerts: { mail: 'Ops <ops@x>' }\n",
            "@/crossdock.yaml:1:17: `mail` takes a lone mail address such as orders@example.com, not \"Ops <ops@x>\""},
        Row{"limits: { order_body: 100 }\n", "@/crossdock.yaml:1:23: `order_body` is 100; it takes 1024 to 16777216"},
        Row{"limits: { connections: 0 }\n", "@/crossdock.yaml:1:24: `connections` is 0; it takes 1 to 100000"},
        Row{"limits: { requests: 100001 }\n", "@/crossdock.yaml:1:21: `requests` is 100001; it takes 1 to 100000"},
        Row{"limits: { event_streams: all }\n", "@/crossdock.yaml:1:26: `event_streams` takes a whole number, not \"all\""},
        Row{"limits: { store_queue: 0 }\n", "@/crossdock.yaml:1:24: `store_queue` is 0; it takes 1 to 100000"},
        Row{"limits: { open_work: 0 }\n", "@/crossdock.yaml:1:22: `open_work` is 0; it takes 1 to 100000000"},
        Row{"limits: { drain: 11m }\n", "@/crossdock.yaml:1:18: `drain` is 11m; it takes 0s to 10m"},
        Row{"limits: { order_body: 1MB }\n", "@/crossdock.yaml:1:23: `order_body` takes a whole number, not \"1MB\""},
        Row{"notifications: { clients: { langauge: de } }\n",
            "@/crossdock.yaml:1:29: `langauge` is not known here; known are: language, timezone, quiet_hours, digest_at, "
            "channels, "
            "events"},
        Row{"notifications:\n  clients:\n    events: { order.shiped: off }\n",
            "@/crossdock.yaml:3:15: `order.shiped` is no event that can be told here; there are: order.placed, order.accepted, "
            "order.rejected, order.fulfillment_started, order.shipped, order.delivered, order.canceled, order.status_changed"},
        Row{"notifications:\n  alerts:\n    events: { stock.low: { when: weekly } }\n",
            "@/crossdock.yaml:3:34: `when` takes off, immediate or daily"},
        Row{"notifications:\n  alerts: { channels: [email, pager] }\n",
            "@/crossdock.yaml:2:31: `1` is no channel that tells people; there are: email"},
        Row{"notifications: { base_url: orders.example }\n",
            "@/crossdock.yaml:1:28: `base_url` takes the address at which recipients of mail reach the daemon, such as "
            "https://orders.example.com, not \"orders.example\""},
        Row{"notifications: { links_valid_for: 1h }\n", "@/crossdock.yaml:1:35: `links_valid_for` is 1h; it takes 1d to 366d"},
        Row{"workers: { confinement: always }\n",
            "@/crossdock.yaml:1:25: `confinement`: unknown value \"always\"; known are: when-available, strict"},
        Row{"test: { crash_points: yes }\n", "@/crossdock.yaml:1:23: `crash_points` takes true or false, not \"yes\""},
        Row{"suppliers: [suppliers/none.yaml]\n", "@/crossdock.yaml:1:13: there is no supplier file @/suppliers/none.yaml"},
        Row{"suppliers: [suppliers/acme.yaml, suppliers/again.yaml]\n",
            "@/suppliers/again.yaml:2:10: the account `acme` stands twice; first at @/suppliers/acme.yaml:1:10"},
        Row{"suppliers: [suppliers/acme.yaml]\nroutes: { wsc: acmee }\n",
            "@/crossdock.yaml:2:16: the route `wsc` leads to the unknown account `acmee`; did you mean `acme`?"},
        Row{"routes: { wsc: acme }\n", "@/crossdock.yaml:1:16: the route `wsc` leads to the unknown account `acme`"},
        Row{"schedules: { inventory-sync: 5m, report: { cron: '30 6 * * 1-5', timezone: Europe/Vienna } }\n", "none"},
        Row{"schedules: { inventory-sync: 5 }\n",
            "@/crossdock.yaml:1:30: `inventory-sync` takes a duration of at least 1s, such as 15m, or a map such as { cron: \"30 "
            "6 * "
            "* 1-5\", timezone: Europe/Vienna }, not \"5\""},
        Row{"schedules: { inventory-sync: { cron: '0 0 32 * *' } }\n",
            "@/crossdock.yaml:1:38: `cron`: the day of month \"32\" is none: it takes `*`, 1 to 31, ranges, lists and steps"},
        Row{"schedules: { inventory-sync: { cron: '@daily', timezone: Mars/Olympus } }\n",
            "@/crossdock.yaml:1:58: unknown time zone \"Mars/Olympus\""},
        Row{"schedules: { inventory-sync: {} }\n",
            "@/crossdock.yaml:1:30: `inventory-sync` takes either `every: 15m` or `cron: \"30 6 * * 1-5\"`"},
        Row{"intake: { folder: { path: pipelines } }\n", "none"},
        Row{"intake: { folder: {} }\n", "@/crossdock.yaml:1:19: `folder` lacks the key `path`"},
        Row{"intake: { folder: { path: drops } }\n", "@/crossdock.yaml:1:27: `path`: there is no folder @/drops"},
        Row{"intake: { folder: { path: pipelines, every: 1ms } }\n",
            "@/crossdock.yaml:1:45: `every` is 1ms; it takes 100ms to 1d"},
        Row{"intake: { files: {} }\n", "@/crossdock.yaml:1:11: unknown key `files`; known are: folder, outbox"},
        Row{"intake: { outbox: { backend: sqlite3, connection: dbname=x } }\n", "none"},
        Row{"intake: { outbox: { connection: dbname=x } }\n", "@/crossdock.yaml:1:19: `outbox` lacks the key `backend`"},
        Row{"intake: { outbox: { backend: mysql, connection: dbname=x } }\n",
            "@/crossdock.yaml:1:30: `backend`: unknown value \"mysql\"; known are: sqlite3, postgresql"},
        Row{"intake: { outbox: { backend: postgresql, connection: dbname=x password=hunter2 } }\n",
            "@/crossdock.yaml:1:54: `connection` takes words such as host=db dbname=shop user=crossdock; the password stands "
            "under "
            "`password`, as {env: NAME}"},
        Row{"intake: { outbox: { backend: sqlite3, connection: dbname=x, table: 'orders; DROP TABLE orders' } }\n",
            "@/crossdock.yaml:1:68: `table` takes a name of letters, digits and `_`, not \"orders; DROP TABLE orders\""},
        Row{"intake: { outbox: { backend: sqlite3, connection: dbname=x, table: shop.orders, id: 1st } }\n",
            "@/crossdock.yaml:1:85: `id` takes a name of letters, digits and `_`, not \"1st\""},
        Row{"channels: { email: { plugin: ./plugins/none.so } }\n",
            "@/crossdock.yaml:1:30: there is no plugin file @/plugins/none.so"},
        Row{"channels: { email: { plugin: plugins/libemail.so } }\n", "none"},
        Row{"channels: { email: { plugin: plugins/libemail.so, isolation: process } }\n", "none"},
        Row{"channels: { email: { plugin: plugins/libemail.so, isolation: thread } }\n",
            "@/crossdock.yaml:1:62: `isolation`: unknown value \"thread\"; known are: process, in-process"},
        Row{"channels: { email: { plugin: plugins/libemail.so, isolation: in-process } }\nworkers: { confinement: strict }\n",
            "@/crossdock.yaml:1:62: `isolation: in-process` confines nothing, and `confinement: strict` forbids that"},
        Row{"channels: { email: { plugin: plugins/libemail.so, limits: { rate: 100/m } } }\n", "none"},
        Row{"channels: { email: { plugin: plugins/libemail.so, limits: { rate: fast } } }\n",
            "@/crossdock.yaml:1:67: `rate` takes 1 to 100000 calls per s, m or h, such as 10/s or 600/m, not \"fast\""},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform } }\n", "none"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: everyone } }\n",
            "@/crossdock.yaml:1:60: `audience`: unknown value \"everyone\"; known are: people, platform"},
        Row{"channels: { email: { plugin: plugins/libemail.so, audience: platform } }\n",
            "@/crossdock.yaml:1:61: the channel `email` tells people; give the platform's another name"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, events: [order.shipped] } }\n",
            "@/crossdock.yaml:1:58: `events` is for a channel with `audience: platform`"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: people, retry: { backoff: 5s } } }\n",
            "@/crossdock.yaml:1:75: `retry` is for a channel with `audience: platform`"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, events: [order.shiped] } }\n",
            "@/crossdock.yaml:1:79: `events`: unknown value \"order.shiped\"; did you mean `order.shipped`?"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, events: [order.needs_attention] } }\n",
            "@/crossdock.yaml:1:79: `events`: unknown value \"order.needs_attention\"; known are: order.placed, order.accepted, "
            "order.rejected, order.fulfillment_started, order.shipped, order.delivered, order.canceled, order.status_changed"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, events: [] } }\n",
            "@/crossdock.yaml:1:78: `events` takes a list of events, such as [order.accepted, order.shipped]"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, events: [order.shipped, order.shipped] } }\n",
            "@/crossdock.yaml:1:94: `order.shipped` stands twice under `events`"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, retry: { backoff: 1h, backoff_max: 1m } } }\n",
            "@/crossdock.yaml:1:105: `backoff_max` is the longest pause, and `backoff` is longer"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, retry: { attempts: 3 } } }\n",
            "@/crossdock.yaml:1:79: unknown key `attempts`; known are: backoff, backoff_max, deadline"},
        Row{"channels: { shop: { plugin: plugins/libemail.so, audience: platform, retry: { deadline: 0s } } }\n",
            "@/crossdock.yaml:1:89: `deadline` is 0s; it takes 1s to 366d"},
        Row{"suppliers: [suppliers/acme.yaml]\nchannels: { acme: { plugin: plugins/libemail.so } }\n",
            "@/suppliers/acme.yaml:1:10: `acme` is the name of a channel; an account needs another"},
        Row{"channels: { email: {} }\n", "@/crossdock.yaml:1:20: `email` lacks the key `plugin`"},
        Row{"channels: { E-Mail: { plugin: email } }\n",
            "@/crossdock.yaml:1:13: `channels` takes lower-case letters, digits, `_` and `-`, at most 64, not \"E-Mail\""});
    const Folder folder;
    folder.write("suppliers/acme.yaml", good_supplier);
    folder.write("suppliers/again.yaml", std::string("# again\n") + good_supplier);
    CAPTURE(row.text);
    CHECK(fault_of(folder, row.text).substr(0, 400) == row.fault);
}

TEST_CASE("a wrong supplier file is refused with its own file, line and column", "[config][unit]") {
    struct Row {
        const char* more;  ///< begins on line 4
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"", "none"}, Row{"acount: x\n", "4:1: unknown key `acount`; did you mean `account`?"},
        Row{"isolation: process\n", "none"}, Row{"isolation: in-process\n", "none"},
        Row{"isolation: in_process\n", "4:12: `isolation`: unknown value \"in_process\"; did you mean `in-process`?"},
        Row{"isolation: off\n", "4:12: `isolation`: unknown value \"off\"; known are: process, in-process"},
        Row{"isolation: true\n", "4:12: `isolation`: unknown value \"true\"; known are: process, in-process"},
        Row{"type: phonx\n", "4:7: `type`: unknown value \"phonx\"; did you mean `phonex`?"},
        Row{"operations: { create_order: { class: repeatable } }\n",
            "4:38: `repeatable` is for notifications only: create_order would be sent again blindly; take idempotent, lookup or "
            "unsafe"},
        Row{"operations: { create_order: { class: idempotnt } }\n",
            "4:38: `class`: unknown value \"idempotnt\"; did you mean `idempotent`?"},
        Row{"operations: { create_order: { class: idempotent } }\n",
            "4:29: `create_order` is idempotent for how long? add `key_valid_for`"},
        Row{"operations: { create_order: { class: lookup } }\n",
            "4:29: `create_order` is looked up after how long? add `visible_within`"},
        Row{"operations: { create_order: { class: unsafe }, cancel_order: { class: lookup, visible_within: 0s } }\n", "none"},
        Row{"operations: { create: { class: unsafe } }\n", "4:15: unknown key `create`; known are: create_order, cancel_order"},
        Row{"outcomes: { accepted: [200, 500] }\n", "4:29: `accepted` is 500; it takes 200 to 299"},
        Row{"outcomes: { refused: [400, 429] }\n", "4:11: the status 429 stands under both `refused` and `not_processed`"},
        Row{"statuses: { Sent: { status: shiped } }\n", "4:29: `status`: unknown value \"shiped\"; did you mean `shipped`?"},
        Row{"statuses: { Owed: { payment: awaiting } }\n", "4:19: `Owed` lacks the key `status`"},
        Row{"statuses: { Owed: { status: submitted, payment: late } }\n",
            "4:49: `payment`: unknown value \"late\"; known are: awaiting, received"},
        Row{"statuses: { Sent: shiped }\n", "4:19: `Sent`: unknown value \"shiped\"; did you mean `shipped`?"},
        Row{"statuses: { Sent: cancelled }\n", "4:19: `Sent`: unknown value \"cancelled\"; did you mean `canceled`?"},
        Row{"low_stock: -1\n", "4:12: `low_stock` is -1; it takes 0 to 1000000000"},
        Row{"low_stock: { at: 5, restored_above: 8, for: [{ sku: IPHONE*, at: 20 }, { grade: A, at: 0 }] }\n", "none"},
        Row{"low_stock: { at: 5, restored_above: 4 }\n",
            "4:37: `restored_above` is 4, less than `at`, 5: an alert would end while stock is low"},
        Row{"low_stock: { at: 5, for: [{ at: 20 }] }\n",
            "4:27: a threshold under `low_stock` is for which items? name a sku, warehouse, grade or lock_status"},
        Row{"low_stock: { for: [{ sku: X }] }\n", "4:20: a threshold under `low_stock` lacks the key `at`"},
        Row{"low_stock: { for: [{ sku: X*Y, at: 1 }] }\n", "4:27: `sku` may have one `*`, at its end"},
        Row{"low_stock: { below: 5 }\n", "4:14: unknown key `below`; known are: at, restored_above, for"},
        Row{"inventory: { feed: delta, buffer: 2, sold_for: 6h }\n", "none"},
        Row{"inventory: { feed: deltas }\n", "4:20: `feed`: unknown value \"deltas\"; did you mean `delta`?"},
        Row{"inventory: { buffer: -2 }\n", "4:22: `buffer` is -2; it takes 0 to 1000000000"},
        Row{"inventory: { sold_for: 6 }\n", "4:24: `sold_for`: \"6\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{"inventory: { gate: { rows_least: 80, zeroed_most: 30, price_jump: 100, age_max: 1d } }\n", "none"},
        Row{"inventory: { gate: { rows_least: 101 } }\n", "4:34: `rows_least` is 101; it takes 0 to 100"},
        Row{"inventory: { gate: { price_jump: 0 } }\n", "4:34: `price_jump` is 0; it takes 1 to 10000"},
        Row{"inventory: { gate: { items_least: 0 } }\n", "4:35: `items_least` is 0; it takes 1 to 1000000"},
        Row{"inventory: { gate: { age_max: 1s } }\n", "4:31: `age_max` is 1s; it takes 1m to 366d"},
        Row{"inventory: { gate: { row_least: 80 } }\n", "4:22: unknown key `row_least`; did you mean `rows_least`?"},
        Row{"limits: { rate: 10/s, burst: 20, concurrency: 8 }\nbreaker: { failures: 5, within: 2m, pause: 5s }\n", "none"},
        Row{"limits: { rate: 10 }\n", "4:17: `rate` takes 1 to 100000 calls per s, m or h, such as 10/s or 600/m, not \"10\""},
        Row{"limits: { rate: 0/s }\n", "4:17: `rate` takes 1 to 100000 calls per s, m or h, such as 10/s or 600/m, not \"0/s\""},
        Row{"limits: { rate: 10/d }\n",
            "4:17: `rate` takes 1 to 100000 calls per s, m or h, such as 10/s or 600/m, not \"10/d\""},
        Row{"limits: { rates: 10/s }\n", "4:11: unknown key `rates`; did you mean `rate`?"},
        Row{"limits: { burst: 5 }\n", "4:18: `burst` means nothing without `rate`"},
        Row{"limits: { concurrency: 0 }\n", "4:24: `concurrency` is 0; it takes 1 to 100000"},
        Row{"breaker: { failures: 1 }\n", "4:22: `failures` is 1; it takes 2 to 10000"},
        Row{"breaker: { pause: 0s }\n", "4:19: `pause` is 0s; it takes 1s to 1d"},
        Row{"breaker: { pause: 5m, pause_max: 1m }\n", "4:34: `pause_max` is shorter than `pause`"},
        Row{"not_after: 0s\n", "4:12: `not_after` is 0s; it takes 100ms to 10m"},
        Row{"credentials: { api_key: s3cret }\n",
            "4:25: `api_key`: a secret is never written into the config; it takes {env: NAME}, {file: PATH} or secret://name"},
        Row{"credentials: { api_key: { env: A, file: b } }\n", "4:25: `api_key` takes one of {env: NAME} and {file: PATH}"},
        Row{"credentials: { api_key: { env: A-B } }\n", "4:32: \"A-B\" is no name of an environment variable"},
        Row{"credentials: { api_key: secret:// }\n", "4:25: `api_key`: a sealed secret is named like secret://phonex-key"},
        Row{"credentials: { api_key: secret://acme-key }\n", "none"},
        Row{"webhook: { scheme: phonex }\n", "4:10: `webhook` lacks the key `secret`"},
        Row{"webhook: { scheme: none, secret: { env: A } }\n",
            "4:20: `scheme`: unknown value \"none\"; known are: phonex, standard-webhooks, github, shopify, stripe"},
        Row{"webhook: { scheme: phonex, header: 'X: y', secret: { env: A } }\n",
            "4:36: `header` takes a header's name, not \"X: y\""},
        Row{"poll: {}\n", "none"},
        Row{"poll: { silent_for: 1h, every: 15m, every_max: 6h, give_up_after: 30d, until: shipped }\n", "none"},
        Row{"poll: 15m\n", "4:7: `poll` takes a map, not text"},
        Row{"poll: { evry: 15m }\n", "4:9: unknown key `evry`; did you mean `every`?"},
        Row{"poll: { every: often }\n", "4:16: `every`: \"often\" is no duration such as 250ms, 2s, 5m, 24h or 7d"},
        Row{"poll: { every: 500ms }\n", "4:16: `every` is 500ms; it takes 1s to 366d"},
        Row{"poll: { silent_for: 0s }\n", "4:21: `silent_for` is 0s; it takes 1s to 366d"},
        Row{"poll: { every: 1h, every_max: 30m }\n", "4:31: `every_max` is 30m, less than `every`, 1h"},
        Row{"poll: { give_up_after: 1h }\n",
            "4:24: `give_up_after` is 1h, no more than `silent_for`, 1h: nothing would be asked"},
        Row{"poll: { until: confirmed }\n", "4:16: `until`: unknown value \"confirmed\"; known are: shipped, delivered"},
        Row{"currency: US\n", "4:11: `currency` takes an ISO 4217 code such as USD, not \"US\""},
        Row{"name: \"a\\nb\"\n", "4:7: `name` holds a line end or another control character"});
    const Folder folder;
    folder.write("suppliers/acme.yaml", std::string(good_supplier) + row.more);
    const std::string fault = row.fault;
    CAPTURE(row.more);
    CHECK(fault_of(folder, "suppliers: [suppliers/acme.yaml]\n") == (fault == "none" ? fault : "@/suppliers/acme.yaml:" + fault));
}

TEST_CASE("limits and breaker mean what the file says, and without them an account is not slowed down", "[config][unit]") {
    const Folder folder;
    const auto account = [&](const std::string& more) {
        folder.write("suppliers/acme.yaml", good_supplier + more);
        folder.write("crossdock.yaml", "suppliers: [suppliers/acme.yaml]\n");
        return app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}}).value().accounts.at(0);
    };
    const auto pace = account("limits: { rate: 600/m, burst: 20, concurrency: 8 }\nbreaker: { failures: 5, pause: 20m }\n").pace;
    CHECK(pace.limits.rate == 600);
    CHECK(pace.limits.rate_per == std::chrono::minutes{1});
    CHECK(pace.limits.burst == 20);
    CHECK(pace.limits.concurrency == 8);
    CHECK(pace.breaker.failures == 5);
    CHECK(pace.breaker.within == std::chrono::minutes{1});
    CHECK(pace.breaker.pause_max == pace.breaker.pause);
    const auto plain = account("").pace;
    CHECK(plain.limits.rate == 0);
    CHECK(plain.limits.concurrency == 256);
    CHECK(plain.breaker.failures > 2);
}

TEST_CASE("an endpoint that is no URL or hides a password is refused", "[config][unit]") {
    struct Row {
        const char* url;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"api.acme.example", "`api_endpoint` takes a URL such as https://api.example.com/v1, not \"api.acme.example\""},
        Row{"'https://'", "`api_endpoint` takes a URL such as https://api.example.com/v1, not \"https://\""},
        Row{"'https://a b'", "`api_endpoint` takes a URL such as https://api.example.com/v1, not \"https://a b\""},
        Row{"file:///etc/passwd", "`api_endpoint` takes a URL such as https://api.example.com/v1, not \"file:///etc/passwd\""},
        Row{"https://me:pw@a.example", "`api_endpoint` holds a user name; credentials belong under `credentials`"});
    const Folder folder;
    folder.write("suppliers/acme.yaml", std::string("account: acme\nplugin: phonex\napi_endpoint: ") + row.url + "\n");
    CHECK(fault_of(folder, "suppliers: [suppliers/acme.yaml]\n") == std::string("@/suppliers/acme.yaml:3:15: ") + row.fault);
}

TEST_CASE("a missing plugin is reported where it is named, with the folders searched", "[config][unit]") {
    const Folder folder;
    folder.write("suppliers/acme.yaml", "account: acme\nplugin: acme\napi_endpoint: https://api.acme.example\n");
    const std::string fault = fault_of(folder, "plugins: [mine]\nsuppliers: [suppliers/acme.yaml]\n");
    CHECK(fault.starts_with("@/suppliers/acme.yaml:2:9: there is no plugin file libacme.so; searched in @/plugins, @/mine, "));
    CHECK(fault.ends_with("/plugins, /usr/lib/crossdock/plugins"));
    folder.write("mine/libacme.so", "");
    CHECK(fault_of(folder, "plugins: [mine]\nsuppliers: [suppliers/acme.yaml]\n") == "none");
}

TEST_CASE("a config that is not there is named", "[config][unit]") {
    CHECK(app::load_config("/nowhere/crossdock.yaml").error().text() == "/nowhere/crossdock.yaml:1:1: there is no such file");
}

TEST_CASE("the config's path comes from the option, else the environment, else /etc", "[config][unit]") {
    ::unsetenv("CROSSDOCK_CONFIG");
    CHECK(app::config_path({}) == "/etc/crossdock/crossdock.yaml");
    ::setenv("CROSSDOCK_CONFIG", "/tmp/c.yaml", 1);
    CHECK(app::config_path({}) == "/tmp/c.yaml");
    CHECK(app::config_path("x.yaml") == "x.yaml");
    ::unsetenv("CROSSDOCK_CONFIG");
}

TEST_CASE("a secret comes from its variable or file, and a missing one is named by place and variable", "[config][unit]") {
    using From = app::SecretRef::From;
    const Folder folder;
    folder.write("key", "s3cret \n");
    folder.write("empty", "\n");
    ::setenv("CROSSDOCK_TEST_SECRET", "hush", 1);
    ::setenv("CROSSDOCK_TEST_EMPTY", "", 1);
    ::unsetenv("CROSSDOCK_TEST_NONE");
    CHECK(app::resolve({From::env, "CROSSDOCK_TEST_SECRET", "c.yaml:1:2"}).value() == "hush");
    CHECK(app::resolve({From::file, (folder / "key").string(), "c.yaml:1:2"}).value() == "s3cret ");
    CHECK(app::resolve({From::env, "CROSSDOCK_TEST_NONE", "c.yaml:1:2"}).error().text() ==
          "c.yaml:1:2: the environment variable CROSSDOCK_TEST_NONE is not set");
    CHECK(app::resolve({From::env, "CROSSDOCK_TEST_EMPTY", "c.yaml:1:2"}).error().text() ==
          "c.yaml:1:2: the environment variable CROSSDOCK_TEST_EMPTY is empty");
    CHECK(app::resolve({From::file, (folder / "empty").string(), "c.yaml:1:2"}).error().what.ends_with("/empty is empty"));
    CHECK(app::resolve({From::file, "/nowhere/key", "c.yaml:1:2"}).error().text() ==
          "c.yaml:1:2: the secret's file /nowhere/key: there is no such file");
    CHECK(app::resolve({From::store, "acme-key", "c.yaml:1:2"}).error().text() ==
          "c.yaml:1:2: the secret acme-key is sealed in the store");
    ::unsetenv("CROSSDOCK_TEST_SECRET");
    ::unsetenv("CROSSDOCK_TEST_EMPTY");
}

TEST_CASE("an account's file opens folders to its plugin, and none of ours", "[config][unit]") {
    const Folder folder;
    std::filesystem::create_directories(folder / "portal/orders");
    std::filesystem::create_directories(folder / "data/plugin-files");
    std::filesystem::create_directories(folder / "conf");
    std::filesystem::create_directory_symlink(folder / "data", folder / "portal/link");
    const auto with = [&](const std::string& settings, const std::string& more = "") {
        folder.write("suppliers/acme.yaml", "account: acme\nplugin: phonex\n" + more + "settings:\n  " + settings + "\n");
        return fault_of(folder, "data: data\nsuppliers: [suppliers/acme.yaml]\n");
    };
    struct Row {
        const char* settings;
        const char* fault;
    };
    const auto row = GENERATE(
        Row{"out: { folder: ../portal/orders }", "none"}, Row{"out: { folder: ../portal/orders, access: read }", "none"},
        Row{"out: { folder: ../nowhere }",
            "@/suppliers/acme.yaml:4:18: `out`: there is no folder @/nowhere; make it, or mount it, before the daemon starts"},
        Row{"out: { folder: ../portal, acces: read }", "@/suppliers/acme.yaml:4:29: unknown key `acces`; did you mean `access`?"},
        Row{"out: { folder: ../portal, access: execute }",
            "@/suppliers/acme.yaml:4:37: `access`: unknown value \"execute\"; known are: write, read"},
        Row{"out: { folder: ../data }",
            "@/suppliers/acme.yaml:4:8: `out` opens @/data to the plugin, and that is, or holds, or lies in, "
            "the data folder @/data; take another"},
        Row{"out: { folder: ../data/plugin-files, access: read }",
            "@/suppliers/acme.yaml:4:8: `out` opens @/data/plugin-files to the plugin, and that is, or holds, or lies in, the "
            "data folder "
            "@/data; take another"},
        Row{"out: { folder: ../portal/link }",
            "@/suppliers/acme.yaml:4:8: `out` opens @/portal/link to the plugin, and that is, or holds, "
            "or lies in, the data folder @/data; take another"},
        Row{"out: { folder: .. }",
            "@/suppliers/acme.yaml:4:8: `out` opens @/ to the plugin, and that is, or holds, or lies in, the data "
            "folder @/data; take another"});
    INFO(row.settings);
    CHECK(with(row.settings) == row.fault);
}

TEST_CASE("what is opened is told to the account alone, and an account of files needs no API", "[config][unit]") {
    const Folder folder;
    std::filesystem::create_directories(folder / "portal");
    folder.write("acme.yaml", "account: acme\nplugin: phonex\nsettings: { in: { folder: portal, access: read }, note: x }\n");
    folder.write("crossdock.yaml", "data: data\nsuppliers: [acme.yaml]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    const auto& acme = made->accounts.at(0);
    CHECK(acme.endpoint.empty());
    CHECK(acme.settings.text("in") == (folder / "portal").string());
    CHECK(acme.settings.text("note") == "x");
    REQUIRE(acme.folders.size() == 1);
    CHECK(acme.folders[0].path == folder / "portal");
    CHECK_FALSE(acme.folders[0].write);
}

TEST_CASE("the config itself is opened to no plugin", "[config][unit]") {
    const Folder folder;
    folder.write("conf/suppliers/acme.yaml", "account: acme\nplugin: phonex\nsettings: { in: { folder: .., access: read } }\n");
    folder.write("conf/crossdock.yaml",
                 "data: ../data\nsuppliers: [suppliers/acme.yaml]\npipelines: ../pipelines\ntemplates: ../templates\n");
    const auto made = app::load_config(folder / "conf/crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    REQUIRE(made.has_error());
    CHECK(made.error().text().find("holds the config") != std::string::npos);
}

TEST_CASE("who is told of what is as the config says, and else as Crossdock does it", "[config][unit]") {
    const Folder folder;
    folder.write("crossdock.yaml",
                 "channels: { archive: { plugin: phonex }, shop: { plugin: phonex, audience: platform } }\n"
                 "notifications:\n"
                 "  clients:\n    timezone: Europe/Berlin\n    quiet_hours: { from: \"22:00\", to: \"07:00\" }\n"
                 "    events: { order.placed: daily, order.shipped: { channels: [archive, email] }, order.canceled: off }\n"
                 "  alerts: { events: { feed.quarantined: immediate } }\n"
                 "  base_url: https://orders.example/xd/\n  links_valid_for: 90d\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    CHECK(app::people_channels(*made) == std::vector<std::string>{"email", "archive"});
    const auto& told = made->notifications;
    CHECK(told.clients.zone->name() == "Europe/Berlin");
    CHECK(told.clients.quiet_hours == model::QuietHours{22 * 60, 7 * 60});
    CHECK(told.clients.events.at("order.placed").when == model::Told::daily);
    CHECK(told.clients.events.at("order.canceled").when == model::Told::off);
    CHECK(told.clients.events.at("order.shipped").when == model::Told::immediate);
    CHECK(told.clients.events.at("order.shipped").channels == std::vector<std::string>{"archive", "email"});
    CHECK(told.clients.events.at("order.delivered").when == model::Told::immediate);
    CHECK(told.alerts.events.at("stock.low").when == model::Told::immediate);
    CHECK(told.alerts.events.at("feed.quarantined").when == model::Told::immediate);
    CHECK(told.base_url == "https://orders.example/xd");
    CHECK(told.links_valid_for == std::chrono::hours{24 * 90});
}
