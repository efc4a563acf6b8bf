#include "error_rows.hpp"

#include "base/system_clock.hpp"
#include "base/unique_fd.hpp"
#include "crypto/crypto.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace crossdock::system_tests {
namespace fs = std::filesystem;
namespace {

constexpr BootMs patience_ms = 60'000;

template <class T>
T must(Result<T> result) {
    if (!result) { throw std::runtime_error(result.error().text()); }
    return std::move(*result);
}

void must(const Result<>& result) {
    if (!result) { throw std::runtime_error(result.error().text()); }
}

void replace(std::string& text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) { throw std::runtime_error("there is no \"" + from + "\" to spoil in:\n" + text); }
    text.replace(at, from.size(), to);
}

/// A problem document as a person reads it; another body as it is.
std::string readable(const http::LoopbackAnswer& answer) {
    const auto problem = Json::parse(answer.body);
    if (!problem || answer.header("Content-Type") != "application/problem+json") { return answer.body; }
    std::string text = problem->text("type") + "\n" + problem->text("title") + "\n" + problem->text("detail") + "\n";
    if (const Json* errors = problem->find("errors")) {
        for (const auto& error : errors->items()) { text += error.text("pointer") + " " + error.text("message") + "\n"; }
    }
    return text;
}

}  // namespace

std::string read_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

void wait_for(const std::string& what, const std::function<bool()>& done) {
    const BootMs until = system_boot_ms() + patience_ms;
    while (!done()) {
        if (system_boot_ms() > until) { throw std::runtime_error("waited in vain: " + what); }
        ::poll(nullptr, 0, 20);
    }
}

std::string order_text(const std::string& order_id) {
    return R"({"order_id": ")" + order_id +
           R"(", "supplier": "wesellcellular", "customer_id": "worldtech-1734", "items": [{"sku": "IPHONE12-64GB-A", )"
           R"("quantity": 10, "unit_price": 231.00}], "shipping_address": {"name": "WorldTech Receiving", )"
           R"("line1": "1734 Harbor Boulevard", "city": "Miami", "state": "FL", "postal_code": "33132", "country": "US"}})";
}

std::string order_with(const std::string& from, const std::string& to) {
    std::string text = order_text("BAD-1");
    replace(text, from, to);
    return text;
}

House::House() {
    app::RigOptions options;
    options.folder = folder_.path() / "running";
    options.accept_after = options.ship_after = milliseconds{3'600'000};
    options.supplier_order_ids = {"ORD700001"};
    running_ = must(app::DemoRig::make(options));
    must(running_->start_mail_sink());
    must(running_->start_supplier());
    must(running_->start_daemon());
    const auto added = running_->crossdock(
        {"customer", "add", "worldtech-1734", "--name", "WorldTech", "--email", "purchasing@worldtech.example"});
    if (added.exit_code != 0) { throw std::runtime_error(added.err); }
    app::RigOptions quiet;
    quiet.folder = folder_.path() / "idle";
    idle_ = must(app::DemoRig::make(quiet));
    // Its store is made without a daemon.
    const auto made = idle_->crossdock({"key", "create", "first"});
    if (made.exit_code != 0) { throw std::runtime_error(made.err); }
}

Seen House::http(const std::string& method, const std::string& target, const std::vector<http::Header>& headers,
                 const std::string& body) {
    http::LoopbackCall call;
    call.port = running_->api_port();
    call.method = method;
    call.target = target;
    call.headers = headers;
    call.body = body;
    call.timeout = milliseconds{patience_ms};
    const auto answer = must(http::exchange(call));
    return {std::to_string(answer.status), readable(answer)};
}

Seen House::post(const std::string& body, const std::vector<http::Header>& headers) {
    std::vector<http::Header> all{{"Authorization", "Bearer " + running_->api_key()}, {"Content-Type", "application/json"}};
    all.insert(all.end(), headers.begin(), headers.end());
    return http("POST", "/v1/orders", all, body);
}

void House::place(const std::string& order_id, const std::vector<http::Header>& headers) {
    const auto seen = post(order_text(order_id), headers);
    if (seen.status != "202") { throw std::runtime_error(order_id + " was not accepted: " + seen.status + " " + seen.text); }
    placed_.insert(order_id);
}

Seen House::webhook(const std::string& body) {
    return http(
        "POST", "/api/webhooks/phonex",
        {{"Content-Type", "application/json"}, {"X-PhoneX-Signature", crypto::hmac_sha256_hex(running_->webhook_secret(), body)}},
        body);
}

