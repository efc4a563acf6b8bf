#include "base/system_clock.hpp"
#include "sandbox/mail_sink.hpp"
#include "sandbox/mail_store.hpp"
#include "support/raw_socket.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

#include <thread>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RawSocket;
using support::TemporaryFolder;

namespace {

class RunningSink {
public:
    explicit RunningSink(const sandbox::MailOptions& options)
        : clock_(context_.get_executor()),
          sink_(sandbox::MailSink::start(context_.get_executor(), clock_, options).value()),
          thread_([this] { context_.run(); }) {}
    RunningSink(const RunningSink&) = delete;
    RunningSink& operator=(const RunningSink&) = delete;
    ~RunningSink() {
        boost::asio::post(context_, [this] { sink_->stop(); });
        thread_.join();
    }
    [[nodiscard]] std::uint16_t port() const { return sink_->port(); }

private:
    boost::asio::io_context context_{1};
    SystemClock clock_;
    std::unique_ptr<sandbox::MailSink> sink_;
    std::thread thread_;
};

sandbox::MailOptions options_in(const TemporaryFolder& folder) {
    sandbox::MailOptions options;
    options.data = folder.path();
    options.port = 0;
    return options;
}

/// Says one line, hears one reply.
std::string ask(RawSocket& client, const std::string& line) {
    client.send(line + "\r\n");
    return client.read_until("\r\n").substr(0, 3);
}

/// Sends a mail; the answer to its final dot.
std::string send_mail(RawSocket& client, const std::string& id, const std::string& body) {
    ask(client, "MAIL FROM:<orders@crossdock.example>");
    ask(client, "RCPT TO:<buyer@worldtech.example>");
    if (ask(client, "DATA") != "354") { return "no DATA"; }
    return ask(client, "Message-ID: " + id + "\r\nTo: buyer@worldtech.example\r\nSubject: Hello\r\n\r\n" + body + "\r\n.");
}

void greet(RawSocket& client) {
    REQUIRE(client.read_until("\r\n").starts_with("220 "));
    REQUIRE(ask(client, "HELO test") == "250");
}

}  // namespace

TEST_CASE("a mail answered with 250 is a file, numbered on across restarts", "[sandbox]") {
    const TemporaryFolder folder;
    for (int round = 1; round <= 2; ++round) {
        const RunningSink sink(options_in(folder));
        RawSocket client(sink.port());
        greet(client);
        CHECK(send_mail(client, "<" + std::to_string(round) + "@x>", "..dot\r\nline") == "250");
        // Read at once: it is there before the answer is.
        const auto mails = sandbox::read_mails(folder.path());
        REQUIRE(mails.size() == static_cast<std::size_t>(round));
        CHECK(mails.back().file.filename() == "00000" + std::to_string(round) + ".eml");
        CHECK(mails.back().message_id == "<" + std::to_string(round) + "@x>");
        CHECK(mails.back().envelope_to == std::vector<std::string>{"buyer@worldtech.example"});
        CHECK(mails.back().subject == "Hello");
        CHECK(mails.back().text == ".dot\r\nline\r\n");
        CHECK(ask(client, "QUIT") == "221");
        CHECK(client.read_all().empty());
        CHECK(client.ended());
    }
}

TEST_CASE("several connections talk at once, commands may come in one packet", "[sandbox]") {
    const TemporaryFolder folder;
    const RunningSink sink(options_in(folder));
    RawSocket slow(sink.port());
    greet(slow);
    REQUIRE(ask(slow, "MAIL FROM:<a@b>") == "250");
    RawSocket quick(sink.port());
    quick.send("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    CHECK(quick.read_until("354 ").find("250-SIZE ") != std::string::npos);
    quick.read_until("\r\n");
    CHECK(ask(quick, "Subject: quick\r\n\r\nx\r\n.") == "250");
    REQUIRE(ask(slow, "RCPT TO:<c@d>") == "250");
    REQUIRE(ask(slow, "DATA") == "354");
    CHECK(ask(slow, "Subject: slow\r\n\r\nx\r\n.") == "250");
    const auto mails = sandbox::read_mails(folder.path());
    REQUIRE(mails.size() == 2);
    CHECK(mails[0].subject == "quick");
    CHECK(mails[1].subject == "slow");
}

TEST_CASE("the sink refuses with the code it was told to, as often as told", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = options_in(folder);
    options.fail_with = GENERATE(451, 554);
    options.fail_times = 2;
    const RunningSink sink(options);
    RawSocket client(sink.port());
    greet(client);
    CHECK(send_mail(client, "<1@x>", "x") == std::to_string(options.fail_with));
    CHECK(send_mail(client, "<1@x>", "x") == std::to_string(options.fail_with));
    CHECK(sandbox::read_mails(folder.path()).empty());
    CHECK(send_mail(client, "<1@x>", "x") == "250");
    CHECK(sandbox::read_mails(folder.path()).size() == 1);
}

TEST_CASE("the sink can store a mail and cut the connection before it says so", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = options_in(folder);
    options.cut_after_store_times = 1;
    const RunningSink sink(options);
    RawSocket client(sink.port());
    greet(client);
    CHECK(send_mail(client, "<1@x>", "x").empty());
    CHECK(client.ended());
    CHECK(sandbox::read_mails(folder.path()).size() == 1);
}

TEST_CASE("lines and mails above the limits are refused, the connection goes on", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = options_in(folder);
    options.message_max = 5'000;
    const RunningSink sink(options);
    RawSocket client(sink.port());
    greet(client);
    CHECK(ask(client, "NOOP " + std::string(100'000, 'x')) == "500");
    CHECK(send_mail(client, "<1@x>", std::string(100'000, 'x')) == "500");
    CHECK(send_mail(client, "<2@x>", std::string(999, 'x')) == "500");
    std::string many;
    for (int i = 0; i < 1'000; ++i) { many += "line\r\n"; }
    CHECK(send_mail(client, "<3@x>", many) == "552");
    CHECK(send_mail(client, "<4@x>", std::string(998, 'x')) == "250");
    CHECK(sandbox::read_mails(folder.path()).size() == 1);
}

TEST_CASE("a silent connection to the sink is closed", "[sandbox]") {
    const TemporaryFolder folder;
    auto options = options_in(folder);
    options.idle_timeout = 50ms;
    const RunningSink sink(options);
    RawSocket client(sink.port());
    CHECK(client.read_all() == "220 sandbox ESMTP\r\n");
    CHECK(client.ended());
}
