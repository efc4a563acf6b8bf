#include "app/cli.hpp"

#include "app/admin.hpp"
#include "app/command.hpp"
#include "app/control_socket.hpp"
#include "app/home.hpp"
#include "app/key_rotation.hpp"
#include "app/setup.hpp"
#include "base/journal_point.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "check/plugin_bench.hpp"
#include "store/inline_store.hpp"
#include "store/migrate.hpp"

#include <CLI/CLI.hpp>

#include <boost/asio/io_context.hpp>

#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace crossdock::app {

Result<Config> CommandLine::load() const {
    ConfigOverrides overrides;
    if (port) { overrides.port = static_cast<std::uint16_t>(*port); }
    if (data) { overrides.data = *data; }
    const auto file = config_path(config);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return Fault{"there is no config file here; name one with --config or CROSSDOCK_CONFIG", file.string()};
    }
    return load_config(file, overrides);
}

int fail(const CommandLine& line, const Fault& fault, int code) {
    if (line.json) {
        std::fprintf(stderr, "%s\n",
                     Json::object({{"error", fault.what}, {"where", fault.where}, {"exit_code", code}}).dump().c_str());
    }
    else { std::fprintf(stderr, "crossdock: %s\n", fault.text().c_str()); }
    return code;
}

int show(const CommandLine& line, const Json& result, const std::string& text) {
    const std::string out = line.json ? result.dump() + "\n" : text;
    std::fwrite(out.data(), 1, out.size(), stdout);
    return exit_ok;
}

Result<Json> read_store(const Config& config, const std::function<Result<Json>(store::Tx&)>& unit) {
    const Home home{config.data};
    auto database = store::Database::open(home.store(), store::Database::Mode::read_only);
    if (!database) { return database.error(); }
    std::optional<Result<Json>> result;
    if (auto fault = store::read_once(**database, [&](store::Tx& tx) { result = unit(tx); })) {
        fault->advice = Advice::stop;
        return *fault;
    }
    return std::move(*result);
}

namespace {

/// Plugins are not to be had without a daemon; what is decided is done when it runs.
class NoCaller final : public plugin::Caller {
public:
    Task<plugin::CallAnswer> call(plugin::Call /*call*/, plugin::OnBatch /*on_batch*/) override {
        co_return plugin::CallAnswer{plugin::CallStatus::not_sent, {}, "no daemon is running"};
    }
};

/// What orders' commands work on, made from the config's files. Errors: a pipeline or template that does not load.
class Offline {
public:
    static Result<std::unique_ptr<Offline>> make(const Config& config, Executor executor, Clock& clock, Randomness& randomness,
                                                 store::InlineStore& store, const crypto::KeyRing& keys) {
        Setup setup;
        setup.config = config;
        if (const auto faults = read_files(setup); !faults.empty()) { return faults.front(); }
        const std::function<orders::Accounts(store::Tx&)> look = [&config](store::Tx& tx) { return known_accounts(tx, config); };
        auto accounts = store.read_now<orders::Accounts>(look);
        if (!accounts) { return accounts.error(); }
        const std::function<std::string(store::Tx&)> sign = [&](store::Tx& tx) {
            return unsubscribe_key(tx, config, keys, clock, randomness);
        };
        auto signing = store.commit_now<std::string>(Commit::config_sync, sign);
        if (!signing) { return signing.error(); }
        setup.secrets.unsubscribe_key = std::move(*signing);
        return std::unique_ptr<Offline>(new Offline(setup, std::move(executor), clock, randomness, store, *accounts));
    }

    [[nodiscard]] pipeline::Environment& environment() { return environment_; }

private:
    Offline(const Setup& setup, Executor executor, Clock& clock, Randomness& randomness, store::InlineStore& store,
            const orders::Accounts& accounts)
        : facts_(clock, randomness, fact_options(setup)),
          environment_{std::move(executor),
                       clock,
                       randomness,
                       store,
                       caller_,
                       facts_,
                       engine_options(setup.config, accounts, setup.definitions, {})} {}

    NoCaller caller_;
    notify::Facts facts_;
    pipeline::Environment environment_;
};

}  // namespace

