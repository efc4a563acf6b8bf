#include "../shapes.hpp"

#include <crossdock/testing.hpp>

#include <string>

namespace sdk = crossdock::sdk;
namespace testing = crossdock::sdk::testing;

namespace {

constexpr const char* standard_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

testing::Plugin webhook() {
    return testing::Plugin::load(CROSSDOCK_PLUGIN_FILE);
}

std::string settings(const std::string& more = "") {
    return R"({"url":"https://shop.example/hooks","secret":"shared")" + more + "}";
}

std::string standard_settings(const std::string& secret, const std::string& more = "") {
    return R"({"url":"https://shop.example/hooks","shape":"standard-webhooks","secret":")" + secret + "\"" + more + "}";
}

std::string message(const std::string& status, const std::string& more = "") {
    return R"({"message_id":"<0a1b@crossdock.example>","from":"o@crossdock.example","to":"platform","subject":"s","text":"t",)"
           R"("date":"Thu, 30 Oct 2025 18:06:39 +0000","fact":{"id":"f","type":"order.shipped","time":"2025-10-30T18:06:39.120Z",)"
           R"("order_id":"PX1","data":{"status":"shipped"}},"order":{"order_id":"PX1","status":")" +
           status + R"(","updated_at":"2025-10-30T18:06:39Z")" + more + "}}";
}

/// The one request of a delivery that is taken.
testing::HttpRequest posted(const std::string& with, const std::string& input, testing::FakeHost& host) {
    auto instance = webhook().start(with);
    host.answer(200);
    const auto answer = instance.call("deliver", input, host);
    testing::expect_equal(answer.fault, "");
    testing::expect_equal(host.requests().size(), 1U);
    return host.requests().at(0);
}

/// The cassettes are made by hand: the document is the seed's, the answers are HTTP's (RFC 9110).
void plays_its_cassettes() {
    testing::expect_none(testing::play_all(webhook(), CROSSDOCK_CASSETTES));
}

void sends_six_members_always() {
    testing::FakeHost host;
    const auto request = posted(settings(), message("submitted"), host);
    testing::expect_equal(request.body, R"({"event":"order.status_updated","order_id":"PX1","supplier_order_id":null,)"
                                        R"("status":"pending","tracking_number":null,"updated_at":"2025-10-30T18:06:39Z"})");
}

void says_each_status() {
    const auto word = [](const std::string& with, const std::string& status) {
        testing::FakeHost host;
        return posted(with, message(status), host).json().text("status").value_or("none");
    };
    for (const auto& [ours, theirs] : webhook::phonex_words) {
        testing::expect_equal(word(settings(), std::string(ours)), std::string(theirs));
    }
    const auto own = settings(R"(,"statuses":{"delivered":"delivered","rejected":"Refused"})");
    testing::expect_equal(word(own, "delivered"), "delivered");
    testing::expect_equal(word(own, "rejected"), "Refused");
    testing::expect_equal(word(own, "shipped"), "shipped");
    // One that a later Crossdock may have.
    testing::expect_equal(word(own, "returned"), "returned");
}

void signs_the_body_it_sends() {
    testing::FakeHost host;
    const auto request = posted(settings(), message("shipped"), host);
    testing::expect_equal(host.hmacs().size(), 1U);
    testing::expect_equal(host.hmacs()[0].key, "shared");
    testing::expect_equal(host.hmacs()[0].data, request.body);
    testing::expect_equal(request.header("X-PhoneX-Signature").value_or(""), sdk::hex(host.hmacs()[0].mac));

    testing::FakeHost other;
    const auto named = posted(settings(R"(,"signature_header":"X-Sig")"), message("shipped"), other);
    testing::expect(named.header("X-Sig").has_value() && !named.header("X-PhoneX-Signature").has_value(), "the header's name");
}

