// What suppliers that are YAML alone say of single pieces and of several parcels, told by hand to the sandbox.
#include "system/rest_examples.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

namespace crossdock::tests {
namespace {

constexpr const char* order_id = "PXSTKL0000347";
constexpr const char* first_parcel = "1Z999AA10123456784";
constexpr const char* second_parcel = "1Z999AA10123456793";

/// The seed's order, 10 pieces, at a supplier whose life of it is told by hand.
class Pieces {
public:
    struct Count {
        std::int64_t accepted = 0;
        std::int64_t backordered = 0;
        std::int64_t shipped = 0;
        friend bool operator==(const Count&, const Count&) = default;
    };

    Pieces(app::RigOptions options, const Example& example, const std::string& drops = "")
        : job_(std::move(options)), id_(example.first_id) {
        job_.start_world();
        if (!drops.empty()) { REQUIRE(job_.rig().sandbox("POST", "/_sandbox/webhooks", drops).has_value()); }
        job_.start_daemon();
        job_.add_customer("worldtech-1734", "orders@worldtech.example");
        job_.place(seed_order());
        REQUIRE(eventually([&] { return job_.supplier_order_id(order_id) == id_; }));
    }
    MainJob& job() { return job_; }

    void now(const std::string& status, const std::string& items, const std::string& tracking_number = "") {
        const auto said = job_.rig().sandbox(
            "POST", "/_sandbox/orders/" + id_,
            R"({"status":")" + status + R"(","tracking_number":")" + tracking_number + R"(","items":[)" + items + "]}");
        REQUIRE(said.has_value());
        REQUIRE(said->text("status") == status);
    }
    void wait_for(const Count& wanted) {
        const bool there = eventually([&] {
            const auto story = job_.order(order_id);
            const auto* lines = story.find("lines");
            if (lines == nullptr || lines->items().empty()) { return false; }
            const auto& line = lines->items().front();
            return Count{line.integer("accepted"), line.integer("backordered"), line.integer("shipped")} == wanted;
        });
        INFO("the story: " << job_.order(order_id).pretty() << "\nthe daemon's log:\n" << job_.log("daemon"));
        REQUIRE(there);
    }
    /// Each with its content, and told once.
    void expect_two_parcels() {
        job_.wait_for_status(order_id, "shipped");
        const auto story = job_.order(order_id);
        INFO("the story: " << story.pretty() << "\nthe daemon's log:\n" << job_.log("daemon"));
        CHECK_FALSE(story.maybe_text("needs_attention"));
        std::map<std::string, std::string> parcels;
        for (const auto& parcel : story.find("supplier_orders")->items().front().find("shipments")->items()) {
            parcels[parcel.text("tracking_number")] = parcel.find("lines") == nullptr ? "" : parcel.find("lines")->dump();
        }
        REQUIRE(parcels.size() == 2);
        CHECK_THAT(parcels[first_parcel], Catch::Contains("6"));
        CHECK_THAT(parcels[second_parcel], Catch::Contains("4"));
        std::map<std::string, std::set<std::string>> told;
        const bool both = eventually([&] {
            told.clear();
            for (const auto& mail : job_.mails()) {
                for (const char* const number : {first_parcel, second_parcel}) {
                    if (mail.text.find(number) != std::string::npos) { told[number].insert(mail.message_id); }
                }
            }
            return told.size() == 2;
        });
        CHECK(both);
        for (const auto& [number, ids] : told) { CHECK(ids.size() == 1); }
    }

private:
    MainJob job_;
    std::string id_;
};

}  // namespace

TEST_CASE("pieces that a YAML supplier accepts, keeps on backorder and ships in parcels are told as such", "[rest]") {
    const auto example = GENERATE(northgate, kontor, wesell);
    INFO(example.name);
    auto options = options_for(example);
    options.accept_after = options.ship_after = milliseconds{3'600'000};
    Pieces pieces(std::move(options), example);
    pieces.now("confirmed", R"({"sku":"IPHONE12-64GB-A","state":"accepted","quantity":6},)"
                            R"({"sku":"IPHONE12-64GB-A","state":"backordered","quantity":4})");
    pieces.wait_for({.accepted = 6, .backordered = 4});
    pieces.now("shipped", R"({"sku":"IPHONE12-64GB-A","state":"shipped","quantity":6})", first_parcel);
    pieces.wait_for({.backordered = 4, .shipped = 6});
    CHECK(pieces.job().order(order_id).text("status") == "partially_shipped");
    pieces.now("shipped", R"({"sku":"IPHONE12-64GB-A","state":"shipped","quantity":4})", second_parcel);
    pieces.wait_for({.shipped = 10});
    pieces.expect_two_parcels();
}

TEST_CASE("an order that went in two parcels is told by one question, when all webhooks were lost", "[rest]") {
    auto options = options_for(northgate);
    options.accept_after = options.ship_after = milliseconds{3'600'000};
    const auto made = options.edit_supplier;
    options.edit_supplier = [made](const std::string& demo) {
        auto text = made(demo);
        replace_all(text, "silent_for: 1h, every: 15m", "silent_for: 1s, every: 1s");
        return text;
    };
    Pieces pieces(std::move(options), northgate, R"({"drop_percent":100,"seed":1})");
    pieces.now("shipped", R"({"sku":"IPHONE12-64GB-A","state":"shipped","quantity":6})", first_parcel);
    pieces.now("shipped", R"({"sku":"IPHONE12-64GB-A","state":"shipped","quantity":4})", second_parcel);
    pieces.wait_for({.shipped = 10});
    pieces.expect_two_parcels();
}

}  // namespace crossdock::tests
