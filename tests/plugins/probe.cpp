#include <crossdock/sdk.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

namespace sdk = crossdock::sdk;

namespace {

constexpr int workers_lock = 4;

struct Wish {
    std::string path;
    std::string address;
    std::string url;
    pid_t pid;
};

/// "done", or the error's name.
std::string outcome(long result) {
    return result >= 0 ? "done" : ::strerrorname_np(errno);
}

std::string open_as(const Wish& wish, int flags) {
    const int fd = ::open(wish.path.c_str(), flags | O_CLOEXEC, 0600);
    auto text = outcome(fd);
    if (fd >= 0) { ::close(fd); }
    return text;
}

std::string list_folder(const Wish& wish) {
    DIR* folder = ::opendir(wish.path.c_str());
    if (folder == nullptr) { return outcome(-1); }
    ::closedir(folder);
    return "done";
}

std::string read_memory(const Wish& wish) {
    char taken[8] = {};
    iovec ours{taken, sizeof(taken)};
    iovec theirs{reinterpret_cast<void*>(std::strtoull(wish.address.c_str(), nullptr, 10)), sizeof(taken)};
    return outcome(::process_vm_readv(wish.pid, &ours, 1, &theirs, 1, 0));
}

std::string start_process(const Wish& /*wish*/) {
    const pid_t child = ::fork();
    if (child == 0) { ::_exit(0); }
    return outcome(child);
}

/// Nothing is there: only who may execute nothing hears another reason.
std::string execute(const Wish& /*wish*/) {
    char name[] = "nothing";
    char* arguments[] = {name, nullptr};
    return outcome(::execv("/nothing-is-here", arguments));
}

std::string start_thread(const Wish& /*wish*/) {
    std::string said;
    std::thread([&said] { said = "done"; }).join();
    return said;
}

std::string take_port(const Wish& /*wish*/) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto text = outcome(::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)));
    ::close(fd);
    return text;
}

std::string listen_unbound(const Wish& /*wish*/) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto text = outcome(::listen(fd, 1));
    ::close(fd);
    return text;
}

std::string connect_unix(const Wish& wish) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) { return outcome(fd); }
    sockaddr_un there{};
    there.sun_family = AF_UNIX;
    wish.path.copy(there.sun_path, sizeof(there.sun_path) - 1);
    auto text = outcome(::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof(there)));
    ::close(fd);
    return text;
}

std::string aim_signal(const Wish& wish) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) { return outcome(-1); }
    auto text = outcome(::fcntl(ends[0], F_SETOWN, wish.pid));
    ::close(ends[0]);
    ::close(ends[1]);
    return text;
}

std::string lower_limit(const Wish& wish) {
    return outcome(::prlimit(wish.pid, RLIMIT_NOFILE, nullptr, nullptr));
}

std::string resolve(const Wish& wish) {
    addrinfo* found = nullptr;
    addrinfo wanted{};
    wanted.ai_flags = AI_ADDRCONFIG;
    wanted.ai_socktype = SOCK_STREAM;
    const int error = ::getaddrinfo(wish.address.c_str(), "443", &wanted, &found);
    if (error != 0) { return ::gai_strerror(error); }
    ::freeaddrinfo(found);
    return "done";
}

using Try = std::string (*)(const Wish&);

const std::map<std::string, Try, std::less<>> tries{
    {"read", [](const Wish& wish) { return open_as(wish, O_RDONLY); }},
    {"write", [](const Wish& wish) { return open_as(wish, O_WRONLY); }},
    {"create", [](const Wish& wish) { return open_as(wish, O_WRONLY | O_CREAT); }},
    {"list", list_folder},
    {"chmod", [](const Wish& wish) { return outcome(::chmod(wish.path.c_str(), 0644)); }},
    {"truncate", [](const Wish& wish) { return outcome(::truncate(wish.path.c_str(), 0)); }},
    {"remove", [](const Wish& wish) { return outcome(::unlink(wish.path.c_str())); }},
    {"link", [](const Wish& wish) { return outcome(::symlink("/etc/passwd", wish.path.c_str())); }},
    {"read memory", read_memory},
    {"trace", [](const Wish& wish) { return outcome(::ptrace(PTRACE_SEIZE, wish.pid, nullptr, nullptr)); }},
    {"signal", [](const Wish& wish) { return outcome(::kill(wish.pid, 0)); }},
    {"aim a signal", aim_signal},
    {"hold a process", [](const Wish& wish) { return outcome(::syscall(SYS_pidfd_open, wish.pid, 0)); }},
    {"read limits", lower_limit},
    {"execute", execute},
    {"start a process", start_process},
    {"start a thread", start_thread},
    {"take a port", take_port},
    {"listen", listen_unbound},
    {"connect", connect_unix},
    {"network", [](const Wish&) { return outcome(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }},
    {"other network", [](const Wish&) { return outcome(::socket(AF_PACKET, SOCK_RAW, 0)); }},
    {"become dumpable", [](const Wish&) { return outcome(::prctl(PR_SET_DUMPABLE, 1)); }},
    {"outlive the daemon", [](const Wish&) { return outcome(::prctl(PR_SET_PDEATHSIG, 0)); }},
    {"free the lock", [](const Wish&) { return outcome(::flock(workers_lock, LOCK_UN)); }},
    {"resolve", resolve},
};

}  // namespace

/// Tries what the order's "try" names, and answers how that went: "done", or the error's name.
class Probe final : public sdk::SupplierAdapter {
public:
    static constexpr sdk::Manifest manifest{.name = "probe", .version = "0.1.0"};
    static sdk::Schema settings() {
        return sdk::Schema{}
            .folder("outbox", "Open, to be written", true)
            .optional()
            .folder("inbox", "Open, to be read")
            .optional();
    }

    sdk::Submission create_order(const sdk::Order& order, sdk::Host& host) override {
        const auto& document = order.document;
        const Wish wish{document.text("path").value_or(""), document.text("address").value_or(""),
                        document.text("url").value_or(""),
                        static_cast<pid_t>(std::atoi(document.text("pid").value_or("0").c_str()))};
        sdk::Submission made{.transport = sdk::Transport::answered, .status = 200};
        const auto name = document.need_text("try");
        if (name == "get") {
            const auto reply = host.http().get(wish.url);
            made.reason = reply.reason.empty() ? "answered " + std::to_string(reply.status) : reply.reason;
        }
        else if (name == "files") {
            host.files().write("cursor.txt", "41");
            made.reason = host.files().read("cursor.txt").value_or("none");
        }
        else if (name == "abort") { std::abort(); }
        else { made.reason = tries.at(name)(wish); }
        return made;
    }
};

CROSSDOCK_EXPORT_SUPPLIER(Probe)