void signs_as_standard_webhooks_has_it() {
    testing::FakeHost host;
    host.set_utc_ms(1'761'847'599'999);
    const auto request = posted(standard_settings(standard_secret), message("shipped"), host);
    testing::expect_equal(request.header("webhook-id").value_or(""), "msg_0a1b");
    testing::expect_equal(request.header("webhook-timestamp").value_or(""), "1761847599");
    testing::expect_equal(host.hmacs()[0].key, *sdk::base64_bytes("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    testing::expect_equal(host.hmacs()[0].data, "msg_0a1b.1761847599." + request.body);
    testing::expect_equal(request.header("webhook-signature").value_or(""), "v1," + sdk::base64(host.hmacs()[0].mac));
    testing::expect_equal(request.json().text("type").value_or(""), "order.shipped");
    testing::expect_equal(request.json().at("/data/id")->text(), "f");
}

void repeats_under_the_same_id() {
    auto instance = webhook().start(standard_settings(standard_secret));
    testing::FakeHost host;
    host.cut().answer(200);
    (void)instance.call("deliver", message("shipped"), host);
    host.advance_ms(60'000);
    (void)instance.call("deliver", message("shipped"), host);
    const auto requests = host.requests();
    testing::expect_equal(requests.at(0).header("webhook-id").value_or(""), requests.at(1).header("webhook-id").value_or("none"));
    testing::expect(requests.at(0).header("webhook-timestamp") != requests.at(1).header("webhook-timestamp"),
                    "each try has its time");
}

void signs_with_both_secrets_while_one_takes_the_others_place() {
    testing::FakeHost host;
    const auto request = posted(standard_settings(standard_secret, R"(,"old_secret":"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")"),
                                message("shipped"), host);
    testing::expect_equal(request.header("webhook-signature").value_or(""),
                          "v1," + sdk::base64(host.hmacs()[0].mac) + " v1," + sdk::base64(host.hmacs()[1].mac));
    testing::expect(host.hmacs()[0].key != host.hmacs()[1].key, "two keys");
}

void refuses_settings_by_name() {
    const auto refusal = [](const std::string& given) {
        return testing::expect_throws([given] { (void)webhook().start(given); });
    };
    const auto has = [](const std::string& text, const std::string& part) {
        testing::expect(text.find(part) != std::string::npos, text);
    };
    has(refusal("{}"), "\"url\" is missing");
    has(refusal(R"({"url":"https://a.example"})"), "\"secret\" is missing");
    has(refusal(R"({"url":"ftp://a.example","secret":"s"})"), "\"url\" must begin with http:// or https://");
    has(refusal(settings(R"(,"shape":"slack")")), "\"shape\" must be one of");
    has(refusal(settings(R"(,"statuses":{"lost":"x"})")), "\"statuses.lost\" is not known");
    has(refusal(settings(R"(,"old_secret":"x")")), "\"old_secret\" is of the shape standard-webhooks");
    for (const char* const bad : {"shared", "whsec_!!!!", "whsec_c2hvcnQ=", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
        const auto text = refusal(standard_settings(bad));
        has(text, "\"secret\" must be whsec_ and the base64 of 24 to 64 bytes");
        testing::expect(text.find(bad) == std::string::npos, "no value is shown: " + text);
    }
    has(refusal(standard_settings(standard_secret, R"(,"old_secret":"whsec_c2hvcnQ=")")), "\"old_secret\" must be whsec_");
}

void sends_nothing_that_is_for_a_person() {
    auto instance = webhook().start(settings());
    testing::FakeHost host;
    const auto answer =
        instance.call("deliver", R"({"message_id":"<a@b>","from":"f@b","to":"t@b","subject":"s","text":"t","date":"Thu"})", host);
    testing::expect(answer.fault.find("audience: platform") != std::string::npos, answer.fault);
    testing::expect(host.sent().empty(), "nothing is sent");
}

void notices_a_secret_that_was_rotated() {
    auto instance = webhook().start(settings());
    testing::FakeHost host;
    host.answer(200).answer(200);
    (void)instance.call("deliver", message("shipped"), host);
    host.set_secret("secret", "another");
    (void)instance.call("deliver", message("shipped"), host);
    testing::expect_equal(host.hmacs().at(1).key, "another");
}

}  // namespace

int main(int argc, char** argv) {
    testing::Suite suite;
    suite.test("the cassettes, made by hand, are played back exactly", plays_its_cassettes);
    suite.test("PhoneX's document has its six members always", sends_six_members_always);
    suite.test("each status has a word of PhoneX's, or the platform's own", says_each_status);
    suite.test("the signature is of the body that is sent", signs_the_body_it_sends);
    suite.test("Standard Webhooks sign id, time and body", signs_as_standard_webhooks_has_it);
    suite.test("a message is repeated under the same id", repeats_under_the_same_id);
    suite.test("two secrets sign while one takes the other's place", signs_with_both_secrets_while_one_takes_the_others_place);
    suite.test("settings that do not fit are refused by name", refuses_settings_by_name);
    suite.test("a message for a person is not sent", sends_nothing_that_is_for_a_person);
    suite.test("a rotated secret signs at once", notices_a_secret_that_was_rotated);
    return suite.run(argc, argv);
}