std::string House::webhook_state(const std::string& body, const std::set<std::string>& states) {
    std::string found;
    wait_for("the webhook's state", [&] {
        const auto output = running_->crossdock({"webhook", "list", "--json"});
        const auto list = must(Json::parse(output.out));
        for (const auto& one : list.items()) {
            if (one.integer("bytes") != static_cast<std::int64_t>(body.size()) || !states.contains(one.text("state"))) {
                continue;
            }
            found = one.text("state") + ": " + one.text("reason") + "\n";
        }
        return !found.empty();
    });
    return found;
}

std::string House::make_key(const std::string& name, const std::string& scopes, const std::string& customer) {
    std::vector<std::string> arguments{"key", "create", name, "--scopes", scopes};
    if (!customer.empty()) { arguments.insert(arguments.end(), {"--customer", customer}); }
    auto output = running_->crossdock(arguments);
    if (output.exit_code != 0) { throw std::runtime_error(output.err); }
    return output.out.substr(0, output.out.find('\n'));
}

fs::path House::new_folder() {
    const fs::path made = folder_.path() / ("trial-" + std::to_string(++folders_));
    fs::create_directories(made);
    return made;
}

std::vector<std::string> House::secrets() const {
    return {running_->api_key(), running_->phonex_key(),  running_->webhook_secret(),
            idle_->phonex_key(), idle_->webhook_secret(), secret_in_a_config};
}

Seen House::run(std::vector<std::string> arguments, std::vector<std::string> environment) {
    const fs::path said = new_folder() / "said";
    const UniqueFd out(::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    ProcessSpec spec;
    spec.program = executable_folder() / "crossdock";
    spec.arguments = std::move(arguments);
    spec.arguments.insert(spec.arguments.end(), {"--die-with", std::to_string(::getpid())});
    for (auto& variable : own_environment()) {
        if (!variable.starts_with("CROSSDOCK_")) { spec.environment.push_back(std::move(variable)); }
    }
    spec.environment.push_back("CROSSDOCK_DEMO_PHONEX_KEY=" + idle_->phonex_key());
    spec.environment.push_back("CROSSDOCK_DEMO_WEBHOOK_SECRET=" + idle_->webhook_secret());
    for (auto& variable : environment) {
        const std::string name = variable.substr(0, variable.find('='));
        std::erase_if(spec.environment, [&](const std::string& one) { return one.starts_with(name + "="); });
        // A name alone takes the variable away.
        if (name != variable) { spec.environment.push_back(std::move(variable)); }
    }
    spec.stdout_fd = out.get();
    spec.stderr_fd = out.get();
    auto process = must(Process::spawn(spec));
    std::optional<int> status;
    wait_for("the end of crossdock " + spec.arguments.front(), [&] {
        status = process.ended();
        return status.has_value();
    });
    const std::string code = WIFEXITED(*status) ? "exit " + std::to_string(WEXITSTATUS(*status)) : describe_exit(*status);
    return {code, read_file(said)};
}

Trial::Trial(House& house) : house_(house), folder_(house.new_folder()) {
    fs::copy(house.idle().folder() / "config", folder_ / "config", fs::copy_options::recursive);
    edit(config(), house.idle().data().string(), data().string());
}

fs::path Trial::pipeline() {
    const fs::path shipped = must(app::shipped_tree()) / "pipelines";
    fs::create_directories(folder_ / "pipelines");
    edit(config(), "pipelines: " + shipped.string(), "pipelines: " + (folder_ / "pipelines").string());
    fs::copy(shipped / "order-forward.yaml", folder_ / "pipelines");
    return folder_ / "pipelines" / "order-forward.yaml";
}

void Trial::copy_store() {
    fs::copy(house_.idle().data(), data(), fs::copy_options::recursive);
}

void Trial::edit(const fs::path& file, const std::string& from, const std::string& to) {
    std::string text = read_file(file);
    replace(text, from, to);
    write_file(file, text);
}

Seen Trial::serve(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
    std::vector<std::string> all{"serve", "--config", config().string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return house_.run(all, environment);
}

Seen Trial::lint_and_serve() {
    Seen lint = house_.run({"lint", "--config", config().string()});
    const Seen served = serve();
    if (served.status != lint.status) { lint.status = "lint " + lint.status + ", serve " + served.status; }
    if (served.text.find(lint.text) == std::string::npos) { lint.text = "lint and serve differ:\n" + lint.text + served.text; }
    return lint;
}

}  // namespace crossdock::system_tests
