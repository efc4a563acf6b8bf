#include "base/system_clock.hpp"
#include "crypto/crypto.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <filesystem>
#include <fstream>

using namespace crossdock;
using crypto::SealingKey;
using support::TemporaryFolder;

TEST_CASE("a sealed secret opens with its key and place only", "[crypto]") {
    SystemRandomness randomness;
    const auto key = SealingKey::make(randomness);
    const std::string plain = GENERATE(std::string(), std::string("s3cret"), std::string("a\0b", 3), std::string(10'000, 'x'));
    const auto sealed = key.seal(plain, "suppliers/phonex", randomness);
    CHECK(sealed.starts_with("v1:"));
    CHECK(key.open(sealed, "suppliers/phonex").value() == plain);
    CHECK(key.open(sealed, "suppliers/other").has_error());
    CHECK(key.open(sealed, "").has_error());
    CHECK(SealingKey::make(randomness).open(sealed, "suppliers/phonex").has_error());
}

TEST_CASE("sealing the same secret twice shows nothing in common", "[crypto]") {
    SystemRandomness randomness;
    const auto key = SealingKey::make(randomness);
    const auto first = key.seal("secret", "place", randomness);
    const auto second = key.seal("secret", "place", randomness);
    CHECK(first != second);
    CHECK(first.substr(3, 16) != second.substr(3, 16));
}

TEST_CASE("a sealed secret with any byte changed, cut or added is refused", "[crypto]") {
    SystemRandomness randomness;
    const auto key = SealingKey::make(randomness);
    const auto sealed = key.seal("secret", "place", randomness);
    const auto bytes = crypto::from_base64(sealed.substr(3)).value();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK(key.open("v1:" + crypto::base64(changed), "place").has_error());
        CHECK(key.open("v1:" + crypto::base64(bytes.substr(0, i)), "place").has_error());
    }
    CHECK(key.open("v1:" + crypto::base64(bytes + "x"), "place").has_error());
    CHECK(key.open(sealed.substr(3), "place").has_error());
    CHECK(key.open("v2" + sealed.substr(2), "place").has_error());
    CHECK(key.open("v1:" + crypto::base64(bytes), "place").value() == "secret");
}

TEST_CASE("a fingerprint names the key and does not show it", "[crypto]") {
    SystemRandomness randomness;
    const auto key = SealingKey::make(randomness);
    const auto other = SealingKey::make(randomness);
    CHECK(key.fingerprint().size() == 16);
    CHECK(key.fingerprint() == SealingKey::from_hex(key.to_hex()).value().fingerprint());
    CHECK(key.fingerprint() != other.fingerprint());
    CHECK(key.to_hex().find(key.fingerprint()) == std::string::npos);
}

TEST_CASE("a key of the wrong length or with other digits is refused without showing it", "[crypto]") {
    const auto text = GENERATE(std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'));
    const auto key = SealingKey::from_hex(text);
    REQUIRE(key.has_error());
    CHECK((text.empty() || key.error().text().find(text) == std::string::npos));
}

TEST_CASE("the first start makes a key file that its owner alone can read, later starts use it", "[crypto]") {
    const TemporaryFolder folder;
    SystemRandomness randomness;
    const auto file = folder.path() / "master.key";
    const auto old_mask = ::umask(0);
    const auto made = SealingKey::load(file, nullptr, true, randomness);
    ::umask(old_mask);
    REQUIRE(made.has_value());
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(SealingKey::load(file, nullptr, true, randomness).value().fingerprint() == made.value().fingerprint());
    CHECK(SealingKey::load(file, "", false, randomness).value().fingerprint() == made.value().fingerprint());
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a key file that others can read is refused with the command that mends it", "[crypto]") {
    const TemporaryFolder folder;
    SystemRandomness randomness;
    const auto file = folder.path() / "master.key";
    REQUIRE(SealingKey::load(file, nullptr, true, randomness).has_value());
    const auto mode = GENERATE(0640U, 0604U, 0620U);
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    const auto key = SealingKey::load(file, nullptr, true, randomness);
    REQUIRE(key.has_error());
    CHECK(key.error().advice == Advice::stop);
    CHECK(key.error().what.find("chmod 600 " + file.string()) != std::string::npos);
}

TEST_CASE("a missing key file is not replaced when the store already has secrets", "[crypto]") {
    const TemporaryFolder folder;
    SystemRandomness randomness;
    const auto key = SealingKey::load(folder.path() / "master.key", nullptr, false, randomness);
    REQUIRE(key.has_error());
    CHECK_FALSE(std::filesystem::exists(folder.path() / "master.key"));
}

TEST_CASE("a damaged key file is refused and kept", "[crypto]") {
    const TemporaryFolder folder;
    SystemRandomness randomness;
    const auto file = folder.path() / "master.key";
    const auto content = GENERATE(std::string(), std::string(63, 'a'), std::string(70, 'a'), std::string(64, 'z'));
    std::ofstream(file) << content;
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    const auto key = SealingKey::load(file, nullptr, true, randomness);
    REQUIRE(key.has_error());
    CHECK(key.error().where == file.string());
    CHECK(std::filesystem::file_size(file) == content.size());
}

TEST_CASE("the environment's key goes before the file's", "[crypto]") {
    const TemporaryFolder folder;
    SystemRandomness randomness;
    const auto file = folder.path() / "master.key";
    REQUIRE(SealingKey::load(file, nullptr, true, randomness).has_value());
    const auto other = SealingKey::make(randomness);
    CHECK(SealingKey::load(file, other.to_hex().c_str(), true, randomness).value().fingerprint() == other.fingerprint());
    const auto bad = SealingKey::load(file, "nonsense", true, randomness);
    REQUIRE(bad.has_error());
    CHECK(bad.error().where == "CROSSDOCK_MASTER_KEY");
}
