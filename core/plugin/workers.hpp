#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "plugin/caller.hpp"
#include "plugin/confinement.hpp"
#include "plugin/folders.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crossdock::plugin {

/// What one worker is started with. Secrets go over the socket, never through arguments or environment.
struct WorkerSpec {
    std::string name;       ///< account or channel
    std::string interface;  ///< "crossdock.supplier/1" or "crossdock.channel/1"; with `inspect_only`, empty means whichever
    std::filesystem::path library;  ///< with `inspect_only`, empty means none: the worker only says how it is confined
    Json settings;                  ///< the plugin's settings, secrets resolved, e.g. {"base_url": "...", "api_key": "..."}
    std::filesystem::path folder;   ///< the plugin's own files; empty: it has none
    std::vector<FolderGrant> grants = {};  ///< further folders that it may reach; each exists
    bool inspect_only = false;             ///< only read the manifest: no settings are checked, no code of the account runs
    Json account;  ///< what the account's file says that adapters may read (operations, request_timeout_ms)
    milliseconds request_timeout{10'000};  ///< one HTTP or SMTP exchange
    std::vector<std::string> reach = {};   ///< "HOST:PORT" that exchanges may go to; empty and not `fenced`: anywhere
    bool fenced = false;  ///< they may also go to the places that settings name, nowhere else, and to other machines by https:
    bool plain_http = false;  ///< `fenced`: by http:, too
    /// What the plugin sends is recorded and goes nowhere; the process has no sockets, and `grants` are its own, made here.
    bool shadow = false;
    bool verbose = false;     ///< logs what the plugin says at level debug, too
    bool quarantine = true;   ///< false: it is restarted however often it dies
    bool in_process = false;  ///< runs on threads of this process; its exchanges leave from a carrier process
    std::string digest = {};  ///< in_process: SHA-256 of the file as it was inspected; Workers sets it
    std::string crash_at;     ///< CROSSDOCK_CRASH_AT for a worker's point, only when the config arms it

    [[nodiscard]] bool operator==(const WorkerSpec&) const = default;
};

/// What the plugin says of itself, read in the worker.
struct Manifest {
    std::string name;
    std::string version;
    std::string interface;
    std::string digest;                                        ///< SHA-256 of the file, lower-case hex
    std::int64_t abi_revision = 0;                             ///< it was built for
    std::int64_t abi_needs = 0;                                ///< the oldest that it runs on
    std::vector<std::string> interfaces;                       ///< all that it offers
    std::vector<std::string> operations;                       ///< of `interface`: its capabilities
    bool serial_calls = false;                                 ///< calls never overlap
    std::vector<std::pair<std::string, std::string>> classes;  ///< operation -> strongest effect class
    Json schema;                                               ///< settings schema
    Confinement confinement;                                   ///< of the worker that runs it, or carries its exchanges
};

/// How a worker is, for the status page.
struct WorkerStatus {
    std::string name;
    bool up = false;
    bool quarantined = false;  ///< it kept dying, and is not restarted before a person says so
    std::string why = {};      ///< of what it died last; empty: it has not
    int pid = -1;              ///< of the worker, or of the carrier of a plugin that runs in this process
    std::int64_t deaths = 0;   ///< since it was started first
};

/// The supervised worker processes: one per account or channel, restarted with backoff when they die; replaced
/// without a gap when plugin or settings change.
///
/// Threads:  the executor's; workers are spawned on the thread that runs it, which must be the process's main thread (PDEATHSIG).
/// Lifetime: stop(), then run the executor dry, then destroy.
class Workers : public Caller {
public:
    struct Options {
        std::filesystem::path program;  ///< crossdock-worker
        int lock_fd = -1;               ///< inherited by each worker: the lock is free only when all of them are gone
        std::size_t calls_max = 256;    ///< in flight per worker; more are `not_sent`
        /// libexpressions.so, for the expressions that plugins want evaluated: in a worker of its own, which is started when the
        /// first one comes. Empty: such evaluations fail.
        std::filesystem::path expressions = {};
        std::size_t frame_max = 8 << 20;
        bool strict = false;  ///< a worker that is not secret-isolated refuses to serve
        /// When one of them has been replaced, calls go to a fresh worker, since a confined one cannot read it any more.
        std::vector<std::filesystem::path> resolver_files{plugin::resolver_files.begin(), plugin::resolver_files.end()};
        int output_fd = -1;  ///< where workers write their log and whatever a plugin prints; -1: this process's standard error
        milliseconds start_timeout{10'000};
        milliseconds backoff_first{100};
        milliseconds backoff_max{10'000};
        std::uint64_t memory_max = 512U << 20U;  ///< resident bytes of one worker; 0: no cap
        milliseconds memory_pause{100};          ///< between two looks, while calls are in flight
        /// A worker that dies so often within that time is quarantined. 0: never.
        std::size_t deaths_max = 0;
        milliseconds deaths_within{600'000};
        std::function<void(const WorkerStatus&)> on_quarantine = {};
        /// A worker that was restarted found another plugin file than before. Called before it takes a call.
        std::function<void(const std::string& name, const Manifest&)> on_other_plugin = {};
        /// Begins to serve a plugin on threads of this process: `session` leads to its Link, `carrier` to the process that
        /// carries its exchanges. Errors: no thread could be made.
        using InProcess = std::function<Result<>(UniqueFd session, UniqueFd carrier)>;
        InProcess in_process = {};
    };

    [[nodiscard]] static std::unique_ptr<Workers> make(Executor executor, Clock& clock, Options options);

    /// Starts one worker, waits for its handshake and checks manifest, interface and settings.
    /// One with `in_process` is inspected in a short-lived worker before this process loads it.
    /// Errors: missing file, wrong ABI (both versions are named), wrong interface, settings that the schema refuses (the field is
    /// named). With a quarantine, one that dies or hangs in its handshake is tried again until it is quarantined; the advice of
    /// that fault is retry, and the worker stays known.
    virtual Task<Result<Manifest>> start(WorkerSpec spec) = 0;

    /// Ends a quarantine: starts the worker, whose deaths count anew.
    /// Errors: no such worker; it is not quarantined; as start.
    virtual Task<Result<Manifest>> enable(std::string name) = 0;
    [[nodiscard]] virtual std::vector<WorkerStatus> statuses() const = 0;

    /// Whether a worker of this name was started, and not removed since.
    [[nodiscard]] virtual bool knows(const std::string& name) const = 0;
    /// Whether it was started with this, and is not quarantined.
    [[nodiscard]] virtual bool was_started_with(const WorkerSpec& spec) const = 0;
    /// Starts a worker beside the one of that name, which goes on serving, and shakes hands. It takes no calls before `adopt`.
    /// Errors: as start; the advice of the fault is retry when it died or hung.
    virtual Task<Result<Manifest>> stage(WorkerSpec spec) = 0;
    /// At once: the staged ones serve, those named in `removed` no longer do. What the ones before have in flight comes to its
    /// end. One of another plugin file is kept for what it began, until `release`.
    virtual void adopt(const std::vector<std::string>& removed) = 0;
    /// Ends the staged ones.
    virtual void discard() = 0;
    /// Lets the kept worker of that plugin file go.
    virtual void release(const std::string& name, const std::string& digest) = 0;

    /// Asks the calls that a worker has in flight to give up; each still answers.
    virtual void cancel(const std::string& name) = 0;

    /// Ends all workers: cancels calls in flight, closes sockets, waits for the processes up to `grace`, then kills.
    virtual Task<void> stop(milliseconds grace) = 0;

    /// For tests and the status page: the process of a worker, -1 while there is none.
    [[nodiscard]] virtual int pid_of(const std::string& name) const = 0;
};

}  // namespace crossdock::plugin
