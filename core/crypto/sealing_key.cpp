#include "base/ids.hpp"
#include "base/unique_fd.hpp"
#include "crypto/crypto.hpp"
#include "crypto/openssl.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace crossdock::crypto {
namespace {

constexpr std::string_view version = "v1:";
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') { return static_cast<unsigned>(c - '0'); }
    if (c >= 'a' && c <= 'f') { return static_cast<unsigned>(c - 'a' + 10); }
    if (c >= 'A' && c <= 'F') { return static_cast<unsigned>(c - 'A' + 10); }
    return {};
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) { text.remove_suffix(1); }
    return text;
}

Fault system_fault(const char* what, const std::filesystem::path& where, int error) {
    return {std::string(what) + ": " + std::strerror(error), where.string(), Advice::stop};
}

Result<void> write_all(int fd, std::string_view text, const std::filesystem::path& file) {
    while (!text.empty()) {
        const auto put = ::write(fd, text.data(), text.size());
        if (put < 0 && errno == EINTR) { continue; }
        if (put < 0) { return system_fault("the sealing key cannot be written", file, errno); }
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
}

/// Written beside its place, synced, then linked there: a crash leaves a whole key or none, and two makers cannot both win.
Result<void> create_file(const std::filesystem::path& file, std::string_view text) {
    auto beside = file;
    beside += ".new." + std::to_string(::getpid());
    ::unlink(beside.c_str());
    {
        const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!fd.open()) { return system_fault("the sealing key cannot be made", file, errno); }
        if (::fchmod(fd.get(), 0600) != 0) { return system_fault("the sealing key cannot be protected", file, errno); }
        if (auto written = write_all(fd.get(), text, file); written.has_error()) { return written; }
        if (::fsync(fd.get()) != 0) { return system_fault("the sealing key cannot be synced", file, errno); }
    }
    const int linked = ::link(beside.c_str(), file.c_str());
    const int error = errno;
    ::unlink(beside.c_str());
    if (linked != 0) { return system_fault("the sealing key cannot be made", file, error); }
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_fd.open() || ::fsync(folder_fd.get()) != 0) {
        return system_fault("the sealing key's folder cannot be synced", folder, errno);
    }
    return {};
}

}  // namespace

SealingKey SealingKey::make(Randomness& randomness) {
    SealingKey made;
    randomness.fill(made.key_);
    return made;
}

Result<SealingKey> SealingKey::from_hex(std::string_view text) {
    SealingKey made;
    if (text.size() != made.key_.size() * 2) {
        return Fault{"a sealing key is 64 hex digits, this has " + std::to_string(text.size()) + " characters", {}, Advice::stop};
    }
    for (std::size_t i = 0; i < made.key_.size(); ++i) {
        const auto high = hex_digit(text[2 * i]);
        const auto low = hex_digit(text[2 * i + 1]);
        if (!high || !low) { return Fault{"a sealing key is 64 hex digits, this has other characters", {}, Advice::stop}; }
        made.key_.at(i) = static_cast<unsigned char>(*high << 4 | *low);
    }
    return made;
}

Result<SealingKey> SealingKey::load(const std::filesystem::path& file, const char* from_environment, bool may_create,
                                    Randomness& randomness) {
    if (from_environment != nullptr && *from_environment != '\0') {
        auto key = from_hex(trimmed(from_environment));
        if (key.has_error()) { return Fault{key.error().what, "CROSSDOCK_MASTER_KEY", Advice::stop}; }
        return key;
    }
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.open()) {
        if (errno != ENOENT) { return system_fault("the sealing key cannot be read", file, errno); }
        if (!may_create) {
            return Fault{"the sealing key is missing; restore this file or set CROSSDOCK_MASTER_KEY", file.string(),
                         Advice::stop};
        }
        const auto key = make(randomness);
        if (auto created = key.write(file); created.has_error()) { return created.error(); }
        return key;
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) { return system_fault("the sealing key cannot be read", file, errno); }
    if ((status.st_mode & 077) != 0) {
        return Fault{"the sealing key can be read by others than its owner; run: chmod 600 " + file.string(), file.string(),
                     Advice::stop};
    }
    // One byte more than a key with CRLF behind it, so that a longer file is noticed.
    std::array<char, 67> text{};
    std::size_t length = 0;
    while (length < text.size()) {
        const auto got = ::read(fd.get(), text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return system_fault("the sealing key cannot be read", file, errno); }
        if (got == 0) { break; }
        length += static_cast<std::size_t>(got);
    }
    auto key = from_hex(trimmed({text.data(), length}));
    OPENSSL_cleanse(text.data(), text.size());
    if (key.has_error()) { return Fault{key.error().what, file.string(), Advice::stop}; }
    return key;
}

