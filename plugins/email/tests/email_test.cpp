#include <crossdock/testing.hpp>

#include <string>

namespace testing = crossdock::sdk::testing;

namespace {

std::string message_to(const std::string& to) {
    return R"({"message_id":"<fact-1@crossdock.example>","from":"orders@crossdock.example","to":")" + to +
           R"(","subject":"s","text":"t","date":"Thu, 30 Oct 2025 18:06:39 +0000"})";
}

testing::Plugin email() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

/// The cassettes are made by hand from what SMTP servers answer (RFC 5321, section 4.2.3), not captured from one.
void plays_its_cassettes() {
    testing::expect_none(testing::play_all(email(), CROSSDOCK_CASSETTES));
}

void completes_its_settings() {
    auto instance = email().start(R"({"host":"smtp.example.com"})");
    testing::FakeHost host;
    host.answer(250);
    testing::expect(instance.call("deliver", message_to("buyer@worldtech.example"), host).ok(), "it answers");
    const auto mail = host.mails().at(0).mail;
    testing::expect_equal(mail.port, 587);
    testing::expect(mail.tls == crossdock::sdk::SmtpSubmission::Tls::starttls, "STARTTLS is the default");
    testing::expect(mail.username.empty() && mail.password.empty(), "there is no authentication unless asked for");
}

void refuses_settings_by_name() {
    const auto refusal = [](const char* settings) {
        return testing::expect_throws([settings] { (void)email().start(settings); });
    };
    testing::expect(refusal("{}").find("\"host\" is missing") != std::string::npos, "host");
    testing::expect(refusal(R"({"host":"h","tls":"maybe"})").find("\"tls\" must be one of") != std::string::npos, "tls");
}

void sends_nothing_to_a_smuggled_recipient() {
    auto instance = email().start(R"({"host":"smtp.example.com","tls":"none"})");
    for (const char* const to : {"a@b.example\\r\\nBcc: x@y.example", "a@b.example> x", "nobody", "a@b@c"}) {
        testing::FakeHost host;
        const auto answer = instance.call("deliver", message_to(to), host);
        testing::expect(answer.fault.find("\"to\"") != std::string::npos, to);
        testing::expect(host.sent().empty(), to);
    }
}

/// RFC 8058, section 3.1: both headers, the link in angle brackets, and nothing in it that ends a header.
void offers_to_unsubscribe() {
    auto instance = email().start(R"({"host":"smtp.example.com","tls":"none"})");
    const auto with_link = [](const std::string& link) {
        auto text = message_to("a@b.example");
        return text.insert(1, R"("unsubscribe":")" + link + R"(",)");
    };
    testing::FakeHost host;
    testing::expect(instance.call("deliver", with_link("https://x.example/unsubscribe/t.s"), host).ok(), "it answers");
    const auto mail = host.mails().at(0).mail.message;
    testing::expect(mail.find("\r\nList-Unsubscribe: <https://x.example/unsubscribe/t.s>\r\nList-Unsubscribe-Post: "
                              "List-Unsubscribe=One-Click\r\n") != std::string::npos,
                    "both headers");
    for (const char* const bad :
         {"https://x.example/>\\r\\nBcc: x@y.example", "https://x.example/a b", "https://x.example/>,<mailto:x"}) {
        testing::FakeHost quiet;
        const auto answer = instance.call("deliver", with_link(bad), quiet);
        testing::expect(answer.fault.find("\"unsubscribe\"") != std::string::npos, bad);
        testing::expect(quiet.sent().empty(), bad);
    }
    testing::FakeHost without;
    testing::expect(instance.call("deliver", message_to("a@b.example"), without).ok(), "it answers");
    testing::expect(without.mails().at(0).mail.message.find("List-Unsubscribe") == std::string::npos, "no link, no header");
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("the cassettes, made by hand, are played back exactly", plays_its_cassettes);
    suite.test("settings that are left out have their defaults", completes_its_settings);
    suite.test("settings that do not fit are refused by name", refuses_settings_by_name);
    suite.test("a smuggled recipient gets no mail", sends_nothing_to_a_smuggled_recipient);
    suite.test("a link to unsubscribe is offered as one click, and holds no header of its own", offers_to_unsubscribe);
    return suite.run(argc, argv);
}
