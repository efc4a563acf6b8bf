// The live page in headless Chromium, over the real programs.
#include "http/message.hpp"
#include "store/database.hpp"
#include "system/browser.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";
const std::string enter = "\ue007";
const std::string escape = "\ue00c";

app::RigOptions quick() {
    app::RigOptions options;
    options.accept_after = milliseconds{100};
    options.ship_after = milliseconds{200};
    return options;
}

/// The world of the demo with a person in front of it.
class Watched {
public:
    explicit Watched(app::RigOptions options = quick()) : job(std::move(options)) {
        job.start_world();
        job.start_daemon();
    }

    std::string key(const std::string& name, const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"key", "create", name, "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto output = job.rig().crossdock(std::move(arguments));
        const auto made = Json::parse(output.out);
        REQUIRE(made.has_value());
        return made->text("token");
    }
    std::string address(const std::string& path = "/") {
        return "http://127.0.0.1:" + std::to_string(job.rig().api_port()) + path;
    }
    void sign_in(const std::string& token) {
        browser.open(address());
        REQUIRE(browser.click("#key"));
        browser.type(token + enter);
        REQUIRE(browser.sees("document.querySelector('#live')?.dataset.state === 'live'"));
        // What a reload would take away.
        browser.run("window.mark = 'not reloaded'");
    }
    void go(const std::string& hash) { browser.run("location.hash = " + json_quoted(hash)); }
    /// Until the page has that text.
    bool reads(const std::string& part) { return browser.sees("document.body.innerText.includes(" + json_quoted(part) + ")"); }
    [[nodiscard]] bool reloaded() { return !(browser.run("return window.mark || ''") == Json("not reloaded")); }

    MainJob job;
    Browser browser;
};

const std::string order_status = "document.querySelector('.order > header .pill')?.textContent";

}  // namespace

TEST_CASE("the demo's order is seen moving to shipped on a page that nobody reloads", "[page]") {
    Watched watched;
    watched.job.add_customer("worldtech-1734", "orders@worldtech.example");
    watched.sign_in(watched.job.rig().api_key());
    CHECK(watched.reads("No orders yet"));
    watched.job.place(seed_order());
    CHECK(watched.browser.sees("[...document.querySelectorAll('.rows a')].some(a => a.dataset.key === '" + std::string(order_id) +
                               "')"));
    watched.go("#/orders/" + std::string(order_id));
    CHECK(watched.browser.sees(order_status + " === 'shipped'"));
    CHECK(watched.browser.sees("document.querySelector('.rows .pill').textContent === 'shipped'"));
    CHECK(watched.reads("1Z999AA10123456784"));
    CHECK(watched.reads("ORD845140"));
    watched.job.wait_for_mails(order_id, 2);
    CHECK(watched.browser.sees("document.querySelectorAll('.story .is-mail').length === 2"));
    CHECK(watched.browser.sees("[...document.querySelectorAll('#latest .event')].some(e => e.textContent === 'order.shipped')"));
    CHECK_FALSE(watched.reloaded());
    CHECK(watched.browser.complaints() == "");
}

TEST_CASE("a page that was cut off over a restart of the daemon goes on by itself and misses nothing", "[page]") {
    Watched watched;
    watched.sign_in(watched.job.rig().api_key());
    watched.browser.offline(true);
    CHECK(describe_exit(watched.job.rig().stop_daemon()) == "exit code 0");
    CHECK(watched.browser.sees("document.querySelector('#live').dataset.state === 'cut'"));
    watched.job.start_daemon();
    watched.job.place(small_order("CUT-1"));
    watched.job.wait_for_status("CUT-1", "shipped");
    CHECK(watched.browser.sees("!document.body.innerText.includes('CUT-1')"));
    watched.browser.offline(false);
    CHECK(watched.browser.sees("document.querySelector('#live').dataset.state === 'live'"));
    CHECK(watched.browser.sees("document.querySelector('.rows .pill')?.textContent === 'shipped'"));
    for (const char* const event : {"order.placed", "order.accepted", "order.shipped"}) {
        CAPTURE(event);
        CHECK(watched.browser.sees("[...document.querySelectorAll('#latest .event')].some(e => e.textContent === '" +
                                   std::string(event) + "')"));
    }
    CHECK_FALSE(watched.reloaded());
}

