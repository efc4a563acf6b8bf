#include "base/ids.hpp"
#include "base/unique_fd.hpp"
#include "crypto/crypto.hpp"
#include "crypto/openssl.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace crossdock::crypto {
namespace {

using Digest = std::array<unsigned char, 32>;

DigestContext begin_sha256() {
    DigestContext context(EVP_MD_CTX_new());
    must(context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1, "SHA-256");
    return context;
}

std::string finish_hex(const DigestContext& context) {
    Digest digest{};
    must(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1, "SHA-256");
    return hex(digest);
}

int value_of(char c) {
    if (c >= 'A' && c <= 'Z') { return c - 'A'; }
    if (c >= 'a' && c <= 'z') { return c - 'a' + 26; }
    if (c >= '0' && c <= '9') { return c - '0' + 52; }
    if (c == '+') { return 62; }
    if (c == '/') { return 63; }
    return -1;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    const auto context = begin_sha256();
    must(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1, "SHA-256");
    return finish_hex(context);
}

Result<std::string> sha256_file(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.open()) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()}; }
    const auto context = begin_sha256();
    std::vector<char> piece(1 << 16);
    for (;;) {
        const auto got = ::read(fd.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return Fault{std::string("cannot be read: ") + std::strerror(errno), file.string()}; }
        if (got == 0) { return {boost::system::in_place_value, finish_hex(context)}; }
        must(EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(got)) == 1, "SHA-256");
    }
}

static Digest hmac_digest(std::string_view key, std::string_view message) {
    Digest digest{};
    unsigned length = 0;
    // A null key would mean "the key of the last call", so an empty one still needs a place.
    const char* key_bytes = key.empty() ? "" : key.data();
    must(HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), bytes_of(message.data()), message.size(), digest.data(),
              &length) != nullptr,
         "HMAC-SHA256");
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    const auto digest = hmac_digest(key, message);
    return {digest.begin(), digest.end()};
}

std::string hmac_sha256_hex(std::string_view key, std::string_view message) {
    return hex(hmac_digest(key, message));
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

// By hand: EVP_DecodeBlock counts padding as bytes and takes text that is not the encoding of its result.
Result<std::string> from_base64(std::string_view text) {
    const Fault bad{"no valid base64"};
    if (text.size() % 4 != 0) { return bad; }
    std::string out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const int padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
        unsigned group = 0;
        for (int k = 0; k < 4; ++k) {
            const int value = k >= 4 - padding ? 0 : value_of(text[i + static_cast<std::size_t>(k)]);
            if (value < 0) { return bad; }
            group = group << 6 | static_cast<unsigned>(value);
        }
        for (int k = 0; k < 3 - padding; ++k) { out += static_cast<char>(group >> (16 - 8 * k) & 0xFF); }
        // Bits that no byte uses must be zero, so that each text has one decoding and each value one text.
        if (padding > 0 && (group & ((1U << (8 * padding)) - 1)) != 0) { return bad; }
    }
    return {boost::system::in_place_value, std::move(out)};
}

}  // namespace crossdock::crypto
