// sandbox supplier|mail: what stands for the outside world in the demo and the tests.
#include "app/command.hpp"
#include "config/webhook_scheme.hpp"
#include "sandbox/options.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <memory>

namespace crossdock::app {
namespace {

/// A CLI11 check that reads durations such as 300ms.
CLI::Option* duration_option(CLI::App& app, const std::string& name, milliseconds& into, const std::string& help) {
    const CLI::callback_t read = [&into](const CLI::results_t& given) {
        const auto duration = parse_duration(given.front());
        if (!duration) { throw CLI::ValidationError(duration.error().what); }
        into = *duration;
        return true;
    };
    return app.add_option(name, read, help + " (default " + duration_text(into) + ")");
}

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

void add_sandbox_commands(CLI::App& app, CommandLine& line) {
    auto* sandbox_command = app.add_subcommand("sandbox", "A simulated supplier and a mail sink, on this machine only");
    sandbox_command->require_subcommand(1);

    auto supplier = std::make_shared<sandbox::SupplierOptions>();
    auto portal = std::make_shared<std::filesystem::path>();
    auto* supplier_command = sandbox_command->add_subcommand("supplier",
                                                             "A supplier that speaks PhoneX's dialect, or another one. Its API "
                                                             "key and webhook secret come from CROSSDOCK_DEMO_PHONEX_KEY and "
                                                             "CROSSDOCK_DEMO_WEBHOOK_SECRET");
    supplier_command->add_option("--folder", supplier->data, "Where its journal stands")->required();
    supplier_command->add_option("--listen-port", supplier->port)->capture_default_str();
    supplier_command->add_option("--webhook-url", supplier->webhook_url, "Where it sends webhooks; empty: nowhere")
        ->capture_default_str();
    const CLI::callback_t read_scheme = [supplier](const CLI::results_t& given) {
        const auto* scheme = bundled_scheme(given.front());
        if (scheme == nullptr) {
            throw CLI::ValidationError("there is no scheme " + given.front() + "; docs/webhooks.md names them");
        }
        supplier->webhook_scheme = *scheme;
        return true;
    };
    supplier_command->add_option("--webhook-scheme", read_scheme, "How it signs them (default phonex)");
    supplier_command
        ->add_option("--dialect", supplier->dialect,
                     "A JSON file that says how its API looks, such as config/suppliers/examples/northgate.dialect.json")
        ->check(CLI::ExistingFile);
    supplier_command->add_flag("--idempotency", supplier->idempotency, "Honour Idempotency-Key; else every POST makes an order");
    supplier_command->add_flag("--lookup", supplier->lookup, "Answer GET /v1/orders?reference=");
    duration_option(*supplier_command, "--visible-after", supplier->visible_after, "A lookup does not see younger orders");
    duration_option(*supplier_command, "--accept-after", supplier->accept_after, "From the POST to confirmed");
    duration_option(*supplier_command, "--ship-after", supplier->ship_after, "From the POST to shipped");
    supplier_command->add_option("--ids", supplier->supplier_order_ids, "Its order ids; then the last one's number counts up")
        ->delimiter(',')
        ->capture_default_str();
    supplier_command->add_option("--tracking", supplier->tracking_numbers, "Its tracking numbers, likewise")
        ->delimiter(',')
        ->capture_default_str();
    supplier_command->add_option("--inventory", supplier->inventory, "A JSON file {\"items\": [...]}");
    supplier_command
        ->add_option("--portal", *portal, "A folder in which it takes order files from orders/ and writes CSV files to files/")
        ->capture_default_str();
    supplier_command->callback([&line, supplier, portal] {
        if (!portal->empty()) { supplier->portal = {*portal / "orders", *portal / "taken", *portal / "files"}; }
        supplier->api_key = from_environment("CROSSDOCK_DEMO_PHONEX_KEY");
        supplier->webhook_secret = from_environment("CROSSDOCK_DEMO_WEBHOOK_SECRET");
        if (supplier->api_key.empty()) {
            line.exit_code =
                fail(line, Fault{"CROSSDOCK_DEMO_PHONEX_KEY is not set; it is the key that orders must bring"}, exit_usage);
            return;
        }
        line.exit_code = sandbox::run_supplier(*supplier);
    });

    auto mail = std::make_shared<sandbox::MailOptions>();
    auto* mail_command = sandbox_command->add_subcommand("mail", "An SMTP server that keeps every mail as a file");
    mail_command->add_option("--folder", mail->data, "Where the mails stand")->required();
    mail_command->add_option("--listen-port", mail->port)->capture_default_str();
    mail_command->add_option("--fail-with", mail->fail_with, "Answer every message with this code, such as 451")
        ->capture_default_str();
    mail_command->callback([&line, mail] { line.exit_code = sandbox::run_mail(*mail); });
}

}  // namespace crossdock::app
