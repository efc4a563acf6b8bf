#include "call_filter.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace crossdock::worker {
namespace {

using Word = std::uint32_t;

#if defined(__x86_64__)
constexpr Word native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr Word native = AUDIT_ARCH_AARCH64;
#else
constexpr Word native = 0;
#endif

/// From this number on they are those of the x32 ABI (asm/unistd.h, __X32_SYSCALL_BIT).
constexpr Word x32_calls = 0x40000000;

// Newer than Debian 12's headers; from 424 on all processors share their numbers (include/uapi/asm-generic/unistd.h).
constexpr Word call_fchmodat2 = 452;
constexpr Word call_setxattrat = 463;
constexpr Word call_removexattrat = 466;
constexpr Word call_open_tree_attr = 467;

/// Never of use to a plugin. Grouped by what they would reach.
constexpr auto refused = std::to_array<Word>({
    // other processes
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_move_pages,
    SYS_migrate_pages,
    SYS_setpriority,
    SYS_ioprio_set,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    // the kernel's inside, and ways round a filter of system calls
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_personality,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
    // other views of the file system
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    call_open_tree_attr,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    // what Landlock leaves open to whoever owns a file: its rights, its owner, its length (before ABI 3), its being used
    SYS_fchmodat,
    call_fchmodat2,
    SYS_fchownat,
    SYS_truncate,
    SYS_setxattr,
    SYS_lsetxattr,
    call_setxattrat,
    SYS_removexattr,
    SYS_lremovexattr,
    call_removexattrat,
    SYS_inotify_add_watch,
    SYS_fanotify_init,
#ifdef SYS_chmod
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
#endif
    // the workers' lock: it is shared with the daemon, and letting go of it here would let go of it there
    SYS_flock,
});

/// Refused with EACCES, as a file or port that one has no right to is.
constexpr auto denied = std::to_array<Word>({
    SYS_execve,
    SYS_execveat,
    // Landlock knows only TCP, and not a socket that listens without a bind before. The resolver's bind of a netlink socket is
    // refused, too; it then asks for addresses of both families.
    SYS_bind,
    SYS_listen,
});

/// One call that depends on an argument: when (argument & mask) is among `values` it gets `among`, else `otherwise`; both are an
/// errno, 0 lets it pass.
struct Depends {
    Word call;
    int argument;
    Word mask;
    std::vector<Word> values;
    int among;
    int otherwise;
};

constexpr Word whole = std::numeric_limits<Word>::max();
constexpr Word socket_type = 0xf;  ///< include/linux/net.h, SOCK_TYPE_MASK

std::vector<Depends> depending(Word own_pid, bool offline) {
    std::vector<Depends> list;
    // abort() signals its own process; kill(0) and kill(-1) would reach the daemon.
    for (const Word call : {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo}) {
        list.push_back({call, 0, whole, {own_pid}, 0, EPERM});
    }
    for (const Word call :
         {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setattr, SYS_sched_setparam, SYS_sched_setscheduler}) {
        list.push_back({call, 0, whole, {0, own_pid}, 0, EPERM});
    }
    // Signals by way of a descriptor, and keys typed into the terminal that the log goes to.
    list.push_back({SYS_fcntl, 1, whole, {F_SETOWN, F_SETOWN_EX, F_SETSIG}, EPERM, 0});
    list.push_back({SYS_ioctl, 1, whole, {FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX}, EPERM, 0});
    list.push_back({SYS_prctl, 0, whole, {PR_SET_DUMPABLE, PR_SET_PDEATHSIG, static_cast<Word>(PR_SET_PTRACER)}, EPERM, 0});
    list.push_back({SYS_clone, 0, CLONE_THREAD, {CLONE_THREAD}, 0, EPERM});
    // No unix sockets: the daemon's control socket trusts whoever runs as its user, and Landlock does not look at connect.
    const auto families = offline ? std::vector<Word>() : std::vector<Word>{AF_INET, AF_INET6, AF_NETLINK};
    list.push_back({SYS_socket, 0, whole, families, 0, EACCES});
    // libcurl wakes itself through a pair; one of datagrams could be turned to another address.
    list.push_back({SYS_socketpair, 1, socket_type, {SOCK_STREAM, SOCK_SEQPACKET}, 0, EACCES});
    return list;
}

/// Writes a BPF program from its first instruction to its last.
class Program {
public:
    /// Loads a 32-bit word of seccomp_data.
    void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<Word>(offset)); }
    /// Each skips the next `count` instructions by what was loaded.
    void unless(Word value, std::size_t count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count); }
    void when(Word value, std::size_t count) { add(BPF_JMP | BPF_JEQ | BPF_K, value, count); }
    void when_below(Word value, std::size_t count) { add(BPF_JMP | BPF_JGE | BPF_K, value, 0, count); }
    void keep(Word mask) { add(BPF_ALU | BPF_AND | BPF_K, mask); }
    /// Ends with an errno, 0 lets the call pass.
    void answer(int error) {
        add(BPF_RET | BPF_K, error == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | static_cast<Word>(error));
    }
    [[nodiscard]] std::vector<sock_filter> take() { return std::move(made_); }

private:
    void add(int code, Word operand, std::size_t if_true = 0, std::size_t if_false = 0) {
        made_.push_back(
            {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), operand});
    }
    std::vector<sock_filter> made_;
};

void refuse(Program& program, Word call, int error) {
    program.unless(call, 1);
    program.answer(error);
}

void add(Program& program, const Depends& rule) {
    constexpr std::size_t frame = 3;  // load, keep, the last answer
    program.unless(rule.call, frame + 2 * rule.values.size());
    // The kernel reads these arguments as ints, so that the upper half says nothing; both processors are little-endian.
    program.load(offsetof(seccomp_data, args) + sizeof(std::uint64_t) * static_cast<std::size_t>(rule.argument));
    program.keep(rule.mask);
    for (const Word value : rule.values) {
        program.unless(value, 1);
        program.answer(rule.among);
    }
    program.answer(rule.otherwise);
}

}  // namespace

std::vector<sock_filter> call_filter(int own_pid, bool offline) {
    if (native == 0) { return {}; }
    Program program;
    program.load(offsetof(seccomp_data, arch));
    // Calls of another ABI of the same processor have other numbers.
    program.when(native, 1);
    program.answer(ENOSYS);
    program.load(offsetof(seccomp_data, nr));
    program.when_below(x32_calls, 1);
    program.answer(ENOSYS);
    // Its flags are in memory, where a filter cannot look; glibc then takes clone.
    refuse(program, SYS_clone3, ENOSYS);
    for (const auto& rule : depending(static_cast<Word>(own_pid), offline)) { add(program, rule); }
    for (const Word call : refused) { refuse(program, call, EPERM); }
    for (const Word call : denied) { refuse(program, call, EACCES); }
    program.answer(0);
    return program.take();
}

std::string install(std::vector<sock_filter> program) {
    if (program.empty()) { return "no system call filter is written for this processor"; }
    const sock_fprog given{static_cast<unsigned short>(program.size()), program.data()};
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &given);
    if (result == 0) { return {}; }
    if (result > 0) { return "a thread has a system call filter of its own"; }
    if (errno == ENOSYS || errno == EINVAL) {
        return "no system call filter: the kernel, or a container around it, does not have seccomp";
    }
    return std::string("no system call filter: ") + std::strerror(errno);
}

}  // namespace crossdock::worker