Result<> SealingKey::write(const std::filesystem::path& file) const {
    return create_file(file, to_hex() + "\n");
}

std::string SealingKey::to_hex() const {
    return hex(key_);
}

std::string SealingKey::fingerprint() const {
    std::string labelled = "crossdock sealing key v1\n";
    labelled.append(reinterpret_cast<const char*>(key_.data()), key_.size());
    return sha256_hex(labelled).substr(0, 16);
}

std::string SealingKey::seal(std::string_view plain, std::string_view context, Randomness& randomness) const {
    std::string out(nonce_size + plain.size() + tag_size, '\0');
    auto* const nonce = reinterpret_cast<unsigned char*>(out.data());
    auto* const body = nonce + nonce_size;
    randomness.fill({nonce, nonce_size});
    const CipherContext cipher(EVP_CIPHER_CTX_new());
    int length = 0;
    must(cipher != nullptr && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1,
         "AES-256-GCM");
    must(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(context.data()), static_cast<int>(context.size())) == 1,
         "AES-256-GCM");
    must(EVP_EncryptUpdate(cipher.get(), body, &length, bytes_of(plain.data()), static_cast<int>(plain.size())) == 1,
         "AES-256-GCM");
    must(EVP_EncryptFinal_ex(cipher.get(), body + length, &length) == 1, "AES-256-GCM");
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size, body + plain.size()) == 1, "AES-256-GCM");
    return std::string(version) + base64(out);
}

Result<std::string> SealingKey::open(std::string_view sealed, std::string_view context) const {
    if (!sealed.starts_with(version)) { return Fault{"this is no sealed value", {}, Advice::stop}; }
    const auto decoded = from_base64(sealed.substr(version.size()));
    if (decoded.has_error() || decoded.value().size() < nonce_size + tag_size) {
        return Fault{"the sealed value is damaged", {}, Advice::stop};
    }
    std::string bytes = decoded.value();
    const auto* const nonce = bytes_of(bytes.data());
    const std::size_t size = bytes.size() - nonce_size - tag_size;
    std::string plain(size, '\0');
    const CipherContext cipher(EVP_CIPHER_CTX_new());
    int length = 0;
    must(cipher != nullptr && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce) == 1,
         "AES-256-GCM");
    must(EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(context.data()), static_cast<int>(context.size())) == 1,
         "AES-256-GCM");
    auto* const out = reinterpret_cast<unsigned char*>(plain.data());
    must(EVP_DecryptUpdate(cipher.get(), out, &length, nonce + nonce_size, static_cast<int>(size)) == 1, "AES-256-GCM");
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, bytes.data() + nonce_size + size) == 1, "AES-256-GCM");
    if (EVP_DecryptFinal_ex(cipher.get(), out + length, &length) != 1) {
        OPENSSL_cleanse(plain.data(), plain.size());
        ERR_clear_error();
        return Fault{"the sealed value cannot be opened: another key or place, or its bytes were changed", {}, Advice::stop};
    }
    return {boost::system::in_place_value, std::move(plain)};
}

std::string new_api_key(Randomness& randomness) {
    std::array<unsigned char, 32> bytes{};
    randomness.fill(bytes);
    std::string text = base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return "xd_" + text.substr(0, 43);
}

}  // namespace crossdock::crypto
