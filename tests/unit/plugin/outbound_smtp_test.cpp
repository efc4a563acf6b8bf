#include "base/system_clock.hpp"
#include "client/outbound.hpp"
#include "fake_server.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace crossdock;
using namespace crossdock::http;

namespace {

/// An SMTP server that says what the test wants to a command ("" cuts) and notes what it was told.
class FakeSmtp {
public:
    explicit FakeSmtp(std::map<std::string, std::string> answers = {})
        : answers_(std::move(answers)), server_([this](FakeServer::Connection& peer, int) { serve(peer); }) {}

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }
    [[nodiscard]] int connections() const { return server_.connections(); }
    [[nodiscard]] std::vector<std::string> notes() { return server_.notes(); }

private:
    std::string answer(const std::string& key, const std::string& otherwise) {
        const auto found = answers_.find(key);
        return found == answers_.end() ? otherwise : found->second;
    }

    void serve(FakeServer::Connection& peer) {
        peer.write(answer("connect", "220 fake\r\n"));
        while (true) {
            const auto line = peer.read_until("\r\n");
            if (line.empty()) { return; }
            server_.note(line);
            const auto command = line.substr(0, line.find_first_of(" :\r"));
            auto said = answer(command, command == "DATA" ? "354 go on\r\n" : "250 fine\r\n");
            if (said.empty()) { return; }
            peer.write(said);
            if (command != "DATA" || !said.starts_with("354")) { continue; }
            server_.note(peer.read_until("\r\n.\r\n"));
            said = answer("end", "250 taken\r\n");
            if (said == "hang") { peer.drain(); }
            if (said.empty() || said == "hang") { return; }
            if (said.ends_with(" then gone")) {
                peer.write(said.substr(0, said.find("\r\n") + 2));
                return;
            }
            peer.write(said);
        }
    }

    std::map<std::string, std::string> answers_;
    FakeServer server_;
};

SmtpExchange mail(std::uint16_t port) {
    return {.tls = SmtpExchange::Tls::none,
            .host = "127.0.0.1",
            .port = port,
            .username = {},
            .password = {},
            .from = "orders@crossdock.example",
            .to = {"buyer@worldtech.example"},
            .message = "Subject: x\r\n\r\n.leading dot\r\n..two\r\nend\r\n"};
}

}  // namespace

TEST_CASE("a mail reaches the server with its envelope and its dots stuffed", "[http_client][unit]") {
    FakeSmtp smtp;
    Outbound outbound;
    const auto result = outbound.submit(mail(smtp.port()), {});
    CHECK(result.transport == Transport::answered);
    CHECK(result.status == 250);
    CHECK(result.on_wire);
    const auto notes = smtp.notes();
    REQUIRE(notes.size() >= 5);
    CHECK_THAT(notes[1], Catch::StartsWith("MAIL FROM:<orders@crossdock.example>"));
    CHECK_THAT(notes[2], Catch::StartsWith("RCPT TO:<buyer@worldtech.example>"));
    CHECK(notes[4] == "Subject: x\r\n\r\n..leading dot\r\n...two\r\nend\r\n.\r\n");
}

