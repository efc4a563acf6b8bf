#include "email/mime.hpp"

#include <catch2/catch.hpp>

namespace sdk = crossdock::sdk;

namespace {

std::string decode_quoted_printable(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') { out += text[i]; }
        else if (text[i + 1] == '\r') { i += 2; }
        else {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        }
    }
    return out;
}

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find("\r\n", at), text.size());
        longest = std::max(longest, end - at);
        at = end + 2;
    }
    return longest;
}

}  // namespace

TEST_CASE("quoted-printable keeps the text and the line lengths", "[sdk][unit]") {
    const std::string text =
        GENERATE(std::string("a=b \ntrailing \t\nend "), std::string(500, 'x'), std::string("\xC3\xA9\xE2\x82\xAC"),
                 std::string("crlf\r\nlone\rcr\n"), std::string(75, 'y') + "=", std::string());
    const auto encoded = email::quoted_printable(text);
    CHECK(longest_line(encoded) <= 76);
    CHECK(encoded.find(" \r\n") == std::string::npos);
    std::string expected;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool lone = text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
        expected += lone ? "\r\n" : std::string(1, text[i]);
    }
    CHECK(decode_quoted_printable(encoded) == expected);
}

TEST_CASE("a subject that is not plain is written in encoded words that split no character", "[sdk][unit]") {
    CHECK(email::header_text("Order PX1 shipped") == "Order PX1 shipped");
    CHECK(email::header_text("=?x?=") == "=?UTF-8?B?PT94Pz0=?=");
    std::string accents;
    for (int i = 0; i < 40; ++i) { accents += "\xC3\xA9"; }
    const auto encoded = email::header_text(accents);
    CHECK(encoded ==
          "=?UTF-8?B?" + sdk::base64(accents.substr(0, 44)) + "?=\r\n =?UTF-8?B?" + sdk::base64(accents.substr(44)) + "?=");
    CHECK(longest_line(encoded) <= 76);
}

TEST_CASE("base64 is RFC 4648's", "[sdk][unit]") {
    CHECK(sdk::base64("") == "");
    CHECK(sdk::base64("f") == "Zg==");
    CHECK(sdk::base64("fo") == "Zm8=");
    CHECK(sdk::base64("foo") == "Zm9v");
    CHECK(sdk::base64("\xFF\xFE\xFD\xFC") == "//79/A==");
}

TEST_CASE("the same message is composed to the same bytes", "[sdk][unit]") {
    const sdk::Message message{
        "<a@b.example>", "a@b.example", "Jo \"Q\"", "c@d.example", "S", "t", "<p>h</p>", "Thu, 30 Oct 2025 18:06:39 +0000"};
    const auto composed = email::compose(message);
    CHECK(composed == email::compose(message));
    CHECK_THAT(composed, Catch::Contains("From: \"Jo \\\"Q\\\"\" <a@b.example>\r\n"));
    CHECK_THAT(composed, Catch::EndsWith("--\r\n"));
    auto bad = message;
    bad.message_id = "<a@b.example>\r\nX: y";
    CHECK_THROWS_WITH(email::compose(bad), Catch::Contains("message_id"));
    bad = message;
    bad.date = "now\r\nBcc: x@y.example";
    CHECK_THROWS_WITH(email::compose(bad), Catch::Contains("date"));
}
