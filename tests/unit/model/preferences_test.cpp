#include "model/preferences.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using model::Told;

namespace {

/// 2025-10-30T18:06:39Z; 19:06 in Berlin.
constexpr UtcMs now = 1'761'847'599'000;

const model::PreferenceWords words{model::client_events(), {{"email", "archive"}}};

Json json(const std::string& text) {
    return Json::parse(text).value();
}

model::Preferences preferences(const std::string& text) {
    return model::read_preferences(json(text), words).value();
}

std::string fault(const std::string& text) {
    const auto read = model::read_preferences(json(text), words);
    if (read) { return ""; }
    return read.error().front().pointer + ": " + read.error().front().message;
}

std::string told(const std::string& own, const std::string& event, UtcMs at = now) {
    const auto telling = model::tell_by(preferences(own), model::client_defaults(), event, at);
    std::string text(model::name(telling.told));
    if (telling.told != Told::off) { text += " " + rfc3339(telling.at); }
    return text;
}

}  // namespace

TEST_CASE("clients are told of what ends or moves their order, and of the rest when they ask for it", "[model][unit]") {
    const auto event =
        GENERATE(as<std::string>(), "order.accepted", "order.rejected", "order.shipped", "order.delivered", "order.canceled");
    CHECK(told("{}", event) == "immediate 2025-10-30T18:06:39Z");
    const auto other = GENERATE(as<std::string>(), "order.placed", "order.fulfillment_started", "order.status_changed");
    CHECK(told("{}", other) == "off");
    CHECK(told(R"({"events":{")" + other + R"(":"immediate"}})", other) == "immediate 2025-10-30T18:06:39Z");
    CHECK(told(R"({"events":{")" + event + R"(":"off"}})", event) == "off");
}

TEST_CASE("off by choice is told apart from off by default", "[model][unit]") {
    const auto role = model::client_defaults();
    CHECK_FALSE(model::tell_by({}, role, "order.placed", now).by_choice);
    const auto chosen = model::tell_by(preferences(R"({"events":{"order.shipped":"off"}})"), role, "order.shipped", now);
    CHECK(chosen.by_choice);
    CHECK(chosen.reason == "the recipient's preferences say off");
    CHECK(chosen.channels == std::vector<std::string>{"email"});
}

