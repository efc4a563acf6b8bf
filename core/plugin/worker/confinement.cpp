#include "confinement.hpp"

#include "base/unique_fd.hpp"
#include "call_filter.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace crossdock::worker {
namespace {

namespace fs = std::filesystem;
using Rights = std::uint64_t;

// Newer than Debian 12's headers: include/uapi/linux/landlock.h of Linux 6.12.
constexpr Rights fs_truncate = 1ULL << 14;                // ABI 3
constexpr Rights fs_ioctl_dev = 1ULL << 15;               // ABI 5
constexpr Rights net_bind_tcp = 1ULL << 0;                // ABI 4
constexpr Rights scope_abstract_unix_socket = 1ULL << 0;  // ABI 6
constexpr Rights scope_signal = 1ULL << 1;                // ABI 6

constexpr int abi_refer = 2;
constexpr int abi_truncate = 3;
constexpr int abi_network = 4;
constexpr int abi_ioctl = 5;
constexpr int abi_scope = 6;

/// landlock_ruleset_attr as it has grown; older kernels take the part that they know.
struct Handled {
    Rights files = 0;
    Rights network = 0;
    Rights scoped = 0;
};

constexpr Rights read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/// Of an account's own folder: no execution, and no links, devices, pipes or sockets, which others might follow.
constexpr Rights own_rights = read_rights | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate | LANDLOCK_ACCESS_FS_MAKE_REG |
                              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                              LANDLOCK_ACCESS_FS_REFER;
/// What a rule on a file, not a folder, can hold.
constexpr Rights file_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate;
constexpr Rights first_rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  ///< all of ABI 1

/// Read by loader, resolver, TLS, locales and time zones. Named one by one: /etc also holds what is nobody else's business, such
/// as /etc/ssl/private and this program's own config. docs/isolation.md lists them.
constexpr std::array readable{// libraries, their data, and certificates
                              "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share",
                              "/usr/local/share/ca-certificates", "/etc/ld.so.cache", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
                              "/etc/ca-certificates", "/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust",
                              "/etc/crypto-policies",
                              // names and services, with plugin::resolver_files
                              "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/networks",
                              // time zone, locale
                              "/etc/localtime", "/etc/timezone", "/etc/locale.alias",
                              // the process itself and how many processors it has
                              "/proc/self", "/sys/devices/system/cpu", "/dev/zero", "/dev/random", "/dev/urandom"};

/// Adds "may do `rights` to this file, or below this folder". What is not there needs no rule.
void allow(int ruleset, const fs::path& path, Rights rights, Rights handled) {
    const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat what {};
    if (!fd.open() || ::fstat(fd.get(), &what) != 0) { return; }
    landlock_path_beneath_attr rule{};
    rule.allowed_access = rights & handled & (S_ISDIR(what.st_mode) ? handled : file_rights);
    rule.parent_fd = fd.get();
    ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/// The folder below /run that a service of its own keeps resolv.conf in, where it replaces it now and then.
fs::path folder_of_resolver() {
    std::error_code error;
    auto folder = fs::canonical("/etc/resolv.conf", error).parent_path();
    const bool own = !error && folder.string().starts_with("/run/");
    return own ? folder : fs::path();
}

Handled handled_by(int abi) {
    Handled handled{.files = first_rights};
    if (abi >= abi_refer) { handled.files |= LANDLOCK_ACCESS_FS_REFER; }
    if (abi >= abi_truncate) { handled.files |= fs_truncate; }
    if (abi >= abi_network) { handled.network = net_bind_tcp; }
    if (abi >= abi_ioctl) { handled.files |= fs_ioctl_dev; }
    if (abi >= abi_scope) { handled.scoped = scope_abstract_unix_socket | scope_signal; }
    return handled;
}

std::size_t size_known_to(int abi) {
    return abi >= abi_scope ? sizeof(Handled) : abi >= abi_network ? 2 * sizeof(Rights) : sizeof(Rights);
}

std::string why_no_landlock(int error) {
    if (error == ENOSYS) { return "no Landlock: the kernel, or a container around it, does not have it"; }
    if (error == EOPNOTSUPP) { return "no Landlock: it is switched off; boot with `landlock` in the parameter lsm="; }
    return std::string("no Landlock: ") + std::strerror(error);
}

/// The ABI version that is in force, or 0 and the errno.
int restrict_files(const Room& room, int& error) {
    error = 0;
    const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version <= 0) {
        error = errno;
        return 0;
    }
    const int abi = static_cast<int>(version);
    const Handled handled = handled_by(abi);
    const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size_known_to(abi), 0)));
    if (ruleset.open()) {
        for (const char* path : plugin::resolver_files) { allow(ruleset.get(), path, read_rights, handled.files); }
        for (const char* path : readable) { allow(ruleset.get(), path, read_rights, handled.files); }
        allow(ruleset.get(), "/dev/null", read_rights | LANDLOCK_ACCESS_FS_WRITE_FILE, handled.files);
        // As files only: what else is there can be opened by whoever knows its name, and listed by nobody.
        if (const auto folder = folder_of_resolver(); !folder.empty()) {
            allow(ruleset.get(), folder, LANDLOCK_ACCESS_FS_READ_FILE, handled.files);
        }
        if (!room.library.empty()) { allow(ruleset.get(), room.library, LANDLOCK_ACCESS_FS_READ_FILE, handled.files); }
        if (!room.folder.empty()) { allow(ruleset.get(), room.folder, own_rights, handled.files); }
        for (const auto& grant : room.grants) {
            allow(ruleset.get(), grant.path, grant.write ? own_rights : read_rights, handled.files);
        }
        if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0) { return abi; }
    }
    error = errno;
    return 0;
}

/// Of root's powers only the one over files is kept, which an account's folder may need and Landlock bounds: a raw socket, for
/// one, would show what the daemon is told over loopback.
void drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) { return; }
    auto& low = sets[CAP_TO_INDEX(CAP_DAC_OVERRIDE)];
    low.permitted &= CAP_TO_MASK(CAP_DAC_OVERRIDE);
    low.effective &= low.permitted;
    low.inheritable = 0;
    sets[1] = {};
    ::syscall(SYS_capset, &header, sets.data());
}

}  // namespace

plugin::Confinement confine(const Room& room) {
    if (!room.folder.empty()) {
        // Behind Landlock its parent can no longer be written. A folder that cannot be made is said when a file is written.
        std::error_code ignored;
        fs::create_directories(room.folder.parent_path(), ignored);
        ::mkdir(room.folder.c_str(), S_IRWXU);
    }
    for (const auto& grant : room.grants) {
        std::error_code ignored;
        if (room.offline) { fs::create_directories(grant.path, ignored); }
    }
    plugin::Confinement made;
    int error = 0;
    made.landlock = restrict_files(room, error);
    if (made.landlock == 0) { made.lacking.push_back(why_no_landlock(error)); }
    drop_capabilities();
    auto why = install(call_filter(::getpid(), room.offline));
    made.seccomp = why.empty();
    if (!why.empty()) { made.lacking.push_back(std::move(why)); }
    return made;
}

}  // namespace crossdock::worker
