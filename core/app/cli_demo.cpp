// demo: the main job, end to end, with everything real.
#include "app/command.hpp"
#include "app/demo_rig.hpp"
#include "base/system_clock.hpp"
#include "base/time.hpp"
#include "sandbox/mail_store.hpp"

#include <CLI/CLI.hpp>

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>

namespace crossdock::app {
namespace fs = std::filesystem;
namespace {

constexpr milliseconds step_timeout{30'000};
/// While the demo serves, one more order comes in so often, so that the page moves.
constexpr milliseconds more_orders_every{15'000};
constexpr int more_orders_max = 40;
constexpr const char* order_id = "PXSTKL0000347";

void say(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

/// Reads the event stream until `wanted` says that it has seen enough. Prints each event with its delay behind its commit.
Result<> follow(const DemoRig& rig, std::string& cursor, const std::function<bool(const Json&)>& wanted) {
    http::LoopbackCall call;
    call.port = rig.api_port();
    call.target = "/v1/events?after=" + cursor;
    call.headers = {{"Authorization", "Bearer " + rig.api_key()}};
    call.timeout = step_timeout;
    bool seen = false;
    const auto status = http::stream_lines(call, [&](std::string_view text) {
        if (!text.starts_with("data: ")) { return true; }
        const auto event = Json::parse(text.substr(6));
        if (!event) { return true; }
        cursor = event->text("id");
        const auto time = parse_rfc3339(event->text("time"));
        const auto delay = time ? system_utc_ms() - *time : 0;
        const Json* data = event->find("data");
        std::string about;
        for (const char* key :
             {"status", "supplier_order_id", "tracking_number", "sku", "change", "before", "after", "quantity"}) {
            const Json* value = data == nullptr ? nullptr : data->find(key);
            if (value != nullptr && !value->is_null()) {
                about += "  " + std::string(key) + "=" + (value->is_string() ? value->as_string() : value->dump());
            }
        }
        const bool enough = wanted(*event);
        if (event->text("type").starts_with("order.") || enough) {
            say("      " + event->text("type") + about + "  (seen " + std::to_string(delay) + " ms after it was stored)");
        }
        seen = seen || enough;
        return !seen;
    });
    if (seen) { return {}; }
    if (!status) { return status.error(); }
    return Fault{"the event stream ended with status " + std::to_string(*status) + " before the event came"};
}

Result<> wait_for_mails(const DemoRig& rig, const std::vector<std::string>& subjects_with) {
    const BootMs until = system_boot_ms() + step_timeout.count();
    for (;;) {
        const auto mails = sandbox::read_mails(rig.mails());
        const bool all = std::all_of(subjects_with.begin(), subjects_with.end(), [&](const std::string& part) {
            return std::any_of(mails.begin(), mails.end(),
                               [&](const auto& mail) { return mail.subject.find(part) != std::string::npos; });
        });
        if (all) { return {}; }
        if (system_boot_ms() > until) { return Fault{"the mails did not arrive"}; }
        ::poll(nullptr, 0, 20);
    }
}

std::string shown(const sandbox::StoredMail& mail) {
    return "      to " + mail.to + "  \"" + mail.subject + "\"  " + mail.message_id;
}

class Demo {
public:
    explicit Demo(DemoRig& rig) : rig_(rig) {}

    Result<> run(const fs::path& order_file) {
        for (const auto step : {&Demo::start, &Demo::add_customer}) {
            if (auto done = (this->*step)(); !done) { return done; }
        }
        std::ifstream in(order_file, std::ios::binary);
        order_ = {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        if (order_.empty()) { return Fault{"cannot be read", order_file.string()}; }
        for (const auto step : {&Demo::place, &Demo::follow_order, &Demo::inventory, &Demo::tell}) {
            if (auto done = (this->*step)(); !done) { return done; }
        }
        return {};
    }

private:
    Result<> start() {
        say("[1/6] Starting three processes: mail sink, sandbox supplier, daemon");
        if (auto done = rig_.start_mail_sink(); !done) { return done; }
        say("      mail sink         smtp://127.0.0.1:" + std::to_string(rig_.mail_port()));
        if (auto done = rig_.start_supplier(); !done) { return done; }
        say("      sandbox supplier  http://127.0.0.1:" + std::to_string(rig_.sandbox_port()));
        const BootMs begun = system_boot_ms();
        if (auto done = rig_.start_daemon(); !done) { return done; }
        say("      daemon            http://127.0.0.1:" + std::to_string(rig_.api_port()) + "  (ready in " +
            std::to_string(system_boot_ms() - begun) + " ms)");
        return {};
    }

    Result<> add_customer() {
        say("[2/6] crossdock customer add worldtech-1734");
        const auto output =
            rig_.crossdock({"customer", "add", "worldtech-1734", "--name", "WorldTech", "--email", "orders@worldtech.example"});
        if (output.exit_code != 0) { return Fault{output.err}; }
        say("      " + output.out.substr(0, output.out.find('\n')));
        return {};
    }

    Result<> place() {
        say("[3/6] POST /v1/orders with the order " + std::string(order_id) + ", twice");
        for (int i = 0; i < 2; ++i) {
            const auto answer = rig_.api("POST", "/v1/orders", order_);
            if (!answer) { return answer.error(); }
            const bool repeated = answer->header("Idempotency-Replayed").has_value();
            say("      " + std::to_string(answer->status) + " " + answer->body +
                (repeated ? "  (Idempotency-Replayed: true)" : ""));
            if (answer->status != 202 || repeated != (i == 1)) { return Fault{"the daemon's answer is not the one expected"}; }
        }
        return {};
    }

    Result<> follow_order() {
        say("[4/6] Following GET /v1/events: the supplier confirms and ships by signed webhooks");
        const auto done = follow(rig_, cursor_, [](const Json& event) { return event.text("type") == "order.shipped"; });
        if (!done) { return done; }
        if (auto mailed = wait_for_mails(rig_, {"1Z999AA10123456784"}); !mailed) {
            if (auto any = wait_for_mails(rig_, {order_id}); !any) { return any; }
        }
        return {};
    }

    Result<> inventory() {
        say("[5/6] Inventory: the supplier changes a quantity and a price; the next sync finds them");
        const auto stocked = wait_for_stock();
        if (!stocked) { return stocked.error(); }
        say("      " + std::to_string(*stocked) + " items in the store");
        auto changed = rig_.sandbox("POST", "/_sandbox/inventory", R"({"sku":"IPHONE12-64GB-A","quantity":3,"price":229.50})");
        if (!changed) { return changed.error(); }
        std::set<std::string> missing{"inventory.changed", "price.changed", "stock.low"};
        const auto done = follow(rig_, cursor_, [&](const Json& event) {
            const Json* data = event.find("data");
            if (data != nullptr && data->text("sku") == "IPHONE12-64GB-A") { missing.erase(event.text("type")); }
            return missing.empty();
        });
        if (!done) { return done; }
        return wait_for_mails(rig_, {"IPHONE12-64GB-A"});
    }

    Result<std::size_t> wait_for_stock() const {
        const BootMs until = system_boot_ms() + step_timeout.count();
        for (;;) {
            const auto answer = rig_.api("GET", "/v1/inventory?limit=1000");
            if (!answer) { return answer.error(); }
            const auto items = Json::parse(answer->body, JsonLimits{.bytes_max = 16 << 20});
            if (items && items->find("items") != nullptr && !items->find("items")->items().empty()) {
                return items->find("items")->items().size();
            }
            if (system_boot_ms() > until) { return Fault{"the first inventory sync did not come"}; }
            ::poll(nullptr, 0, 20);
        }
    }

    Result<> tell() {
        say(std::string("[6/6] crossdock order show ") + order_id);
        const auto output = rig_.crossdock({"order", "show", order_id});
        if (output.exit_code != 0) { return Fault{output.err}; }
        say("\n" + output.out);
        say("Mails in the sink:");
        for (const auto& mail : sandbox::read_mails(rig_.mails())) {
            if (mail.subject.find(order_id) != std::string::npos || mail.subject.find("IPHONE12-64GB-A") != std::string::npos) {
                say(shown(mail));
            }
        }
        return {};
    }

    DemoRig& rig_;
    std::string order_;
    std::string cursor_ = "e0";
};

volatile std::sig_atomic_t stop_asked = 0;

void place_one_more(const DemoRig& rig, int number) {
    static constexpr std::array skus{"IPHONE12-64GB-A", "IPHONE11-64GB-B", "IPHONE11-64GB-A", "IPHONE11-64GB-C"};
    const auto cents = std::to_string(100 + number * 7 % 50);
    const auto answer = rig.api(
        "POST", "/v1/orders",
        R"({"supplier":"wesellcellular","order_id":"DEMO-)" + std::to_string(1000 + number) +
            R"(","customer_id":"worldtech-1734","items":[{"sku":")" + skus.at(static_cast<std::size_t>(number) % skus.size()) +
            R"(","quantity":)" + std::to_string(1 + number % 5) + R"(,"unit_price":)" + cents +
            R"(.50}],"shipping_address":{"name":"WorldTech Receiving","line1":"1734 Harbor Boulevard","city":"Miami","country":"US"}})");
    if (!answer || answer->status != 202) { say("One more order was not taken; see " + rig.log_of("daemon").string()); }
}

void wait_for_signal(DemoRig& rig) {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_asked = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    BootMs next_order = system_boot_ms() + more_orders_every.count();
    for (int more = 0; stop_asked == 0;) {
        if (more < more_orders_max && system_boot_ms() >= next_order) {
            place_one_more(rig, ++more);
            next_order += more_orders_every.count();
        }
        if (const auto status = rig.daemon().ended()) {
            say("The daemon ended: " + describe_exit(*status) + "; see " + rig.log_of("daemon").string());
            return;
        }
        ::poll(nullptr, 0, 200);
    }
    say("\nStopping.");
    rig.stop_daemon();
}

int run_demo(const CommandLine& line, bool once, const std::string& folder) {
    RigOptions options;
    if (once) {
        const std::string pattern = (fs::temp_directory_path() / "crossdock-demo-XXXXXX").string();
        std::string made = pattern;
        if (::mkdtemp(made.data()) == nullptr) {
            return fail(line, Fault{"no temporary folder can be made", pattern}, exit_failed);
        }
        options.folder = made;
    }
    else {
        auto tree = shipped_tree();
        if (!tree) { return fail(line, tree.error(), exit_failed); }
        options.folder = folder.empty() ? *tree / "var" / "demo" : fs::path(folder);
        options.api_port = line.port ? static_cast<std::uint16_t>(*line.port) : 8080;
        options.sandbox_port = 8081;
        options.mail_port = 8025;
    }
    const fs::path made_folder = options.folder;
    const auto remove = [&] {
        std::error_code ignored;
        if (once) { fs::remove_all(made_folder, ignored); }
    };
    auto tree = shipped_tree();
    auto rig = DemoRig::make(std::move(options));
    if (!tree || !rig) {
        remove();
        return fail(line, !tree ? tree.error() : rig.error(), exit_failed);
    }
    Demo demo(**rig);
    const auto done = demo.run(*tree / "config" / "demo-order.json");
    if (!done) {
        const int code = fail(line, done.error(), exit_failed);
        std::fprintf(stderr, "The demo's logs stand in %s\n", made_folder.c_str());
        return code;
    }
    if (once) {
        const int status = (*rig)->stop_daemon();
        rig->reset();
        remove();
        if (status != 0) { return fail(line, Fault{"the daemon did not stop cleanly: " + describe_exit(status)}, exit_failed); }
        say("\nDone: one order, placed once, shipped, and everybody told.");
        return exit_ok;
    }
    const std::string config = (*rig)->config().string();
    const auto key = Json::parse((*rig)->crossdock({"key", "create", "page", "--scopes", "admin", "--json"}).out);
    say("\nThe live page:  http://127.0.0.1:" + std::to_string((*rig)->api_port()) + "/");
    if (key) { say("Sign in with:   " + key->text("token")); }
    say("It moves: one more order comes in every " + std::to_string(more_orders_every.count() / 1'000) + " s (" +
        std::to_string(more_orders_max) + " of them).");
    say("\nThe daemon serves until you press Ctrl-C. Try next:");
    say("  export CROSSDOCK_CONFIG=" + config + " CROSSDOCK_API_KEY=" + (*rig)->api_key());
    say("  " + (executable_folder() / "crossdock").string() + " order list");
    say("  curl -N -H \"Authorization: Bearer $CROSSDOCK_API_KEY\" http://127.0.0.1:" + std::to_string((*rig)->api_port()) +
        "/v1/events");
    say("  ls " + (*rig)->mails().string() + "/mails");
    wait_for_signal(**rig);
    return exit_ok;
}

}  // namespace

void add_demo_command(CLI::App& app, CommandLine& line) {
    auto* demo = app.add_subcommand("demo", "Run the main job with a sandbox supplier and a mail sink");
    struct Given {
        bool once = false;
        std::string folder;
    };
    auto given = std::make_shared<Given>();
    demo->add_flag("--once", given->once, "In a fresh folder on free ports, then end");
    demo->add_option("--folder", given->folder, "Where everything stands (var/demo)");
    demo->callback([&line, given] { line.exit_code = run_demo(line, given->once, given->folder); });
}

}  // namespace crossdock::app
