// A digest through the whole engine: one mail a day, never told twice, whatever dies when.
#include <catch2/catch.hpp>

#include "notify/recipients.hpp"
#include "support/engine_rig.hpp"

#include <map>

using namespace crossdock;
using support::EngineRig;
using support::order_text;
using support::RigOptions;

namespace {

constexpr milliseconds day = std::chrono::hours{25};

void prepare(EngineRig& rig, const std::string& preferences) {
    rig.commit([&](store::Tx& tx) {
        tx.run(
            "INSERT INTO customers (id, name, email, preferences, created_at, updated_at) VALUES ('c1', 'Anna', "
            "'anna@example.com', :1, 0, 0)",
            {preferences});
    });
    rig.commit([&](store::Tx& tx) {
        for (const char* const id : {"PO-1", "PO-2"}) {
            tx.run(
                "INSERT INTO orders (id, api_key_id, body_digest, document, answer, supplier_code, customer_id, email, currency, "
                "total_minor, status, placed_at, updated_at) VALUES (:1, 'k', '', '{}', '', 'phonex', 'c1', "
                "'anna@example.com', 'USD', 1, 'pending', 0, 0)",
                {id});
        }
    });
}

void fact(EngineRig& rig, const std::string& order_id, const std::string& kind) {
    rig.commit([&](store::Tx& tx) {
        rig.facts.record(tx, {.kind = kind,
                              .natural_key = order_id + "/" + kind,
                              .order_id = order_id,
                              .customer_id = "c1",
                              .occurred_at = rig.clock.utc_ms()});
    });
}

bool idle(EngineRig& rig) {
    return rig.count("effects WHERE state IN ('pending', 'sending', 'asking')") == 0;
}

const std::string daily = R"({"events":{"order.shipped":"daily","order.delivered":"daily"}})";

}  // namespace

TEST_CASE("what happened in a day is one mail, sent at its time, and then stands as told", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    prepare(rig, daily);
    rig.start();
    fact(rig, "PO-1", "order.shipped");
    rig.pass(std::chrono::hours{1});
    fact(rig, "PO-2", "order.shipped");
    CHECK(rig.caller.calls_of("deliver").empty());
    REQUIRE(rig.until([&] { return idle(rig); }, day));
    const auto sent = rig.caller.calls_of("deliver");
    REQUIRE(sent.size() == 1);
    CHECK(rfc3339(rig.clock.utc_ms()).starts_with("2025-10-31T08:00"));
    const auto text = sent[0].input.text("text");
    CHECK(text.find("order.shipped PO-1") < text.find("order.shipped PO-2"));
    CHECK(rig.count("notifications WHERE sent = 1") == 3);
    fact(rig, "PO-1", "order.delivered");
    REQUIRE(rig.until([&] { return idle(rig); }, day));
    REQUIRE(rig.caller.calls_of("deliver").size() == 2);
    CHECK(rig.caller.calls_of("deliver")[1].input.text("text").find("order.shipped") == std::string::npos);
    CHECK(rig.caller.calls_of("deliver")[1].input.text("message_id") != sent[0].input.text("message_id"));
}

TEST_CASE("a digest that may have left is sent again as it was, with the same Message-ID, and counted", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    prepare(rig, daily);
    rig.start();
    fact(rig, "PO-1", "order.shipped");
    rig.caller.script("deliver", support::cut());
    REQUIRE(rig.until([&] { return rig.caller.calls_of("deliver").size() == 1; }, day));
    // Learned while nobody knows whether it has left: the next one tells it.
    fact(rig, "PO-2", "order.shipped");
    REQUIRE(rig.until([&] { return idle(rig); }, 2 * day));
    const auto sent = rig.caller.calls_of("deliver");
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].input.dump() == sent[1].input.dump());
    CHECK(sent[2].input.text("text").find("PO-1") == std::string::npos);
    CHECK(rig.count("notifications WHERE template = 'digest' AND repeats = 1") == 1);
}

