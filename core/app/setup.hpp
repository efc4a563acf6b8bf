#pragma once

#include "app/wiring.hpp"
#include "expr/mail_template.hpp"
#include "http/tls.hpp"
#include "notify/facts.hpp"

#include <memory>
#include <vector>

namespace crossdock::app {

/// All that the daemon is told from outside: at its start, and again by a reload.
struct Setup {
    Config config;
    std::vector<pipeline::Definition> definitions;
    std::shared_ptr<const expr::MailLanguages> templates;
    OpenSecrets secrets;
    std::shared_ptr<const http::TlsIdentity> tls;  ///< null: HTTP in clear
};

/// The certificate and key that the config names; null when it names none. `now`: it must be valid then.
/// Errors: `where` is the place in the config, and the file is named.
[[nodiscard]] Result<std::shared_ptr<const http::TlsIdentity>> read_tls(const Config& config, UtcMs now);

/// Reads the pipelines, templates and certificate that the setup's config names. jq is not asked, and secrets are not opened.
/// Errors: one fault for each file that does not load.
[[nodiscard]] std::vector<Fault> read_files(Setup& setup);

[[nodiscard]] notify::FactOptions fact_options(const Setup& setup);

/// Where in the config an account's or channel's plugin is named; empty for neither.
[[nodiscard]] std::string plugin_place(const Config& config, const std::string& name);

/// Where what a worker's start says is put right: the setting that it names, where the account's file has it, else the plugin.
[[nodiscard]] std::string worker_place(const Config& config, const std::string& name, const std::string& fault);

}  // namespace crossdock::app
