#pragma once

#include "app/exit_code.hpp"
#include "base/json.hpp"
#include "config/config.hpp"
#include "store/tx.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace crossdock::app {

/// What all commands share. Lifetime: outlives the parse.
struct CommandLine {
    std::optional<std::string> config;
    std::optional<std::string> data;
    std::optional<int> port;
    bool json = false;
    int exit_code = exit_ok;  ///< set by the command that ran

    [[nodiscard]] Result<Config> load() const;
};

/// Each adds its commands.
void add_serve_commands(CLI::App& app, CommandLine& line);
void add_order_commands(CLI::App& app, CommandLine& line);
/// attention, dead-letter, explain.
void add_attention_commands(CLI::App& app, CommandLine& line);
void add_webhook_commands(CLI::App& app, CommandLine& line);
/// inventory, feed list|show|approve|reject.
void add_feed_commands(CLI::App& app, CommandLine& line);
void add_admin_commands(CLI::App& app, CommandLine& line);
/// notify preview|stopped|resume.
void add_notify_commands(CLI::App& app, CommandLine& line);
/// preferences, into the group `customer`.
void add_preferences_command(CLI::App& customer, CommandLine& line);
void add_sandbox_commands(CLI::App& app, CommandLine& line);
void add_doctor_command(CLI::App& app, CommandLine& line);
void add_status_command(CLI::App& app, CommandLine& line);
void add_demo_command(CLI::App& app, CommandLine& line);
void add_plugin_commands(CLI::App& app, CommandLine& line);
/// Into the group `plugin`.
void add_plugin_new_command(CLI::App& plugin, CommandLine& line);
void add_plugin_check_command(CLI::App& plugin, CommandLine& line);
/// Into the group `supplier`.
void add_supplier_capture_command(CLI::App& supplier, CommandLine& line);
/// show, test.
void add_supplier_show_commands(CLI::App& supplier, CommandLine& line);
void add_supplier_shadow_command(CLI::App& supplier, CommandLine& line);
/// enable, disable.
void add_supplier_enable_commands(CLI::App& supplier, CommandLine& line);

/// Where plugins given by name are looked up: as the config says when there is one, else the default folders.
[[nodiscard]] Result<std::vector<std::filesystem::path>> plugin_folders(const CommandLine& line);

/// Prints a fault to standard error (as JSON with --json) and answers the code.
int fail(const CommandLine& line, const Fault& fault, int code);
/// Prints a result: JSON with --json, else the text.
int show(const CommandLine& line, const Json& result, const std::string& text);

/// A reading command: opens the store read-only, shortly.
[[nodiscard]] Result<Json> read_store(const Config& config, const std::function<Result<Json>(store::Tx&)>& unit);

/// A changing command: through the daemon when it runs, else under the store's lock.
/// Errors: neither works: advice `stop`.
[[nodiscard]] Result<Json> change_store(const Config& config, const Json& request);

/// The two, with the answer printed; the exit code.
int reading(const CommandLine& line, const std::function<Result<Json>(store::Tx&)>& unit,
            const std::function<std::string(const Json&)>& text);
int changing(const CommandLine& line, const Json& request, const std::function<std::string(const Json&)>& text);

/// Padded to a width, with two spaces behind.
[[nodiscard]] std::string column(const std::string& text, std::size_t width);

}  // namespace crossdock::app