TEST_CASE("whatever an order and its supplier say is shown as text and nothing of it runs", "[page]") {
    auto options = quick();
    const std::string image = "<img src=x onerror=window.hacked=1>";
    const std::string script = "\\\"'><script>window.hacked=1</script>";
    options.supplier_order_ids = {"ORD" + image};
    options.tracking_numbers = {"1Z" + image};
    Watched watched(std::move(options));
    watched.job.add_customer("c1", "c1@example.com");
    const std::string order = R"({"supplier":"phonex","order_id":"X)" + image + R"(","customer_id":"C)" + script +
                              R"(","contact":{"name":"N)" + image +
                              R"(","email":"c1@example.com"},"shipping_address":{"name":"A)" + script + R"(","company":"B)" +
                              image + R"(","line1":"L)" + image + R"(","line2":"M)" + script + R"(","city":"T)" + image +
                              R"(","state":"S)" + image + R"(","postal_code":"P)" + image + R"(","country":"FR","phone":"H)" +
                              image + R"("},"items":[{"sku":"S)" + image + R"(","quantity":1,"unit_price":499},{"sku":"T)" +
                              script + R"(","quantity":2,"unit_price":1}],"metadata":{"note":"O)" + image + R"("}})";
    watched.sign_in(watched.key("ops", {"--scopes", "admin"}));
    watched.job.place(order);
    CHECK(watched.browser.sees("document.querySelector('.rows .pill')?.textContent === 'shipped'"));
    for (const char* const name : {"orders", "attention", "dead-letters", "suppliers", "inventory", "notifications"}) {
        CAPTURE(name);
        watched.go(std::string("#/") + name);
        CHECK(watched.browser.sees("document.querySelector('nav a[aria-current]').hash === '#/" + std::string(name) + "'"));
        CHECK(watched.browser.sees("!document.body.innerText.includes('Reading…')"));
        CHECK(watched.browser.run("return document.querySelectorAll('main img, main script, aside img').length") == Json(0));
    }
    watched.go("#/orders/" + http::encoded("X" + image));
    for (const auto& part :
         {"X" + image, std::string("C\"'><script>window.hacked=1</script>"), "S" + image, "ORD" + image, "1Z" + image}) {
        CAPTURE(part);
        CHECK(watched.reads(part));
    }
    CHECK(watched.browser.run("return document.querySelectorAll('img').length") == Json(0));
    CHECK(watched.browser.run("return typeof window.hacked") == Json("undefined"));
    CHECK(watched.browser.complaints() == "");
}

TEST_CASE("a person signs in with a key and out again, and is out at once when the key is revoked", "[page]") {
    Watched watched;
    auto& browser = watched.browser;
    const auto token = watched.key("ops", {"--scopes", "read admin"});
    browser.open(watched.address());
    REQUIRE(browser.click("#key"));
    browser.type("xd_this_is_no_key_at_all" + enter);
    CHECK(watched.reads("This key is unknown or revoked"));
    browser.picture("sign-in-refused");
    REQUIRE(browser.click("#key"));
    browser.type(token + enter);
    CHECK(browser.sees("document.querySelector('#live')?.dataset.state === 'live'"));
    CHECK(browser.run("return location.pathname") == Json("/"));
    CHECK(browser.run("return document.cookie") == Json(""));
    CHECK(watched.reads("ops"));
    REQUIRE(browser.click("#sign-out"));
    CHECK(browser.sees("document.querySelector('#sign-in')"));
    browser.picture("sign-in");

    watched.sign_in(token);
    CHECK(watched.job.rig().crossdock({"key", "revoke", "ops"}).exit_code == 0);
    // What happens next shows that nobody is there any more.
    watched.job.place(small_order("AFTER-1"));
    CHECK(browser.sees("document.querySelector('#sign-in')"));
    CHECK(watched.reads("Your session has ended"));
    CHECK_FALSE(browser.text().find("AFTER-1") != std::string::npos);
}

