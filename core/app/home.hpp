#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "crypto/crypto.hpp"
#include "store/store_lock.hpp"
#include "store/tx.hpp"

#include <filesystem>

namespace crossdock::app {

/// What stands in the data folder.
struct Home {
    std::filesystem::path folder;

    [[nodiscard]] std::filesystem::path store() const { return folder / "store.sqlite3"; }
    [[nodiscard]] std::filesystem::path store_lock() const { return folder / "store.lock"; }
    [[nodiscard]] std::filesystem::path workers_lock() const { return folder / "workers.lock"; }
    [[nodiscard]] std::filesystem::path master_key() const { return folder / "master.key"; }
    /// The key that takes its place, while a rotation is under way.
    [[nodiscard]] std::filesystem::path next_master_key() const { return folder / "master.key.next"; }
    /// The one with that fingerprint, after a rotation: what was backed up before needs it.
    [[nodiscard]] std::filesystem::path old_master_key(const std::string& fingerprint) const {
        return folder / ("master.key." + fingerprint);
    }
    [[nodiscard]] std::filesystem::path control_socket() const { return folder / "control.sock"; }
    /// Of one account or channel, for its plugin.
    [[nodiscard]] std::filesystem::path plugin_files(const std::string& name) const { return folder / "plugin-files" / name; }
};

/// Makes the folder (0700) when absent. Errors: cannot be made or written; names the path.
[[nodiscard]] Result<Home> open_home(const std::filesystem::path& folder);

/// The lock of the store. Errors: another process has it (its pid is named).
[[nodiscard]] Result<store::FileLock> lock_store(const Home& home);

/// Waits until no worker of an earlier daemon lives, then holds their lock. Errors: still held after `patience_ms`.
[[nodiscard]] Result<store::FileLock> lock_workers(const Home& home, milliseconds patience);

/// The fingerprint of the key that seals this store; empty for a new store.
[[nodiscard]] std::string known_fingerprint(store::Tx& tx);

/// The sealing key: from $CROSSDOCK_MASTER_KEY, else the file; made only for a store that has never had one.
/// `known_fingerprint` is the store's, empty for a new store. A rotation that was committed and not ended counts as ended.
/// Errors: missing, malformed, or another key than the store's.
[[nodiscard]] Result<crypto::SealingKey> load_sealing_key(const Home& home, const std::string& known_fingerprint,
                                                          Randomness& randomness);

}  // namespace crossdock::app
