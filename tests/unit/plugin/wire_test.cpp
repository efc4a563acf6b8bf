#include "plugin/wire.hpp"

#include <catch2/catch.hpp>

using namespace crossdock;
using namespace crossdock::plugin;

namespace {

Frame call_frame() {
    return {FrameType::call, 0x0102030405060708ULL, Json::parse(R"({"input":{"unit_price":231.00,"tax":0.1}})").value()};
}

}  // namespace

TEST_CASE("a frame arrives whole however the bytes are cut", "[plugin][unit]") {
    const auto step = GENERATE(1U, 2U, 13U, 14U, 15U, 1000U);
    const std::string bytes = encode(call_frame()) + encode({FrameType::cancel, 9, Json::object()});
    FrameReader reader(1 << 20);
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.feed(std::string_view(bytes).substr(at, step));
        while (auto frame = reader.next().value()) { frames.push_back(std::move(*frame)); }
    }
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].type == FrameType::call);
    CHECK(frames[0].call == 0x0102030405060708ULL);
    CHECK(frames[0].payload.dump() == R"({"input":{"unit_price":231.00,"tax":0.1}})");
    CHECK(frames[1].type == FrameType::cancel);
    CHECK(frames[1].call == 9);
}

TEST_CASE("a frame's header is as documented", "[plugin][unit]") {
    const auto bytes = encode({FrameType::answer, 258, Json::object()});
    CHECK(bytes == std::string("\0\0\0\2\2\5\0\0\0\0\0\0\1\2{}", 16));
}

TEST_CASE("a peer that sends no frames is refused with a reason", "[plugin][unit]") {
    struct Row {
        std::string bytes;
        std::string reason;
    };
    const auto row = GENERATE(Row{std::string("\0\0\0\2\1\5\0\0\0\0\0\0\0\1{}", 16), "wire version 1"},
                              Row{std::string("\0\0\0\2\2\0\0\0\0\0\0\0\0\1{}", 16), "unknown type 0"},
                              Row{std::string("\0\0\0\2\2\13\0\0\0\0\0\0\0\1{}", 16), "unknown type 11"},
                              Row{std::string("\0\1\0\0\2\5\0\0\0\0\0\0\0\1", 14), "65536 bytes"},
                              Row{std::string("\0\0\0\2\2\5\0\0\0\0\0\0\0\1{]", 16), "no JSON"});
    FrameReader reader(65535);
    reader.feed(row.bytes);
    const auto result = reader.next();
    REQUIRE(result.has_error());
    CHECK_THAT(result.error().what, Catch::Contains(row.reason));
    CHECK(result.error().advice == Advice::reconnect);
}
