#pragma once

#include "base/folder_grant.hpp"
#include "plugin/confinement.hpp"

#include <filesystem>
#include <vector>

namespace crossdock::worker {

/// What a plugin may reach beyond what every plugin may.
struct Room {
    std::filesystem::path library;         ///< its file, read only; empty: none
    std::filesystem::path folder;          ///< its account's files; made here when it is missing, as a plugin cannot; empty: none
    std::vector<FolderGrant> grants = {};  ///< what the account's file opens to it beyond that
    bool offline = false;                  ///< no sockets but those that it was born with; grants are made here when missing
};

/// Gives up, for good, what this process does not need to run one account's plugin: Landlock, capabilities, a system call filter.
/// docs/isolation.md says what that leaves.
///
/// Threads:  call before the plugin's library is loaded and while there is no other thread: later ones inherit it.
/// Requires: PR_SET_NO_NEW_PRIVS.
/// Errors:   none; what the kernel lacks is in the answer.
[[nodiscard]] plugin::Confinement confine(const Room& room);

}  // namespace crossdock::worker
