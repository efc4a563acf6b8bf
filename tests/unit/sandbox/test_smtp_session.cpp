#include "sandbox/mail_store.hpp"
#include "sandbox/smtp_session.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using sandbox::parse_mail;
using sandbox::SmtpSession;

namespace {

/// The first three characters of what the session says to each line.
std::string codes(SmtpSession& session, const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) { out += session.line(line).reply.substr(0, 3) + " "; }
    return out;
}

}  // namespace

TEST_CASE("a mail is taken with its envelope, its dots unstuffed", "[sandbox]") {
    SmtpSession session({});
    CHECK(codes(session, {"EHLO here", "MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME", "RCPT TO:<c@d>", "rcpt to: <e@f>", "DATA"}) ==
          "250 250 250 250 354 ");
    for (const char* line : {"Subject: x", "", "..", ".dot", "end"}) {
        const auto step = session.line(line);
        CHECK(step.reply.empty());
        CHECK_FALSE(step.mail);
    }
    const auto step = session.line(".");
    REQUIRE(step.mail);
    CHECK(step.mail->from == "a@b");
    CHECK(step.mail->to == std::vector<std::string>{"c@d", "e@f"});
    CHECK(step.mail->content == "Subject: x\r\n\r\n.\r\ndot\r\nend\r\n");
    CHECK(codes(session, {"MAIL FROM:<>", "RCPT TO:<a@b>", "RSET", "DATA", "NOOP"}) == "250 250 250 503 250 ");
    CHECK(session.line("QUIT").close);
}

TEST_CASE("commands out of turn and malformed ones are refused", "[sandbox]") {
    SmtpSession session({.recipients_max = 1});
    CHECK(codes(session, {"MAIL FROM:<a@b>", "HELO x", "RCPT TO:<a@b>", "DATA", "MAIL a@b", "MAIL FROM:a@b", "MAIL FROM:<a b>",
                          "MAIL FROM:<a@b>", "MAIL FROM:<a@b>", "RCPT TO:<>", "RCPT TO:<c@d>", "RCPT TO:<e@f>", "VRFY x", ""}) ==
          "503 250 503 503 501 501 501 250 503 501 250 452 502 502 ");
}

TEST_CASE("a mail that is too large, or has too long a line, is refused and the next one taken", "[sandbox]") {
    SmtpSession session({.message_max = 100});
    CHECK(codes(session, {"EHLO x", "MAIL FROM:<a@b> SIZE=101", "MAIL FROM:<a@b> size=100", "RCPT TO:<c@d>", "DATA"}) ==
          "250 552 250 250 354 ");
    for (int i = 0; i < 20; ++i) { CHECK(session.line("0123456789").reply.empty()); }
    CHECK(session.line(".").reply.substr(0, 3) == "552");
    CHECK(codes(session, {"MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"}) == "250 250 354 ");
    CHECK(session.line("part of a long line", false).reply.empty());
    CHECK(session.line(".").reply.substr(0, 3) == "500");
    CHECK(codes(session, {"MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"}) == "250 250 354 ");
    CHECK(session.line(".").mail);
}

TEST_CASE("a stored mail is read back: folded headers, encoded words, alternatives and encodings", "[sandbox]") {
    const auto mail = parse_mail(
        "X-Envelope-From: <orders@crossdock.example>\r\nX-Envelope-To: <a@b>\r\nX-Envelope-To: <c@d>\r\n"
        "From: Crossdock <orders@crossdock.example>\r\nTo: a@b,\r\n c@d\r\nMessage-ID: <1@crossdock.example>\r\n"
        "Subject: =?UTF-8?Q?Order_=C3=BC?=\r\n =?utf-8?B?YmVy?= is shipped\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative;\r\n boundary=\"b1\"\r\n\r\npreamble\r\n"
        "--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Gr=C3=BC=\r\n=C3=9Fe =3D\r\nnext\r\n"
        "--b1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nPGI+\r\nPC9iPg==\r\n--b1--\r\n");
    CHECK(mail.envelope_from == "orders@crossdock.example");
    CHECK(mail.envelope_to == std::vector<std::string>{"a@b", "c@d"});
    CHECK(mail.message_id == "<1@crossdock.example>");
    CHECK(mail.to == "a@b, c@d");
    CHECK(mail.subject == "Order über is shipped");
    CHECK(mail.text == "Grüße =\r\nnext");
    CHECK(mail.html == "<b></b>");
    CHECK(mail.header("mime-version") == "1.0");
}

TEST_CASE("a broken mail is read as far as it goes", "[sandbox]") {
    const auto content = GENERATE("", "no header at all", "Content-Type: multipart/mixed; boundary=\r\n\r\nx",
                                  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b",
                                  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b",
                                  "Subject: =?UTF-8?Q\r\n\r\n", "Subject: =?\r\n\r\n=", " folded: first\r\n\r\n",
                                  "Content-Type: multipart/mixed; boundary=\"b\r\n\r\n--b\r\n\r\nx");
    static_cast<void>(parse_mail(content));
    CHECK(parse_mail(std::string("X: y\r\n") + content).header("X").starts_with("y"));
}
