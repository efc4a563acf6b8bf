// How people are told, over real sockets: one click that ends it, and a channel that the core does not know.
#include "http/loopback.hpp"
#include "store/database.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace crossdock::tests {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
constexpr const char* seed_id = "PXSTKL0000347";

app::RigOptions quick(const std::string& more) {
    app::RigOptions options;
    options.accept_after = milliseconds{150};
    options.ship_after = milliseconds{500};
    options.inventory_every = milliseconds{3'600'000};
    options.edit_config = [more](std::string config) { return config + more; };
    return options;
}

std::int64_t count(MainJob& job, const std::string& what) {
    auto store = store::Database::open(job.rig().data() / "store.sqlite3", store::Database::Mode::read_only);
    REQUIRE(store.has_value());
    return (*store)->number("SELECT COUNT(*) FROM " + what);
}

/// The path of the link that a mail offers.
std::string link_of(const sandbox::StoredMail& mail) {
    const auto header = mail.header("List-Unsubscribe");
    constexpr std::string_view begin = "<https://orders.example/xd";
    REQUIRE(header.starts_with(begin));
    REQUIRE(header.ends_with(">"));
    return header.substr(begin.size(), header.size() - begin.size() - 1);
}

/// The mails to the seed's client; alerts offer nothing of the kind.
std::vector<sandbox::StoredMail> client_mails(MainJob& job) {
    std::vector<sandbox::StoredMail> found;
    for (auto& mail : job.mails()) {
        if (mail.to == "orders@worldtech.example") { found.push_back(std::move(mail)); }
        else { CHECK(mail.header("List-Unsubscribe").empty()); }
    }
    return found;
}

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string with_id(std::string order, const std::string& id) {
    return order.replace(order.find(seed_id), std::string(seed_id).size(), id);
}

}  // namespace