TEST_CASE("a client's key sees that client's orders on the page, and no view that concerns others", "[page]") {
    Watched watched;
    std::string other = small_order("OTHER-1");
    other.replace(other.find("\"c1\""), 4, "\"c2\"");
    watched.job.place(small_order("OWN-1"));
    watched.job.place(other);
    watched.job.wait_for_status("OTHER-1", "shipped");
    watched.sign_in(watched.key("client", {"--scopes", "read orders:write", "--customer", "c1"}));
    CHECK(watched.reads("OWN-1"));
    CHECK(watched.browser.run("return [...document.querySelectorAll('nav .word')].map(e => e.textContent).join()") ==
          Json("Orders,Inventory,Notifications"));
    watched.go("#/orders/OTHER-1");
    CHECK(watched.reads("There is no such order"));
    watched.go("#/suppliers");
    CHECK(watched.browser.sees("document.querySelector('h1').textContent === 'Orders'"));
    CHECK(watched.browser.text().find("OTHER-1") == std::string::npos);
}

TEST_CASE("what waits for a person is resolved on the page, and the audit says by whom", "[page]") {
    Watched watched;
    REQUIRE(watched.job.rig().crossdock({"customer", "add", "nomail", "--name", "No Mail"}).exit_code == 0);
    std::string order = small_order("QUIET-1");
    order.replace(order.find(R"("c1","contact":{"email":"c1@example.com"})"), 41, R"("nomail")");
    watched.sign_in(watched.key("ops", {"--scopes", "admin"}));
    watched.go("#/attention");
    CHECK(watched.reads("Nothing waits for you"));
    watched.job.place(order);
    CHECK(watched.reads("the customer has no mail address"));
    // Its reason changes with what happens; the last of it is here.
    CHECK(watched.reads("nobody was told: order.shipped"));
    CHECK(watched.browser.sees("document.querySelector('nav .badge')?.textContent >= 1"));
    watched.browser.picture("attention");
    REQUIRE(watched.browser.click("[data-choice=done]"));
    REQUIRE(watched.browser.click("#ask-note"));
    watched.browser.picture("attention-dialog");
    watched.browser.type("told by phone" + enter);
    CHECK(watched.reads("Nothing waits for you"));
    const auto list = watched.job.rig().crossdock({"attention", "list", "--all"});
    CHECK_THAT(list.out, Catch::Contains("by key ops ("));
    CHECK_FALSE(watched.reloaded());
    CHECK(watched.browser.complaints() == "");
}

TEST_CASE("a dead letter is shown with what was sent, and replayed on the page", "[page]") {
    Watched watched;
    watched.job.place(small_order("DEAD-1"));
    watched.job.wait_for_status("DEAD-1", "shipped");
    watched.sign_in(watched.key("ops", {"--scopes", "admin"}));
    CHECK(describe_exit(watched.job.rig().stop_daemon()) == "exit code 0");
    {
        auto store = store::Database::open(watched.job.rig().data() / "store.sqlite3", store::Database::Mode::read_write);
        REQUIRE(store.has_value());
        CHECK((*store)->run("UPDATE runs SET state = 'failed', reason = 'it broke' WHERE order_id = 'DEAD-1'") >= 1);
    }
    watched.job.start_daemon();
    watched.go("#/dead-letters");
    CHECK(watched.reads("it broke"));
    CHECK(watched.browser.sees("document.querySelector('nav .badge')?.textContent === '1'"));
    watched.browser.picture("dead-letters");
    REQUIRE(watched.browser.click(".card button:not(.primary)"));
    CHECK(watched.browser.sees("document.querySelector('dialog pre')?.textContent.includes('it broke')"));
    watched.browser.picture("dead-letter");
    watched.browser.type(escape);
    REQUIRE(watched.browser.click("[data-choice=replay]"));
    REQUIRE(watched.browser.click("dialog .primary"));
    CHECK(watched.reads("No dead letters"));
    const auto explained = watched.job.rig().crossdock({"explain", "DEAD-1"});
    CHECK_THAT(explained.out, Catch::Contains("replayed by key ops ("));
    CHECK_FALSE(watched.reloaded());
}

