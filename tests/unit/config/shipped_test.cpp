#include "config/config.hpp"
#include "folder.hpp"

#include <fstream>
#include <iterator>

using namespace crossdock;

namespace {

app::Config shipped(const Folder& folder, const std::string& name, app::ConfigOverrides overrides = {}) {
    overrides.plugin_folders = {folder / "plugins"};
    auto made = app::load_config(std::string(CROSSDOCK_SOURCE) + "/config/" + name, overrides);
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    return std::move(made).value();
}

const std::filesystem::path source = CROSSDOCK_SOURCE;

}  // namespace

TEST_CASE("the reference config loads and holds the defaults that it documents", "[config][unit]") {
    const Folder folder;
    const auto made = shipped(folder, "crossdock.yaml");
    const app::Config defaults;
    CHECK(made.listen_host == defaults.listen_host);
    CHECK(made.listen_port == defaults.listen_port);
    CHECK(made.currency == defaults.currency);
    CHECK(made.log_level == defaults.log_level);
    CHECK(made.mail_from == defaults.mail_from);
    CHECK(made.limits == defaults.limits);
    CHECK(made.rate_limits == defaults.rate_limits);
    CHECK_FALSE(made.tls);
    CHECK(made.trusted_proxies.empty());
    CHECK(made.notifications.clients.events.at("order.shipped") == defaults.notifications.clients.events.at("order.shipped"));
    for (const auto& event : model::client_events()) {
        CHECK(model::tell_by({}, made.notifications.clients, event, 0).told ==
              model::tell_by({}, defaults.notifications.clients, event, 0).told);
    }
    for (const auto& event : model::alert_events()) {
        CHECK(model::tell_by({}, made.notifications.alerts, event, 0).told ==
              model::tell_by({}, defaults.notifications.alerts, event, 0).told);
    }
    CHECK(made.notifications.links_valid_for == defaults.notifications.links_valid_for);
    CHECK(made.notifications.base_url.empty());
    CHECK_FALSE(made.workers.strict);
    CHECK_FALSE(made.crash_points);
    CHECK(made.accounts.empty());
    CHECK(made.channels.empty());
    CHECK(made.data == source / "var/crossdock");
    CHECK(made.pipelines == source / "pipelines");
    CHECK(made.templates == source / "config/templates");
}

TEST_CASE("the demo's config describes one account served by the sandbox and mail to the sink", "[config][unit]") {
    const Folder folder;
    const auto made = shipped(folder, "demo.yaml");
    CHECK(made.listen_port == 8080);
    CHECK(made.data == source / "var/demo/data");
    CHECK(made.alerts_mail == "alerts@phoneexport.example");
    CHECK(made.routes == std::map<std::string, std::vector<model::RouteRule>>{{"wesellcellular", {{.use = {"phonex"}}}}});
    CHECK(made.crash_points);

    REQUIRE(made.accounts.size() == 1);
    const auto& phonex = made.accounts[0];
    CHECK(phonex.name == "phonex");
    CHECK(phonex.type == "phonex");
    CHECK(phonex.plugin == folder / "plugins/libphonex.so");
    CHECK(phonex.plugin_where == (source / "config/suppliers/demo-phonex.yaml").string() + ":6:9");
    CHECK(phonex.endpoint == "http://127.0.0.1:8081");
    CHECK(phonex.credentials.at("api_key").name == "CROSSDOCK_DEMO_PHONEX_KEY");
    REQUIRE(phonex.webhook);
    CHECK(phonex.webhook->scheme.name == "phonex");
    CHECK(phonex.webhook->scheme.header == "X-PhoneX-Signature");
    REQUIRE(phonex.webhook->secrets.size() == 1);
    CHECK(phonex.webhook->secrets[0].ref.name == "CROSSDOCK_DEMO_WEBHOOK_SECRET");
    const auto& create = phonex.operations.at("create_order");
    CHECK(create.effect_class == "idempotent");
    CHECK(create.key_valid_for == std::chrono::hours{24});
    // The crash matrix wants an unknown order settled within ten seconds.
    CHECK(phonex.not_after + phonex.request_timeout + create.visible_within <= std::chrono::seconds{10});
    CHECK(phonex.statuses.size() == 7);
    CHECK(phonex.statuses.at("pending") == "submitted");
    CHECK(phonex.stock.low.at == 5);
    REQUIRE(phonex.poll);
    CHECK(phonex.poll->until == model::Status::shipped);

    REQUIRE(made.channels.size() == 1);
    CHECK(made.channels[0].name == "email");
    CHECK(made.channels[0].settings.dump() == R"({"host":"127.0.0.1","port":8025,"tls":"none"})");
}

