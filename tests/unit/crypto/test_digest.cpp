#include "base/system_clock.hpp"
#include "crypto/crypto.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>

using namespace crossdock;

namespace {

std::string from_hex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    }
    return out;
}

}  // namespace

TEST_CASE("SHA-256 agrees with the published examples", "[crypto]") {
    // FIPS 180-4 examples (NIST CSRC, "SHA256.pdf") and the empty message.
    CHECK(crypto::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(crypto::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(crypto::sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(crypto::sha256_hex(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file's digest is the digest of its content, and a missing file is named", "[crypto]") {
    const auto file = std::filesystem::temp_directory_path() / ("crossdock-digest-" + std::to_string(::getpid()));
    std::ofstream(file) << std::string(1'000'000, 'a');
    CHECK(crypto::sha256_file(file).value() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    std::filesystem::remove(file);
    const auto missing = crypto::sha256_file(file);
    REQUIRE(missing.has_error());
    CHECK(missing.error().where == file.string());
}

TEST_CASE("HMAC-SHA256 agrees with RFC 4231", "[crypto]") {
    struct Row {
        std::string key, message, expected;
    };
    const auto row = GENERATE(
        Row{std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        Row{"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        Row{std::string(20, '\xaa'), std::string(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        Row{from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), std::string(50, '\xcd'),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        Row{std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        Row{std::string(131, '\xaa'),
            "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
            "before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"});
    CHECK(crypto::hmac_sha256_hex(row.key, row.message) == row.expected);
    // Test case 5 gives the first 128 bits only.
    CHECK(crypto::hmac_sha256_hex(std::string(20, '\x0c'), "Test With Truncation").substr(0, 32) ==
          "a3b6167473100ee06e0c796c2955552b");
}

TEST_CASE("an empty HMAC key is a key of its own", "[crypto]") {
    const auto before = crypto::hmac_sha256_hex("Jefe", "x");
    CHECK(crypto::hmac_sha256_hex("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    CHECK(crypto::hmac_sha256_hex("", "x") != before);
}

TEST_CASE("a constant-time compare tells equal from different", "[crypto]") {
    CHECK(crypto::equal_constant_time("", ""));
    CHECK(crypto::equal_constant_time("abc", "abc"));
    CHECK_FALSE(crypto::equal_constant_time("abc", "abd"));
    CHECK_FALSE(crypto::equal_constant_time("abc", "abcd"));
    CHECK_FALSE(crypto::equal_constant_time("abc", ""));
}

TEST_CASE("base64 agrees with RFC 4648 both ways", "[crypto]") {
    struct Row {
        std::string_view plain, text;
    };
    const auto row = GENERATE(Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"}, Row{"foob", "Zm9vYg=="},
                              Row{"fooba", "Zm9vYmE="}, Row{"foobar", "Zm9vYmFy"}, Row{"\xff\xfe\xfb", "//77"});
    CHECK(crypto::base64(row.plain) == row.text);
    CHECK(crypto::from_base64(row.text).value() == row.plain);
}

TEST_CASE("text that is not the base64 of anything is refused", "[crypto]") {
    const auto text = GENERATE("Z", "Zg", "Zg=", "Zg=a", "====", "Z===", "Zm9v!Zm9", "Zm9vZg==Zm9v", "Zh==", "Zm9=", "Zm 9v");
    CHECK(crypto::from_base64(text).has_error());
}

TEST_CASE("API keys are long, different and fit a header", "[crypto]") {
    SystemRandomness randomness;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto key = crypto::new_api_key(randomness);
        CHECK(key.size() == 46);
        CHECK(key.starts_with("xd_"));
        CHECK(key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
        seen.insert(key);
    }
    CHECK(seen.size() == 100);
}