TEST_CASE("a digest tells each fact once, whichever commit the daemon dies behind", "[pipeline][unit]") {
    // What each life has left on the disk after each of its commits.
    std::vector<std::pair<std::filesystem::path, std::size_t>> images;
    std::vector<plugin::Call> first_life;
    EngineRig rig(PIPELINES);
    prepare(rig, daily);
    rig.start();
    rig.also_on_commit = [&](unsigned) { images.emplace_back(rig.crash_image(), rig.caller.calls_of("deliver").size()); };
    fact(rig, "PO-1", "order.shipped");
    fact(rig, "PO-2", "order.shipped");
    REQUIRE(rig.until([&] { return idle(rig); }, day));
    first_life = rig.caller.calls_of("deliver");
    REQUIRE(first_life.size() == 1);
    REQUIRE(images.size() >= 4);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto& [image, sent_before] = images[i];
        CAPTURE(i, sent_before);
        RigOptions options;
        options.file = image;
        options.utc = rig.clock.utc_ms();
        EngineRig next(PIPELINES, options);
        // Between intent and outcome nobody knows whether it has left.
        const bool interrupted = next.count("effects WHERE state = 'sending'") == 1;
        next.recover();
        next.start();
        // The platform says again what it had said: facts that are there are no news.
        fact(next, "PO-1", "order.shipped");
        fact(next, "PO-2", "order.shipped");
        REQUIRE(next.until([&] { return idle(next); }, 2 * day));
        const auto second_life = next.caller.calls_of("deliver");
        // How often each fact was told, by different messages.
        std::map<std::string, std::set<std::string>> told;
        for (const std::vector<plugin::Call>* life :
             std::initializer_list<const std::vector<plugin::Call>*>{&first_life, &second_life}) {
            for (std::size_t n = 0; n < (life == &first_life ? sent_before : life->size()); ++n) {
                const auto& input = (*life)[n].input;
                for (const char* const order : {"PO-1", "PO-2"}) {
                    if (input.text("text").find(order) != std::string::npos) { told[order].insert(input.text("message_id")); }
                }
            }
        }
        CHECK(told["PO-1"].size() == 1);
        CHECK(told["PO-2"].size() == 1);
        CHECK(next.count("notifications WHERE sent = 0 AND not_told IS NULL") == 0);
        CHECK(next.count("notifications WHERE template = 'digest' AND repeats > 0") == (interrupted ? 1 : 0));
    }
}

TEST_CASE("a digest of which nothing is left is withdrawn", "[pipeline][unit]") {
    EngineRig rig(PIPELINES);
    prepare(rig, daily);
    rig.start();
    fact(rig, "PO-1", "order.shipped");
    rig.commit([](store::Tx& tx) { tx.run("UPDATE notifications SET not_told = 'x' WHERE digest_id IS NOT NULL"); });
    REQUIRE(rig.until([&] { return idle(rig); }, day));
    CHECK(rig.caller.calls_of("deliver").empty());
    CHECK(rig.text("SELECT state || ': ' || reason FROM effects") == "withdrawn: nothing is left to tell");
}

TEST_CASE("a recipient whose server takes no mail for it is stopped with the reason, and others are not", "[pipeline][unit]") {
    const auto status = GENERATE(550, 551, 553, 552, 554, 450);
    const bool stops = status != 552 && status != 554 && status != 450;
    EngineRig rig(PIPELINES);
    prepare(rig, "{}");
    rig.start();
    rig.caller.script(
        "deliver", support::answered(Json::object({{"transport", "answered"}, {"status", status}, {"reason", "no such user"}})));
    fact(rig, "PO-1", "order.shipped");
    REQUIRE(rig.until([&] { return idle(rig); }));
    const auto before = rig.caller.calls_of("deliver").size();
    fact(rig, "PO-2", "order.shipped");
    REQUIRE(rig.until([&] { return idle(rig); }));
    const auto to_anna = [&] {
        std::size_t count = 0;
        for (const auto& call : rig.caller.calls_of("deliver")) { count += call.input.text("to") == "anna@example.com" ? 1 : 0; }
        return count;
    };
    CHECK(rig.count("stopped_recipients WHERE cause = 'refused' AND reason LIKE '%no such user%'") == (stops ? 1 : 0));
    CHECK(to_anna() == (stops ? 1 : status == 450 ? 3 : 2));
    CHECK(before >= 1);
    CHECK(rig.count("notifications WHERE not_told LIKE 'refused for good%'") == (stops ? 1 : 0));
}