TEST_CASE("every view fits a phone, and goes by keyboard", "[page]") {
    Watched watched;
    auto& browser = watched.browser;
    watched.job.add_customer("worldtech-1734", "orders@worldtech.example");
    watched.job.place(seed_order());
    watched.job.wait_for_status(order_id, "shipped");
    watched.job.wait_for_stock();
    watched.job.wait_for_mails(order_id, 2);
    REQUIRE(watched.job.rig().crossdock({"customer", "add", "nomail", "--name", "No Mail"}).exit_code == 0);
    std::string quiet = small_order("PO-2025-11-26-WITH-A-RATHER-LONG-NUMBER-OF-ITS-OWN-0000000000000000001");
    quiet.replace(quiet.find(R"("c1","contact":{"email":"c1@example.com"})"), 41, R"("nomail")");
    watched.job.place(quiet);
    watched.sign_in(watched.key("ops", {"--scopes", "admin"}));
    const std::vector<std::string> views{
        "orders", "orders/" + std::string(order_id), "attention", "dead-letters", "suppliers", "inventory", "notifications"};
    const auto visit = [&](const std::string& kind) {
        for (const auto& view : views) {
            CAPTURE(kind, view);
            watched.go("#/" + view);
            CHECK(browser.sees("!document.querySelector('#view .hint')?.textContent.includes('Reading')"));
            if (view.find('/') != std::string::npos) { CHECK(browser.sees("document.querySelector('.order')")); }
            CHECK(browser.sees("document.documentElement.scrollWidth <= window.innerWidth"));
            std::string name = kind + "-" + view;
            std::replace(name.begin(), name.end(), '/', '-');
            browser.picture(name);
        }
    };
    visit("light");
    browser.prefer_dark(true);
    CHECK(browser.sees("getComputedStyle(document.body).backgroundColor === 'rgb(16, 20, 24)'"));
    visit("dark");
    browser.resize(360, 740, true);
    visit("phone");
    browser.prefer_dark(false);
    browser.resize(768, 1024, true);
    visit("tablet");

    browser.resize(1280, 860, false);
    browser.run("document.activeElement.blur()");
    browser.type("1");
    CHECK(browser.sees("document.querySelectorAll('.rows a').length === 2"));
    browser.type("j");
    CHECK(browser.sees("document.activeElement.matches('.rows a')"));
    browser.type(enter);
    CHECK(browser.sees("location.hash.startsWith('#/orders/PO-2025') && document.querySelector('.order')"));
    browser.run("document.activeElement.blur()");
    browser.type(escape);
    CHECK(browser.sees("location.hash === '#/orders'"));
    browser.type("/" + std::string("worldtech"));
    CHECK(browser.sees("document.querySelectorAll('.rows a').length === 1"));
    browser.type(escape + "5");
    CHECK(browser.sees("location.hash === '#/inventory'"));
    browser.type("?");
    CHECK(browser.sees("document.querySelector('dialog[open] kbd')"));
    browser.type(escape);
    CHECK(browser.sees("!document.querySelector('dialog')"));
    CHECK(browser.complaints() == "");
}

}  // namespace crossdock::tests
