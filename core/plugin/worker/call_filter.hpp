#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

namespace crossdock::worker {

/// The system calls that a worker refuses from here on, as a classic BPF program (seccomp(2)). Refused calls fail; none kills.
/// Everything not named in it is allowed. Empty: none is written for this processor. `offline`: no socket is made at all.
[[nodiscard]] std::vector<sock_filter> call_filter(int own_pid, bool offline = false);

/// Puts it into force for all threads of the process. Empty when done, else why not.
/// Requires: PR_SET_NO_NEW_PRIVS.
[[nodiscard]] std::string install(std::vector<sock_filter> program);

}  // namespace crossdock::worker
