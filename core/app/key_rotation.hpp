#pragma once

#include "app/admin.hpp"
#include "app/home.hpp"

#include <string>

/// Another sealing key for the store, while it is in use.
namespace crossdock::app {

/// The key under which it is told whether a secret is another than before, which outlives the sealing key.
[[nodiscard]] std::string mac_key(store::Tx& tx, const crypto::KeyRing& keys);

/// secret.rotate {"key": 64 hex digits, given when the key comes from $CROSSDOCK_MASTER_KEY}: seals everything anew, in one
/// commit. A key of the data folder is written beside the old one first, and takes its place behind the commit; the old one is
/// kept under its fingerprint. Answers {"fingerprint","before","sealed": how many, "kept": path, or null}. Errors: a value that
/// the old key does not open (named; nothing is changed), a key that is none, or a file that cannot be made.
[[nodiscard]] Task<Result<Json>> rotate_sealing_key(AdminContext context, Json request);

/// Puts the key of a committed rotation in its place, when a crash came between. Hold the store's lock.
/// Errors: a file that cannot be moved.
[[nodiscard]] Result<> end_rotation(const Home& home, const std::string& known_fingerprint);

}  // namespace crossdock::app