TEST_CASE("quiet hours put a message off to their end on the recipient's clock", "[model][unit]") {
    struct Row {
        const char* zone;
        const char* quiet;
        const char* at;
    };
    const auto row = GENERATE(Row{"UTC", R"({"from":"22:00","to":"07:00"})", "2025-10-30T18:06:39Z"},
                              Row{"UTC", R"({"from":"18:00","to":"07:00"})", "2025-10-31T07:00:00Z"},
                              Row{"UTC", R"({"from":"18:06","to":"18:07"})", "2025-10-30T18:07:00Z"},
                              Row{"UTC", R"({"from":"18:07","to":"18:06"})", "2025-10-30T18:06:39Z"},
                              Row{"Europe/Berlin", R"({"from":"19:00","to":"07:30"})", "2025-10-31T06:30:00Z"},
                              Row{"Asia/Kolkata", R"({"from":"23:00","to":"06:00"})", "2025-10-31T00:30:00Z"},
                              Row{"UTC", R"("none")", "2025-10-30T18:06:39Z"});
    CAPTURE(row.zone, row.quiet);
    const std::string own = std::string(R"({"timezone":")") + row.zone + R"(","quiet_hours":)" + row.quiet + "}";
    CHECK(told(own, "order.shipped") == std::string("immediate ") + row.at);
}

TEST_CASE("a digest leaves at its time of day, also where the clocks are set in between", "[model][unit]") {
    CHECK(told(R"({"events":{"order.shipped":"daily"}})", "order.shipped") == "daily 2025-10-31T08:00:00Z");
    CHECK(told(R"({"digest_at":"18:07","events":{"order.shipped":"daily"}})", "order.shipped") == "daily 2025-10-30T18:07:00Z");
    // The minute that has begun is over.
    CHECK(told(R"({"digest_at":"18:06","events":{"order.shipped":"daily"}})", "order.shipped") == "daily 2025-10-31T18:06:00Z");
    const std::string berlin = R"({"timezone":"Europe/Berlin","digest_at":"08:00","events":{"order.shipped":"daily"}})";
    // 2025-10-25T20:00Z: the clocks go back in the night, and 08:00 is 07:00Z, not 06:00Z.
    CHECK(told(berlin, "order.shipped", 1'761'422'400'000) == "daily 2025-10-26T07:00:00Z");
    // 2025-03-29T20:00Z: they go forward.
    CHECK(told(berlin, "order.shipped", 1'743'278'400'000) == "daily 2025-03-30T06:00:00Z");
}

TEST_CASE("what somebody says is stronger than what the role says", "[model][unit]") {
    auto role = model::client_defaults();
    role.quiet_hours = model::QuietHours{0, 23 * 60};
    role.events["order.shipped"].channels = {{"archive"}};
    const auto all = [&](const std::string& own) { return model::tell_by(preferences(own), role, "order.shipped", now); };
    CHECK(all("{}").channels == std::vector<std::string>{"archive"});
    CHECK(all("{}").at > now);
    CHECK(all(R"({"channels":["email"]})").channels == std::vector<std::string>{"email"});
    CHECK(all(R"({"quiet_hours":"none"})").at == now);
    CHECK(all(R"({"channels":["email"],"events":{"order.shipped":{"channels":["archive","email"]}}})").channels ==
          std::vector<std::string>{"archive", "email"});
}

TEST_CASE("preferences come back as they were said", "[model][unit]") {
    const std::string text = R"({"language":"de","timezone":"Europe/Berlin","quiet_hours":{"from":"22:00","to":"07:05"},)"
                             R"("digest_at":"08:30","channels":["email"],"events":{"order.placed":"daily",)"
                             R"("order.shipped":{"when":"immediate","channels":["archive"]}}})";
    CHECK(model::to_json(preferences(text)).dump() == text);
    CHECK(model::to_json(preferences(R"({"quiet_hours":"none"})")).dump() == R"({"quiet_hours":"none"})");
}

TEST_CASE("wrong preferences are refused by their pointers", "[model][unit]") {
    CHECK(fault("[]") == ": must be an object");
    CHECK(fault(R"({"langauge":"de"})") ==
          "/langauge: is not known here; known are: language, timezone, quiet_hours, digest_at, channels, events");
    CHECK(fault(R"({"language":"../en"})") == "/language: takes a language such as en, de or pt-BR");
    CHECK(fault(R"({"language":7})") == "/language: takes a language such as en, de or pt-BR");
    CHECK(fault(R"({"timezone":"Mars/Olympus"})") == "/timezone: takes the name of a time zone such as Europe/Berlin");
    CHECK(fault(R"({"quiet_hours":"22-7"})") == R"(/quiet_hours: takes {"from": "22:00", "to": "07:00"}, or "none")");
    CHECK(fault(R"({"quiet_hours":{"from":"24:00","to":"07:00"}})") ==
          R"(/quiet_hours/from: takes a time of day such as "08:00")");
    CHECK(fault(R"({"quiet_hours":{"from":"22:00"}})") == R"(/quiet_hours/to: takes a time of day such as "08:00")");
    CHECK(fault(R"({"quiet_hours":{"from":"07:00","to":"07:00"}})") ==
          R"(/quiet_hours: begins and ends at the same time; say "none" for none)");
    CHECK(fault(R"({"digest_at":"8:00"})") == R"(/digest_at: takes a time of day such as "08:00")");
    CHECK(fault(R"({"channels":[]})") == "/channels: takes a list of channels; to be told of nothing, give the event `off`");
    CHECK(fault(R"({"channels":["fax"]})") == "/channels/0: is no channel that tells people; there are: email, archive");
    CHECK(fault(R"({"channels":["email","email"]})") == "/channels/1: stands there twice");
    CHECK(fault(R"({"events":{"order.shiped":"off"}})").starts_with("/events/order.shiped: is no event that can be told here"));
    CHECK(fault(R"({"events":{"order.shipped":"weekly"}})") == "/events/order.shipped: takes off, immediate or daily");
    CHECK(fault(R"({"events":{"order.shipped":{"when":"now"}}})") == "/events/order.shipped/when: takes off, immediate or daily");
    const auto two = model::read_preferences(json(R"({"language":"","digest_at":""})"), words);
    REQUIRE_FALSE(two.has_value());
    CHECK(two.error().size() == 2);
}
