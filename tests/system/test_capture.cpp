// supplier capture over the real binaries: what goes to the sandbox is written down, and no secret with it.
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

namespace crossdock::tests {
namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a feed is captured as a cassette that holds placeholders and no secret", "[system]") {
    MainJob job(app::RigOptions{});
    job.start_world();
    const auto file = job.rig().folder() / "feed.json";
    const auto output = job.rig().crossdock({"supplier", "capture", "phonex", "sync_inventory", "--out", file.string()});
    INFO(output.err);
    REQUIRE(output.exit_code == 0);
    const auto text = text_of(file);
    CHECK(text.find(job.rig().phonex_key()) == std::string::npos);
    const auto cassette = Json::parse(text, {16U << 20U, 70});
    REQUIRE(cassette.has_value());
    CHECK(cassette->integer("cassette") == 1);
    CHECK(cassette->find("settings")->text("api_key") == "{{api_key}}");
    CHECK_FALSE(cassette->find("rows")->items().empty());
    const auto& first = cassette->find("exchanges")->items().front();
    CHECK(first.find("request")->text("url").starts_with("{{base_url}}/v1/inventory?page=1"));
    CHECK(first.find("request")->find("headers")->text("Authorization") == "Bearer {{api_key}}");
    CHECK(first.find("response")->integer("status") == 200);
    CHECK(first.find("response")->find("json") != nullptr);
    CHECK(cassette->find("output")->find("exchange") == nullptr);
}

TEST_CASE("an operation that acts is captured only when that is said", "[system]") {
    MainJob job(app::RigOptions{});
    const auto refused = job.rig().crossdock({"supplier", "capture", "phonex", "create_order"});
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("Say --act") != std::string::npos);
    const auto unknown = job.rig().crossdock({"supplier", "capture", "phonix", "find_order"});
    CHECK(unknown.exit_code == 1);
    CHECK(unknown.err.find("there is no account or channel \"phonix\"; the config has phonex, email") != std::string::npos);
    const auto input = job.rig().crossdock({"supplier", "capture", "phonex", "find_order", "--input", "-"}, "[1]");
    CHECK(input.exit_code == 2);
    CHECK(input.err.find("no JSON object") != std::string::npos);
}

}  // namespace crossdock::tests
