#include "app/home.hpp"

#include "base/log.hpp"
#include "base/system_clock.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

namespace crossdock::app {

Result<Home> open_home(const std::filesystem::path& folder) {
    std::error_code error;
    const bool there = std::filesystem::is_directory(folder, error);
    if (!there) {
        std::filesystem::create_directories(folder.parent_path(), error);
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
            return Fault{std::string("the data folder cannot be made: ") + std::strerror(errno) +
                             "; name another one with --data, or `data` in the config",
                         folder.string(), Advice::stop};
        }
        if (!std::filesystem::is_directory(folder, error)) {
            return Fault{
                "something else than a folder stands here; name another data folder with --data, or `data` in the config",
                folder.string(), Advice::stop};
        }
    }
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
        return Fault{std::string("the data folder cannot be written: ") + std::strerror(errno), folder.string(), Advice::stop};
    }
    return Home{folder};
}

Result<store::FileLock> lock_store(const Home& home) {
    return store::FileLock::take(home.store_lock(), "the store",
                                 "stop that one, or name another data folder with --data or `data` in the config");
}

Result<store::FileLock> lock_workers(const Home& home, milliseconds patience) {
    const BootMs until = system_boot_ms() + patience.count();
    bool said = false;
    for (;;) {
        store::FileLock lock;
        auto taken = store::FileLock::try_take(home.workers_lock(), lock);
        if (!taken) { return taken.error(); }
        if (*taken) { return lock; }
        if (!said) { Log::info("waiting for the workers of the last daemon to end; recovery begins then"); }
        said = true;
        if (system_boot_ms() > until) {
            return Fault{"workers of an earlier daemon still live after " + duration_text(patience) +
                             "; end them (they are crossdock-worker processes) and start again",
                         home.workers_lock().string(), Advice::stop};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::string known_fingerprint(store::Tx& tx) {
    const auto row = tx.first<std::string>("SELECT value FROM store_settings WHERE name = 'sealing_key_fingerprint'");
    return row ? std::get<0>(*row) : "";
}

namespace {

/// The key of a rotation that a crash kept from putting it in its place.
std::optional<crypto::SealingKey> next_key(const Home& home, const std::string& known_fingerprint, Randomness& randomness) {
    auto key = crypto::SealingKey::load(home.next_master_key(), nullptr, false, randomness);
    if (!key || key->fingerprint() != known_fingerprint) { return {}; }
    return *key;
}

}  // namespace

Result<crypto::SealingKey> load_sealing_key(const Home& home, const std::string& known_fingerprint, Randomness& randomness) {
    auto key =
        crypto::SealingKey::load(home.master_key(), std::getenv("CROSSDOCK_MASTER_KEY"), known_fingerprint.empty(), randomness);
    if (!key) { return key; }
    if (!known_fingerprint.empty() && key->fingerprint() != known_fingerprint) {
        if (auto next = next_key(home, known_fingerprint, randomness)) { return *next; }
        const char* variable = std::getenv("CROSSDOCK_MASTER_KEY");
        const bool from_variable = variable != nullptr && *variable != '\0';
        return Fault{"this is not the sealing key of this store (fingerprint " + key->fingerprint() + ", the store's is " +
                         known_fingerprint + "); put the right key into CROSSDOCK_MASTER_KEY or master.key",
                     from_variable ? "CROSSDOCK_MASTER_KEY" : home.master_key().string(), Advice::stop};
    }
    return key;
}

}  // namespace crossdock::app
