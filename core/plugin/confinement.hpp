#pragma once

#include "base/json.hpp"

#include <array>
#include <string>
#include <vector>

namespace crossdock::plugin {

/// By these glibc resolves names. Landlock knows files by their inode: a worker cannot read one that replaces another.
inline constexpr std::array resolver_files{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"};

/// What stands between a worker's plugin and everything that is not its account's, as the worker found it in force.
struct Confinement {
    int landlock = 0;                       ///< the ABI version that is enforced; 0: none
    bool seccomp = false;                   ///< the system call filter is in force
    std::vector<std::string> lacking = {};  ///< what is not in force, and why, for people

    /// The store, the keys and other accounts' secrets are out of the plugin's reach.
    [[nodiscard]] bool secret_isolated() const { return landlock > 0 && seccomp; }
    /// "secret-isolated (Landlock 7, seccomp)", or "crash-isolated, not secret-isolated: " and what is lacking.
    [[nodiscard]] std::string text() const;

    /// As it travels in the frame `ready`: {"landlock": 7, "seccomp": true, "lacking": []}.
    [[nodiscard]] Json json() const;
    /// Whatever is absent or of another type is not in force. Null: the worker said nothing.
    [[nodiscard]] static Confinement read(const Json* json);
};

}  // namespace crossdock::plugin
