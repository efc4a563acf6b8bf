#include "app/demo_rig.hpp"

#include "app/command.hpp"
#include "base/ids.hpp"
#include "base/joined.hpp"
#include "base/system_clock.hpp"
#include "base/unique_fd.hpp"
#include "crypto/crypto.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>

namespace crossdock::app {
namespace fs = std::filesystem;
namespace {

constexpr milliseconds ready_timeout{60'000};

std::string read_all(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string tail(const fs::path& file) {
    const std::string text = read_all(file);
    return text.size() > 2'000 ? text.substr(text.size() - 2'000) : text;
}

/// Replaces the first `from`. The shipped files are ours: one that no longer has it is a fault of the build.
Result<> replace(std::string& text, const std::string& from, const std::string& to, const fs::path& file) {
    const auto at = text.find(from);
    if (at == std::string::npos) { return Fault{"the shipped file no longer has \"" + from + "\"", file.string()}; }
    text.replace(at, from.size(), to);
    return {};
}

using Replacements = std::vector<std::pair<std::string, std::string>>;

Result<std::string> filled(const fs::path& file, const Replacements& replacements) {
    std::string text = read_all(file);
    if (text.empty()) { return Fault{"cannot be read", file.string()}; }
    for (const auto& [from, to] : replacements) {
        if (auto done = replace(text, from, to, file); !done) { return done.error(); }
    }
    return good(std::move(text));
}

std::string random_secret() {
    SystemRandomness randomness;
    std::array<unsigned char, 24> bytes{};
    randomness.fill(bytes);
    return hex(bytes);
}

}  // namespace

FreePort free_port() {
    // Linux gives outgoing connections ports from 32768 on, unless told otherwise.
    constexpr std::uint16_t first = 20'000;
    constexpr std::uint16_t behind = 32'768;
    SystemRandomness randomness;
    for (int tries = 0; tries < 1'000; ++tries) {
        const auto port = static_cast<std::uint16_t>(first + randomness.below(behind - first));
        // A name without a file, which ends with whoever has it.
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        const std::string text = "crossdock/port/" + std::to_string(port);
        text.copy(&name.sun_path[1], sizeof name.sun_path - 1);
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
        UniqueFd reservation(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::bind(reservation.get(), reinterpret_cast<sockaddr*>(&name), length) != 0) { continue; }
        const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
            return {port, std::move(reservation)};
        }
    }
    return {};
}

Result<fs::path> shipped_tree() {
    for (fs::path folder = executable_folder(); folder.has_relative_path(); folder = folder.parent_path()) {
        if (fs::exists(folder / "config" / "demo.yaml")) { return good(folder); }
    }
    const fs::path installed = (executable_folder() / "../share/crossdock").lexically_normal();
    if (fs::exists(installed / "config" / "demo.yaml")) { return good(installed); }
    return Fault{"config/demo.yaml is neither above the executable nor here", installed.string()};
}

Result<std::unique_ptr<DemoRig>> DemoRig::make(RigOptions options) {
    std::unique_ptr<DemoRig> rig(new DemoRig(std::move(options)));
    auto& o = rig->options_;
    auto tree = shipped_tree();
    if (!tree) { return tree.error(); }
    rig->tree_ = *tree;
    for (std::uint16_t* const port : {&o.api_port, &o.sandbox_port, &o.mail_port}) {
        if (*port != 0) { continue; }
        rig->ports_.push_back(free_port());
        *port = rig->ports_.back().number;
    }
    if (o.phonex_key.empty()) { o.phonex_key = random_secret(); }
    if (o.webhook_secret.empty()) { o.webhook_secret = random_secret(); }
    std::error_code error;
    fs::remove_all(o.folder, error);
    fs::create_directories(o.folder / "config" / "suppliers", error);
    if (error) { return Fault{"the folder cannot be made: " + error.message(), o.folder.string()}; }
    o.folder = fs::absolute(o.folder);
    // An account's folders must be there when its config is read.
    for (const char* const one : {"orders", "taken", "files"}) {
        if (o.portal) { fs::create_directories(rig->portal() / one, error); }
    }
    if (auto written = rig->write_config(); !written) { return written.error(); }
    return rig;
}

Result<> DemoRig::write_config() {
    const auto& o = options_;
    const fs::path shipped = tree_ / "config";
    auto config = filled(shipped / "demo.yaml", {{"port: 8080", "port: " + std::to_string(o.api_port)},
                                                 {"../var/demo/data", data().string()},
                                                 {"pipelines: ../pipelines", "pipelines: " + (tree_ / "pipelines").string()},
                                                 {"templates: templates", "templates: " + (shipped / "templates").string()},
                                                 {"suppliers/demo-phonex.yaml", "suppliers/phonex.yaml"},
                                                 {"port: 8025", "port: " + std::to_string(o.mail_port)},
                                                 {"not_after: 3s", "not_after: " + duration_text(o.not_after)},
                                                 {"request_timeout: 3s", "request_timeout: " + duration_text(o.request_timeout)},
                                                 {"inventory-sync: 2s", "inventory-sync: " + duration_text(o.inventory_every)}});
    if (!config) { return config.error(); }
    const std::string operation = o.effect_class == "idempotent" ? "class: idempotent" : "class: " + o.effect_class;
    auto supplier = filled(shipped / "suppliers" / "demo-phonex.yaml",
                           {{"http://127.0.0.1:8081", "http://127.0.0.1:" + std::to_string(o.sandbox_port)},
                            {"127.0.0.1:8080", "127.0.0.1:" + std::to_string(o.api_port)},
                            {"not_after: 3s", "not_after: " + duration_text(o.not_after)},
                            {"request_timeout: 3s", "request_timeout: " + duration_text(o.request_timeout)},
                            {"scheme: phonex", "scheme: " + o.webhook_scheme},
                            {"class: idempotent", operation},
                            {"visible_within: 2s", "visible_within: " + duration_text(o.visible_within)}});
    if (!supplier) { return supplier.error(); }
    if (o.portal) { *supplier = portal_account(); }
    if (o.edit_config) { *config = o.edit_config(*config); }
    if (o.edit_supplier) { *supplier = o.edit_supplier(*supplier); }
    config_ = o.folder / "config" / "crossdock.yaml";
    std::ofstream(config_, std::ios::binary) << *config;
    std::ofstream(o.folder / "config" / "suppliers" / "phonex.yaml", std::ios::binary) << *supplier;
    return {};
}

/// The account `phonex` of the shipped config, served by files instead: claims what the sandbox's portal is known to do.
std::string DemoRig::portal_account() const {
    const auto& o = options_;
    const std::string class_line =
        o.effect_class == "idempotent" ? "class: idempotent, key_valid_for: 24h" : "class: " + o.effect_class;
    return "account: phonex\nname: WesellCellular by file (sandbox)\ntype: direct\nplugin: wesellcellular\ncurrency: USD\n"
           "settings:\n  mode: portal\n"
           "  outbox: { folder: " +
           (portal() / "orders").string() +
           " }\n"
           "  taken: { folder: " +
           (portal() / "taken").string() +
           ", access: read }\n"
           "  inbox: { folder: " +
           (portal() / "files").string() +
           ", access: read }\n"
           "  quiet_ms: 60\n"
           "not_after: " +
           duration_text(o.not_after) + "\nrequest_timeout: " + duration_text(o.request_timeout) +
           "\n"
           "operations:\n  create_order: { " +
           class_line + ", visible_within: " + duration_text(o.visible_within) +
           " }\n"
           "statuses: { confirmed: confirmed, shipped: shipped, delivered: delivered, canceled: canceled, rejected: rejected }\n"
           "poll: { silent_for: 1s, every: 1s, every_max: 1s, until: shipped }\nlow_stock: 5\n";
}

std::vector<std::string> DemoRig::secrets_environment() const {
    return {"CROSSDOCK_DEMO_PHONEX_KEY=" + options_.phonex_key, "CROSSDOCK_DEMO_WEBHOOK_SECRET=" + options_.webhook_secret};
}

std::filesystem::path DemoRig::program() const {
    return options_.program.empty() ? executable_folder() / "crossdock" : options_.program;
}

Result<Process> DemoRig::start(const std::string& name, std::vector<std::string> arguments,
                               std::vector<std::string> environment) const {
    ProcessSpec spec;
    spec.program = program();
    spec.arguments = std::move(arguments);
    spec.arguments.insert(spec.arguments.end(), {"--die-with", std::to_string(::getpid())});
    // Sanitizer and locale settings of whoever started us matter to the children too.
    spec.environment = own_environment();
    spec.environment.insert(spec.environment.end(), environment.begin(), environment.end());
    UniqueFd log;
    if (options_.logs_to_files) {
        log = UniqueFd(::open(log_of(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        spec.stdout_fd = log.get();
        spec.stderr_fd = log.get();
    }
    return Process::spawn(spec);
}

Result<> DemoRig::wait_ready(Process& process, const std::string& name, const std::function<bool()>& ready) const {
    const BootMs until = system_boot_ms() + ready_timeout.count();
    for (;;) {
        if (const auto status = process.ended()) {
            return Fault{
                name + " ended before it was ready: " + describe_exit(*status) + "\n" + tail(log_of(name)), {}, Advice::stop};
        }
        if (ready()) { return {}; }
        if (system_boot_ms() > until) { return Fault{name + " was not ready in time\n" + tail(log_of(name)), {}, Advice::stop}; }
        ::poll(nullptr, 0, 1);
    }
}

Result<> DemoRig::start_mail_sink() {
    const fs::path port_file = mails() / "port";
    fs::remove(port_file);
    auto started =
        start("mail", {"sandbox", "mail", "--listen-port", std::to_string(options_.mail_port), "--folder", mails().string()}, {});
    if (!started) { return started.error(); }
    mail_ = std::move(*started);
    return wait_ready(mail_, "mail", [&] { return !read_all(port_file).empty(); });
}

Result<> DemoRig::start_supplier() {
    const fs::path folder = options_.folder / "supplier";
    const fs::path port_file = folder / "port";
    fs::remove(port_file);
    std::vector<std::string> arguments{
        "sandbox",
        "supplier",
        "--listen-port",
        std::to_string(options_.sandbox_port),
        "--folder",
        folder.string(),
        "--webhook-url",
        options_.portal ? "" : "http://127.0.0.1:" + std::to_string(options_.api_port) + "/api/webhooks/phonex",
        "--accept-after",
        duration_text(options_.accept_after),
        "--ship-after",
        duration_text(options_.ship_after),
        "--visible-after",
        duration_text(options_.visible_after),
        "--inventory",
        (tree_ / "config" / "sandbox-inventory.json").string(),
        "--webhook-scheme",
        options_.webhook_scheme};
    if (options_.effect_class == "idempotent") { arguments.emplace_back("--idempotency"); }
    if (options_.effect_class != "unsafe") { arguments.emplace_back("--lookup"); }
    if (options_.portal) { arguments.insert(arguments.end(), {"--portal", portal().string()}); }
    if (!options_.dialect.empty()) { arguments.insert(arguments.end(), {"--dialect", options_.dialect.string()}); }
    if (!options_.supplier_order_ids.empty()) {
        arguments.insert(arguments.end(), {"--ids", joined(options_.supplier_order_ids, ",")});
    }
    if (!options_.tracking_numbers.empty()) {
        arguments.insert(arguments.end(), {"--tracking", joined(options_.tracking_numbers, ",")});
    }
    auto environment = secrets_environment();
    if (!options_.sandbox_webhook_secret.empty()) {
        environment = {environment.front(), "CROSSDOCK_DEMO_WEBHOOK_SECRET=" + options_.sandbox_webhook_secret};
    }
    auto started = start("supplier", std::move(arguments), std::move(environment));
    if (!started) { return started.error(); }
    supplier_ = std::move(*started);
    return wait_ready(supplier_, "supplier", [&] { return !read_all(port_file).empty(); });
}

Result<> DemoRig::start_daemon(const std::string& crash_at) {
    auto environment = secrets_environment();
    if (!crash_at.empty()) { environment.push_back("CROSSDOCK_CRASH_AT=" + crash_at); }
    auto started = start("daemon", {"serve", "--config", config_.string()}, std::move(environment));
    if (!started) { return started.error(); }
    daemon_ = std::move(*started);
    auto ready = wait_ready(daemon_, "daemon", [&] {
        http::LoopbackCall call;
        call.port = options_.api_port;
        call.target = "/readyz";
        call.timeout = milliseconds{2'000};
        const auto answer = http::exchange(call);
        return answer && answer->status == 200;
    });
    if (!ready || !api_key_.empty()) { return ready; }
    return make_api_key();
}

Result<> DemoRig::make_api_key() {
    auto config = load_config(config_);
    if (!config) { return config.error(); }
    auto key =
        change_store(*config, Json::object({{"command", "key.create"}, {"name", "demo"}, {"scopes", "orders:write read"}}));
    if (!key) { return key.error(); }
    api_key_ = key->text("token");
    return {};
}

Result<http::LoopbackAnswer> DemoRig::api(const std::string& method, const std::string& target, const std::string& body) const {
    http::LoopbackCall call;
    call.port = options_.api_port;
    call.method = method;
    call.target = target;
    call.headers = {{"Authorization", "Bearer " + api_key_}};
    if (!body.empty()) { call.headers.emplace_back("Content-Type", "application/json"); }
    call.body = body;
    return http::exchange(call);
}

Result<Json> DemoRig::sandbox(const std::string& method, const std::string& target, const std::string& body) const {
    http::LoopbackCall call;
    call.port = options_.sandbox_port;
    call.method = method;
    call.target = target;
    if (!body.empty()) { call.headers.emplace_back("Content-Type", "application/json"); }
    call.body = body;
    const auto answer = http::exchange(call);
    if (!answer) { return answer.error(); }
    if (answer->status >= 300) {
        return Fault{"the sandbox answered " + std::to_string(answer->status) + ": " + answer->body, target};
    }
    return Json::parse(answer->body, JsonLimits{.bytes_max = 16 << 20});
}

DemoRig::Output DemoRig::crossdock(std::vector<std::string> arguments, const std::string& input) const {
    Output output;
    std::array<int, 2> in{}, out{}, err{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
        return output;
    }
    UniqueFd in_read(in[0]), in_write(in[1]), out_read(out[0]), out_write(out[1]), err_read(err[0]), err_write(err[1]);
    ProcessSpec spec;
    spec.program = program();
    spec.arguments = std::move(arguments);
    spec.arguments.insert(spec.arguments.end(), {"--config", config_.string()});
    spec.environment = own_environment();
    for (auto& secret : secrets_environment()) { spec.environment.push_back(std::move(secret)); }
    spec.stdin_fd = in_read.get();
    spec.stdout_fd = out_write.get();
    spec.stderr_fd = err_write.get();
    auto started = Process::spawn(spec);
    in_read.reset();
    out_write.reset();
    err_write.reset();
    if (!started) { return output; }
    if (::write(in_write.get(), input.data(), input.size()) < 0) { output.err = "its input could not be written\n"; }
    in_write.reset();
    std::array<pollfd, 2> both{{{out_read.get(), POLLIN, 0}, {err_read.get(), POLLIN, 0}}};
    for (int open = 2; open > 0;) {
        if (::poll(both.data(), both.size(), -1) < 0) { continue; }
        for (std::size_t i = 0; i < both.size(); ++i) {
            if (both[i].fd < 0 || both[i].revents == 0) { continue; }
            std::array<char, 4096> piece{};
            const auto got = ::read(both[i].fd, piece.data(), piece.size());
            if (got > 0) { (i == 0 ? output.out : output.err).append(piece.data(), static_cast<std::size_t>(got)); }
            else {
                both[i].fd = -1;
                --open;
            }
        }
    }
    const int status = started->wait();
    output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return output;
}

int DemoRig::stop_daemon() {
    daemon_.signal(SIGTERM);
    return daemon_.wait();
}

}  // namespace crossdock::app