TEST_CASE("a mail longer than one piece arrives unchanged", "[http_client][unit]") {
    FakeSmtp smtp;
    Outbound outbound;
    auto exchange = mail(smtp.port());
    exchange.message = "Subject: long\r\n\r\n";
    for (int i = 0; i < 20'000; ++i) { exchange.message += "line " + std::to_string(i) + "\r\n"; }
    REQUIRE(outbound.submit(exchange, {}).status == 250);
    CHECK(smtp.notes()[4] == exchange.message + ".\r\n");
}

TEST_CASE("the server's reply code says what became of a mail", "[http_client][unit]") {
    struct Row {
        std::map<std::string, std::string> answers;
        Transport transport;
        int status;
        bool on_wire;
    };
    const auto row =
        GENERATE(Row{{{"RCPT", "550 no such user\r\n"}}, Transport::answered, 550, false},
                 Row{{{"MAIL", "451 later\r\n"}}, Transport::answered, 451, false},
                 Row{{{"DATA", "421 closing\r\n"}}, Transport::answered, 421, false},
                 Row{{{"end", "451 disk full\r\n"}}, Transport::answered, 451, true},
                 Row{{{"end", "554 looks like spam\r\n"}}, Transport::answered, 554, true},
                 Row{{{"connect", "554 go away\r\n"}}, Transport::answered, 554, false},
                 Row{{{"RCPT", ""}}, Transport::not_sent, 0, false}, Row{{{"DATA", ""}}, Transport::not_sent, 0, false},
                 Row{{{"end", ""}}, Transport::cut, 0, true}, Row{{{"end", "hang"}}, Transport::cut, 0, true});
    FakeSmtp smtp(row.answers);
    Outbound outbound;
    const auto result = outbound.submit(mail(smtp.port()), {.timeout = milliseconds(500)});
    CHECK(result.transport == row.transport);
    CHECK(result.status == row.status);
    CHECK(result.on_wire == row.on_wire);
}

TEST_CASE("mails go over one connection, and one that has died is replaced", "[http_client][unit]") {
    const bool dies = GENERATE(false, true);
    std::map<std::string, std::string> answers;
    if (dies) { answers["end"] = "250 taken\r\n then gone"; }
    FakeSmtp smtp(answers);
    Outbound outbound;
    for (int taken = 0; taken < 3;) {
        const auto result = outbound.submit(mail(smtp.port()), {});
        taken += result.status == 250 ? 1 : 0;
        // A connection may be seen dead only when it is spoken to; no message has left then.
        const bool harmless = dies && result.transport == Transport::not_sent && !result.on_wire;
        REQUIRE((result.status == 250 || harmless));
    }
    CHECK(smtp.connections() == (dies ? 3 : 1));
}

TEST_CASE("a late reply to one mail is not taken for the reply to the next", "[http_client][unit]") {
    FakeServer server([&](FakeServer::Connection& peer, int number) {
        peer.write("220 fake\r\n");
        for (auto line = peer.read_until("\r\n"); !line.empty(); line = peer.read_until("\r\n")) {
            peer.write(line.starts_with("DATA") ? "354 go on\r\n" : "250 fine\r\n");
            if (!line.starts_with("DATA")) { continue; }
            (void)peer.read_until("\r\n.\r\n");
            // The first mail gets no reply in time, the second is refused.
            if (number == 1) { return peer.drain(); }
            peer.write("554 no\r\n");
        }
    });
    Outbound outbound;
    CHECK(outbound.submit(mail(server.port()), {.timeout = milliseconds(200)}).transport == Transport::cut);
    CHECK(outbound.submit(mail(server.port()), {.timeout = milliseconds(5000)}).status == 554);
    CHECK(server.connections() == 2);
}

TEST_CASE("a mail that would smuggle a command or a header is refused before a connection", "[http_client][unit]") {
    FakeSmtp smtp;
    Outbound outbound;
    auto exchange = mail(smtp.port());
    const auto which = GENERATE(range(0, 11));
    switch (which) {
        case 0: exchange.to = {"a@b.example>\r\nRCPT TO:<evil@x.example"}; break;
        case 1: exchange.to = {"good@b.example", "a@b.example\n"}; break;
        case 2: exchange.from = "a@b.example\r"; break;
        case 3: exchange.from = std::string("a@b.example\0x", 13); break;
        case 4: exchange.to = {"a@b.example> NOTIFY=NEVER"}; break;
        case 5: exchange.to = {}; break;
        case 6: exchange.message = "Subject: x\r\n\r\nbare\nline\r\n"; break;
        case 7: exchange.message = "Subject: x\r\n\r\nbare\rreturn\r\n"; break;
        case 8: exchange.message = std::string("Subject: x\r\n\r\n\0\r\n", 17); break;
        case 9: exchange.message = "Subject: x\r\n\r\nno end"; break;
        default: exchange.host = "127.0.0.1/x"; break;
    }
    const auto result = outbound.submit(exchange, {});
    CHECK(result.transport == Transport::not_sent);
    CHECK_FALSE(result.on_wire);
    CHECK_FALSE(result.reason.empty());
    CHECK(smtp.notes().empty());
}

TEST_CASE("no mail leaves once not_after has passed", "[http_client][unit]") {
    FakeSmtp smtp;
    Outbound outbound;
    const auto result = outbound.submit(mail(smtp.port()), {.not_after = system_boot_ms() - 1});
    CHECK(result.transport == Transport::not_sent);
    CHECK(smtp.notes().empty());
}

TEST_CASE("who we are is said when it is asked for, and being turned away is no word about the mail", "[http_client][unit]") {
    const bool let_in = GENERATE(true, false);
    // RFC 4616: NUL, name, NUL, password.
    const std::string who = "AG9yZGVycwBzM2NyZXQ=";
    FakeSmtp smtp({{"EHLO", "250-fake\r\n250 AUTH PLAIN\r\n"},
                   {"AUTH", "334 \r\n"},
                   {who, let_in ? "235 welcome\r\n" : "535 5.7.8 wrong password\r\n"}});
    Outbound outbound;
    auto exchange = mail(smtp.port());
    exchange.username = "orders";
    exchange.password = "s3cret";
    const auto result = outbound.submit(exchange, {.timeout = milliseconds(5'000)});
    CHECK(result.transport == Transport::answered);
    CHECK(result.status == (let_in ? 250 : 535));
    CHECK(result.on_wire == let_in);
    const auto notes = smtp.notes();
    CHECK(notes.at(1) == "AUTH PLAIN\r\n");
    CHECK(notes.at(2) == who + "\r\n");
    CHECK((notes.size() > 3 && notes[3].starts_with("MAIL")) == let_in);
}

TEST_CASE("STARTTLS is required when asked for, not merely tried", "[http_client][unit]") {
    FakeSmtp smtp;
    Outbound outbound;
    auto exchange = mail(smtp.port());
    exchange.tls = SmtpExchange::Tls::starttls;
    const auto result = outbound.submit(exchange, {});
    CHECK(result.transport == Transport::not_sent);
    for (const auto& note : smtp.notes()) { CHECK_THAT(note, !Catch::StartsWith("MAIL")); }
}