Result<Json> change_store(const Config& config, const Json& request) {
    if (auto answer = ask_daemon(Home{config.data}.control_socket(), request)) { return std::move(*answer); }
    auto home = open_home(config.data);
    if (!home) { return home.error(); }
    auto lock = lock_store(*home);
    if (!lock) { return lock.error(); }
    if (auto migrated = store::migrate_sqlite(home->store()); !migrated) { return migrated.error(); }
    auto database = store::Database::open(home->store(), store::Database::Mode::read_write);
    if (!database) { return database.error(); }
    boost::asio::io_context io(1);
    SystemClock clock(io.get_executor());
    SystemRandomness randomness;
    store::InlineStore store(std::move(*database));
    const auto fingerprint = store.read_now<std::string>(known_fingerprint);
    if (!fingerprint) { return fingerprint.error(); }
    auto key = load_sealing_key(*home, *fingerprint, randomness);
    if (!key) { return key.error(); }
    if (auto ended = end_rotation(*home, *fingerprint); !ended) { return ended.error(); }
    crypto::KeyRing keys(*key);
    if (fingerprint->empty()) {
        const std::function<int(store::Tx&)> note = [&](store::Tx& tx) {
            tx.run("INSERT INTO store_settings (name, value) VALUES ('sealing_key_fingerprint', :1)", {key->fingerprint()});
            return 0;
        };
        if (auto noted = store.commit_now<int>(Commit::config_sync, note); !noted) { return noted.error(); }
    }
    std::unique_ptr<Offline> offline;
    if (is_order_command(request.text("command")) || is_recipient_command(request.text("command"))) {
        auto made = Offline::make(config, io.get_executor(), clock, randomness, store, keys);
        if (!made) { return made.error(); }
        offline = std::move(*made);
    }
    Result<Json> result = Fault{"the command did not run"};
    const AdminContext context{clock, randomness, store, keys, home->folder, offline ? &offline->environment() : nullptr};
    boost::asio::co_spawn(io, run_admin(context, request), [&](const std::exception_ptr& error, Result<Json> done) {
        if (error) { std::rethrow_exception(error); }
        result = std::move(done);
    });
    io.run();
    return result;
}

int reading(const CommandLine& line, const std::function<Result<Json>(store::Tx&)>& unit,
            const std::function<std::string(const Json&)>& text) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto result = read_store(*config, unit);
    if (!result) { return fail(line, result.error(), result.error().advice == Advice::stop ? exit_unavailable : exit_failed); }
    return show(line, *result, text(*result));
}

int changing(const CommandLine& line, const Json& request, const std::function<std::string(const Json&)>& text) {
    const auto config = line.load();
    if (!config) { return fail(line, config.error(), exit_bad_config); }
    const auto result = change_store(*config, request);
    if (!result) { return fail(line, result.error(), result.error().advice == Advice::stop ? exit_unavailable : exit_failed); }
    return show(line, *result, text(*result));
}

std::string column(const std::string& text, std::size_t width) {
    return text.size() >= width ? text + "  " : text + std::string(width - text.size() + 2, ' ');
}

namespace {

/// For processes that a demo or a test starts: they end with it, even when it is killed.
void die_with(const int& parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) { std::_Exit(exit_failed); }
}

}  // namespace

int run_cli(int argc, char** argv) {
    CommandLine line;
    CLI::App app{"Crossdock forwards orders to suppliers, follows their status and tells everybody, and never orders twice."};
    app.name("crossdock");
    app.require_subcommand(0, 1);
    app.fallthrough();
    app.add_option("--config", line.config, "The config file ($CROSSDOCK_CONFIG, /etc/crossdock/crossdock.yaml)");
    app.add_option("--data", line.data, "The data folder, instead of the config's");
    app.add_option("--port", line.port, "The API's port, instead of the config's")->check(CLI::Range(0, 65535));
    app.add_flag("--json", line.json, "Machine-readable output");
    app.add_option_function<int>("--die-with", die_with, "")->group("");
    add_serve_commands(app, line);
    add_demo_command(app, line);
    add_doctor_command(app, line);
    add_status_command(app, line);
    add_sandbox_commands(app, line);
    add_order_commands(app, line);
    add_attention_commands(app, line);
    add_webhook_commands(app, line);
    add_feed_commands(app, line);
    add_admin_commands(app, line);
    add_notify_commands(app, line);
    add_plugin_commands(app, line);
    try {
        app.parse(argc, argv);
    } catch (const check::Interrupted& interrupted) {
        return exit_by_signal + interrupted.signal;
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? exit_ok : exit_usage;
    }
    if (app.get_subcommands().empty()) {
        std::fputs(app.help().c_str(), stdout);
        return exit_ok;
    }
    return line.exit_code;
}

}  // namespace crossdock::app
