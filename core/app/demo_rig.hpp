#pragma once

#include "base/json.hpp"
#include "base/process.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "http/loopback.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crossdock::app {

/// A port of loopback for a server whose port others must know before it starts.
struct FreePort {
    std::uint16_t number = 0;   ///< 0: none was found
    UniqueFd reservation = {};  ///< while it is open nobody else is given the port by free_port(), in whatever process
};

/// One that nobody listens on now, and that no outgoing connection may be given.
[[nodiscard]] FreePort free_port();

/// How a rig is set up. The daemon's config is the shipped config/demo.yaml with ports, folders and what is named here filled in.
struct RigOptions {
    std::filesystem::path folder;  ///< made anew; config, data, sandbox and mails stand in it
    std::uint16_t api_port = 0;    ///< 0: a free one, chosen once
    std::uint16_t sandbox_port = 0;
    std::uint16_t mail_port = 0;
    std::filesystem::path program = {};       ///< run as crossdock; empty: the one beside this executable
    std::string effect_class = "idempotent";  ///< of create_order; the sandbox is set up to honour it
    milliseconds not_after{3'000};
    milliseconds request_timeout{3'000};
    milliseconds visible_within{2'000};
    milliseconds visible_after{0};
    milliseconds accept_after{300};
    milliseconds ship_after{900};
    milliseconds inventory_every{2'000};
    std::vector<std::string> supplier_order_ids = {};
    std::vector<std::string> tracking_numbers = {};
    std::filesystem::path dialect = {};                          ///< the sandbox's; empty: PhoneX's
    std::string phonex_key = {};                                 ///< empty: random
    std::string webhook_secret = {};                             ///< empty: random
    bool portal = false;                                         ///< orders go by file: plugin wesellcellular, no webhooks
    std::string webhook_scheme = "phonex";                       ///< of the sandbox; the supplier file's is edited to match
    std::string sandbox_webhook_secret = {};                     ///< empty: the same as the daemon's
    bool logs_to_files = true;                                   ///< else to standard error
    std::function<std::string(std::string)> edit_config = {};    ///< a last change of the config's text
    std::function<std::string(std::string)> edit_supplier = {};  ///< a last change of the supplier file's text
};

/// The daemon, the sandbox supplier and the mail sink as processes of their own, over real sockets: for the demo and the system
/// tests.
///
/// Threads:  one; blocks. Lifetime: the destructor ends the processes that it started.
class DemoRig {
public:
    [[nodiscard]] static Result<std::unique_ptr<DemoRig>> make(RigOptions options);

    /// Each waits until the process listens. Errors: it ended (with its log's end), or did not get ready in time.
    [[nodiscard]] Result<> start_mail_sink();
    [[nodiscard]] Result<> start_supplier();
    /// `crash_at` becomes CROSSDOCK_CRASH_AT. Waits for /readyz unless the process dies before: then the fault says how. The
    /// first daemon that gets ready is asked for the API key.
    [[nodiscard]] Result<> start_daemon(const std::string& crash_at = "");

    [[nodiscard]] Process& daemon() { return daemon_; }
    [[nodiscard]] Process& supplier() { return supplier_; }
    [[nodiscard]] const std::filesystem::path& config() const { return config_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return options_.folder; }
    [[nodiscard]] std::filesystem::path mails() const { return options_.folder / "mail"; }
    [[nodiscard]] std::filesystem::path data() const { return options_.folder / "data"; }
    [[nodiscard]] std::filesystem::path log_of(const std::string& process) const { return options_.folder / (process + ".log"); }
    [[nodiscard]] std::uint16_t api_port() const { return options_.api_port; }
    [[nodiscard]] std::uint16_t sandbox_port() const { return options_.sandbox_port; }
    [[nodiscard]] std::uint16_t mail_port() const { return options_.mail_port; }
    /// The portal's folder: orders/, taken/, files/.
    [[nodiscard]] std::filesystem::path portal() const { return options_.folder / "portal"; }
    [[nodiscard]] const std::string& webhook_secret() const { return options_.webhook_secret; }
    [[nodiscard]] const std::string& phonex_key() const { return options_.phonex_key; }

    /// Of the scopes orders:write and read; empty until a daemon was ready.
    [[nodiscard]] const std::string& api_key() const { return api_key_; }

    /// An exchange with the daemon, key included.
    [[nodiscard]] Result<http::LoopbackAnswer> api(const std::string& method, const std::string& target,
                                                   const std::string& body = "") const;
    /// An exchange with the sandbox's controls; the parsed answer.
    [[nodiscard]] Result<Json> sandbox(const std::string& method, const std::string& target, const std::string& body = "") const;

    /// Runs `crossdock ARGUMENTS --config ...` and answers its exit code, standard output and standard error.
    struct Output {
        int exit_code = -1;
        std::string out, err;
    };
    [[nodiscard]] Output crossdock(std::vector<std::string> arguments, const std::string& input = "") const;

    /// SIGTERM, then waits for the end; the wait status.
    int stop_daemon();

private:
    explicit DemoRig(RigOptions options) : options_(std::move(options)) {}
    [[nodiscard]] std::filesystem::path program() const;
    [[nodiscard]] Result<> write_config();
    [[nodiscard]] std::string portal_account() const;
    [[nodiscard]] Result<> make_api_key();
    [[nodiscard]] Result<> wait_ready(Process& process, const std::string& name, const std::function<bool()>& ready) const;
    [[nodiscard]] Result<Process> start(const std::string& name, std::vector<std::string> arguments,
                                        std::vector<std::string> environment) const;
    [[nodiscard]] std::vector<std::string> secrets_environment() const;

    RigOptions options_;
    std::filesystem::path tree_;
    std::filesystem::path config_;
    std::string api_key_;
    std::vector<FreePort> ports_;
    Process mail_, supplier_, daemon_;
};

/// The folder in which the shipped config/demo.yaml stands: above the executable in a source tree, else in
/// ../share/crossdock beside its folder.
[[nodiscard]] Result<std::filesystem::path> shipped_tree();

}  // namespace crossdock::app