TEST_CASE("the bundled PhoneX file claims nothing about placing an order twice", "[config][unit]") {
    const Folder folder;
    folder.write("crossdock.yaml", "suppliers: [" + (source / "config/suppliers/phonex.yaml").string() + "]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    const auto& phonex = made.value().accounts.at(0);
    CHECK(phonex.operations.empty());
    CHECK(app::OperationConfig{}.effect_class == "unsafe");
    CHECK(phonex.endpoint == "https://api.phonex.com");
    CHECK(phonex.statuses.at("Shipped") == "shipped");
    CHECK(phonex.statuses.at("Awaiting Payment") == "submitted");
    CHECK(phonex.beside.at("Awaiting Payment").payment == "awaiting");
    CHECK(phonex.beside.at("Awaiting Shipping Quote").quote == "awaiting");
    CHECK(phonex.beside.at("Ready for Fulfillment").payment == "received");
    CHECK(phonex.statuses.at("shipped") == "shipped");
    CHECK_FALSE(phonex.poll);
}

TEST_CASE("the bundled file for WesellCellular claims nothing about placing an order twice", "[config][unit]") {
    const Folder folder;
    std::ifstream in(source / "config/suppliers/wesellcellular.yaml");
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    // Its folders are for ops to make.
    for (const std::string one : {"orders", "files"}) {
        std::filesystem::create_directories(folder / one);
        const std::string named = "/srv/wesellcellular/" + one;
        REQUIRE(text.find(named) != std::string::npos);
        text.replace(text.find(named), named.size(), (folder / one).string());
    }
    folder.write("plugins/libwesellcellular.so", "");
    folder.write("wesellcellular.yaml", text);
    folder.write("crossdock.yaml", "data: data\nsuppliers: [wesellcellular.yaml]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    const auto& account = made->accounts.at(0);
    CHECK(account.operations.empty());
    CHECK(account.type == "direct");
    CHECK_FALSE(account.webhook);
    REQUIRE(account.poll);
    CHECK(account.folders.size() == 2);
    CHECK(account.settings.text("mode") == "portal");
}

TEST_CASE("port and data folder of the command line are stronger than the file", "[config][unit]") {
    const Folder folder;
    const auto made = shipped(folder, "demo.yaml", {.port = 0, .data = folder / "other", .plugin_folders = {}});
    CHECK(made.listen_port == 0);
    CHECK(made.data == folder / "other");
}

TEST_CASE("an account's pattern ends with what its words can say, and eight times `every` is the longest pause",
          "[config][unit]") {
    const Folder folder;
    const auto poll_of = [&](const std::string& more) {
        folder.write("acme.yaml", "account: acme\nplugin: phonex\napi_endpoint: https://api.acme.example\n" + more);
        folder.write("crossdock.yaml", "suppliers: [acme.yaml]\n");
        const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
        INFO((made ? std::string() : made.error().text()));
        REQUIRE(made.has_value());
        return made->accounts.at(0).poll;
    };
    CHECK_FALSE(poll_of(""));
    CHECK(poll_of("poll: {}\n")->until == model::Status::shipped);
    CHECK(poll_of("poll: {}\n")->every_max == std::chrono::hours{2});
    CHECK(poll_of("poll: { every: 1h }\n")->every_max == std::chrono::hours{8});
    CHECK(poll_of("statuses: { there: delivered }\npoll: {}\n")->until == model::Status::delivered);
    CHECK(poll_of("statuses: { there: delivered }\npoll: { until: shipped }\n")->until == model::Status::shipped);
}

TEST_CASE("the settings of the examples are those that their cassettes were made with", "[config][unit]") {
    struct Row {
        const char* file;
        const char* plugin;
        const char* tested;
        const char* place;  ///< of create_order.path
    };
    const auto row = GENERATE(Row{"northgate", "rest", "rest/tests/northgate.json", ":49:11"},
                              Row{"kontor", "rest", "rest/tests/kontor.json", ":50:11"},
                              Row{"wesellcellular-api", "wesellcellular", "wesellcellular/tests/api.json", ":56:11"});
    const Folder folder;
    folder.write("plugins/lib" + std::string(row.plugin) + ".so", "");
    const auto file = source / "config/suppliers/examples" / (std::string(row.file) + ".yaml");
    folder.write("crossdock.yaml", "suppliers: [" + file.string() + "]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made.has_value());
    const auto& account = made->accounts.at(0);
    std::ifstream in(source / "plugins" / row.tested);
    const auto tested = Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    REQUIRE(tested.has_value());
    CHECK(account.settings.pretty() == tested->pretty());
    CHECK(account.settings_where.at("create_order.path").ends_with(".yaml" + std::string(row.place)));
}

TEST_CASE("what is shipped for WesellCellular's API claims nothing about placing an order twice", "[config][unit]") {
    const Folder folder;
    folder.write("plugins/libwesellcellular.so", "");
    folder.write("crossdock.yaml",
                 "suppliers: [" + (source / "config/suppliers/examples/wesellcellular-api.yaml").string() + "]\n");
    const auto made = app::load_config(folder / "crossdock.yaml", {.plugin_folders = {folder / "plugins"}});
    REQUIRE(made.has_value());
    CHECK(made->accounts.at(0).operations.empty());
    CHECK(made->accounts.at(0).type == "direct");
}