TEST_CASE("a client ends the mails by the one click that each of them offers, and by nothing less", "[system]") {
    MainJob job(quick("\nnotifications: { base_url: 'https://orders.example/xd/' }\n"));
    job.run_seed_order();
    const auto mails = client_mails(job);
    REQUIRE(mails.size() == 2);
    const auto link = link_of(mails.front());
    for (const auto& mail : mails) {
        CHECK(mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click");
        CHECK_THAT(mail.text, Contains("https://orders.example/xd" + link));
        CHECK_THAT(mail.html, Contains("https://orders.example/xd" + link));
    }
    // Nobody's key: what the recipient of a mail has is the link.
    const auto click = [&](const std::string& method, const std::string& target) {
        http::LoopbackCall call{.port = job.rig().api_port(), .method = method, .target = target};
        call.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
        if (method == "POST") { call.body = "List-Unsubscribe=One-Click"; }
        const auto answer = http::exchange(call);
        REQUIRE(answer.has_value());
        return answer->status;
    };
    auto forged = link;
    forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
    CHECK(click("POST", forged) == 404);
    CHECK(click("GET", link) == 200);
    CHECK(count(job, "stopped_recipients") == 0);
    CHECK(click("POST", link) == 200);
    CHECK(count(job, "stopped_recipients") == 1);

    job.place(with_id(seed_order(), "PXSTKL0000348"));
    job.wait_for_status("PXSTKL0000348", "shipped");
    REQUIRE(eventually([&] { return count(job, "notifications WHERE order_id = 'PXSTKL0000348'") >= 2; }));
    CHECK(count(job, "notifications WHERE order_id = 'PXSTKL0000348' AND not_told IS NULL") == 0);
    CHECK(client_mails(job).size() == mails.size());
    CHECK_THAT(job.rig().crossdock({"order", "show", "PXSTKL0000348"}).out,
               Contains("told to nobody (unsubscribed by the link in a mail)"));
    const auto stopped = job.rig().crossdock({"notify", "stopped"});
    CHECK_THAT(stopped.out, Contains(mails.front().to) && Contains("unsubscribed by the link in a mail"));

    // A person lifts it.
    CHECK(job.rig().crossdock({"notify", "resume", mails.front().to}).exit_code == 0);
    CHECK(job.rig().crossdock({"notify", "resume", mails.front().to}).exit_code == 1);
    job.place(with_id(seed_order(), "PXSTKL0000349"));
    job.wait_for_mails("PXSTKL0000349", 2);
    // The secret that signs is sealed like any other.
    CHECK_THAT(job.rig().crossdock({"secret", "list"}).out, Contains("crossdock/unsubscribe"));
}

TEST_CASE("preferences are set by command, hold for the next fact, and a mail is seen before it is sent", "[system]") {
    MainJob job(quick(""));
    job.start_world();
    job.start_daemon();
    job.add_customer("worldtech-1734", "purchasing@worldtech.example");
    const auto set = job.rig().crossdock(
        {"customer", "preferences", "worldtech-1734", "--language", "de", "--event", "order.placed=immediate"});
    INFO(set.err);
    REQUIRE(set.exit_code == 0);
    CHECK_THAT(set.out, Contains("order.placed") && Contains("immediate") && Contains("de"));
    const auto wrong = job.rig().crossdock({"customer", "preferences", "worldtech-1734", "--event", "order.placd=daily"});
    CHECK(wrong.exit_code == 1);
    CHECK_THAT(wrong.err, Contains("/events/order.placd: is no event that can be told here"));
    CHECK(job.rig().crossdock({"customer", "preferences", "nobody"}).exit_code == 1);
    job.place(seed_order());
    job.wait_for_mails("ist eingegangen", 1);
    job.wait_for_mails("ist unterwegs", 1);
    for (const auto& mail : job.mails()) { CHECK(mail.header("List-Unsubscribe").empty()); }

    const auto preview = job.rig().crossdock({"notify", "preview", "order.shipped", "--order", seed_id, "--language", "en"});
    CHECK(preview.exit_code == 0);
    CHECK_THAT(preview.out, Contains("Subject: Order PXSTKL0000347 has shipped: 1Z999AA10123456784"));
    CHECK_THAT(job.rig().crossdock({"notify", "preview", "order.shiped"}).err, Contains("did you mean `order.shipped`?"));
    CHECK(job.rig().crossdock({"notify", "preview", "order.shipped", "--order", "NOWHERE-1"}).exit_code == 1);
}

TEST_CASE("a channel that the core knows nothing of takes a library and its name, and tells each message once", "[system]") {
    // Behind the plugin's own act, and before its answer is on the disk.
    const std::string point = GENERATE(as<std::string>(), "", "plugin.effect.after:1", "effect.outcome.before_commit:2");
    CAPTURE(point);
    const support::TemporaryFolder mail;
    app::RigOptions options = quick("");
    options.edit_config = [&mail](std::string config) {
        const std::string block = "channels:\n  archive:\n    plugin: file\n    settings: { maildir: { folder: '" +
                                  mail.path().string() + "' } }\n    not_after: 3s\n    request_timeout: 3s\n";
        config.replace(config.find("channels:\n"), std::string("channels:\n").size(), block);
        return config + "\nnotifications: { clients: { channels: [archive] } }\n";
    };
    MainJob job(std::move(options));
    job.start_world();
    job.start_daemon(point);
    job.add_customer("worldtech-1734", "purchasing@worldtech.example");
    job.place(seed_order());
    REQUIRE(eventually([&] {
        job.revive();
        return count(job, "notifications WHERE channel = 'archive' AND sent = 1") == 2;
    }));
    std::set<std::string> ids;
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(mail.path() / "new")) {
        ++files;
        const auto text = content(entry.path());
        const auto at = text.find("\nMessage-ID: ");
        REQUIRE(at != std::string::npos);
        ids.insert(text.substr(at, text.find('\n', at + 1) - at));
    }
    CHECK(files == 2);
    CHECK(ids.size() == 2);
    CHECK(fs::is_empty(mail.path() / "tmp"));
    CHECK(count(job, "notifications WHERE channel = 'email' AND user_id IS NOT NULL") == 0);
}

}  // namespace crossdock::tests
