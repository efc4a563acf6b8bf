#include "check/stage.hpp"

#include "base/system_clock.hpp"
#include "plugin/settings.hpp"
#include "sandbox/ids.hpp"

#include <fcntl.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace crossdock::check {
namespace {

/// Nobody listens on it: it is a privileged one (tcpmux), and loopback only is asked.
constexpr std::uint16_t closed_port = 1;
constexpr milliseconds vain_wait{1'000};
constexpr std::size_t first_order = 10'000;
constexpr JsonLimits input_limits{64U << 20U, 90};

sandbox::MailOptions mail_options(const ScratchFolder& folder, Trouble trouble) {
    sandbox::MailOptions options{.data = folder.path() / "mail", .port = 0, .keep = false};
    switch (trouble) {
        case Trouble::error_500: options.fail_with = 554; break;
        case Trouble::busy_429: options.fail_with = 451; break;
        case Trouble::cut_fresh: options.cut_after_store_times = 1; break;
        case Trouble::silence: options.greeting = sandbox::MailOptions::Greeting::none; break;
        case Trouble::malformed: options.greeting = sandbox::MailOptions::Greeting::garbled; break;
        default: break;
    }
    return options;
}

bool has_choice(const Json& row, std::string_view choice) {
    const auto* choices = row.find("choices");
    return choices != nullptr && choices->is_array() &&
           std::any_of(choices->items().begin(), choices->items().end(),
                       [&](const Json& one) { return one.is_string() && one.as_string() == choice; });
}

/// Of what the host recorded: what prepared an effect's request is no part of the effect.
void leave_preparations_out(Json& exchanges, const Dialect& dialect, const Values& values) {
    if (!exchanges.is_array() || dialect.preparations.empty()) { return; }
    std::erase_if(exchanges.items(), [&](const Json& exchange) {
        const auto* request = exchange.find("request");
        if (request == nullptr || request->text("method") != "POST") { return false; }
        const auto target = target_of(filled_in(request->text("url"), values));
        return std::any_of(dialect.preparations.begin(), dialect.preparations.end(), [&](const RecordedExchange& one) {
            return target == target_of(one.url) || target == target_of(one.url) + "/";
        });
    });
}

}  // namespace

bool Subject::offers(std::string_view operation) const {
    return std::find(manifest.operations.begin(), manifest.operations.end(), operation) != manifest.operations.end();
}

std::string Subject::strongest(std::string_view operation) const {
    for (const auto& [name, effect_class] : manifest.classes) {
        if (name == operation) { return effect_class; }
    }
    return "unsafe";
}

Stage::Stage(const Subject& subject, Setup setup, ScratchFolder folder)
    : subject_(subject), setup_(std::move(setup)), folder_(std::move(folder)) {}

Stage::~Stage() {
    if (world_) { world_->release(); }
    if (mail_) { mail_->stop(); }
    if (server_) { server_->stop(milliseconds{0}); }
}

Result<std::unique_ptr<Stage>> Stage::open(const Subject& subject, Setup setup) {
    auto folder = ScratchFolder::make("check");
    if (!folder) { return folder.error(); }
    std::unique_ptr<Stage> stage(new Stage(subject, std::move(setup), std::move(*folder)));
    if (auto raised = stage->raise(); !raised) { return raised.error(); }
    return stage;
}

Result<> Stage::raise_peers() {
    world_ = std::make_shared<World>(subject_.dialect, bench_->clock());
    world_->honours_keys = setup_.honours_keys;
    world_->latency = setup_.latency;
    world_->trouble = setup_.trouble;
    world_->trouble_from = setup_.trouble_from;
    auto server = http::Server::listen(bench_->executor(), "127.0.0.1", 0, {},
                                       [world = world_](http::Request request) { return world->serve(std::move(request)); });
    if (!server) { return server.error(); }
    server_ = std::move(*server);
    auto sink = sandbox::MailSink::start(bench_->executor(), bench_->clock(), mail_options(folder_, setup_.trouble));
    if (!sink) { return sink.error(); }
    mail_ = std::move(*sink);
    if (setup_.trouble == Trouble::untrusted_tls) {
        auto tls = UntrustedTls::listen(bench_->executor());
        if (!tls) { return tls.error(); }
        tls_ = std::move(*tls);
    }
    return {};
}

Result<> Stage::raise() {
    const auto file = folder_.path() / "output.log";
    output_ = UniqueFd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    plugin::Workers::Options options;
    options.output_fd = output_.get();
    options.start_timeout = subject_.patience;
    bench_ = std::make_unique<PluginBench>(std::move(options), subject_.deadline);
    if (auto raised = raise_peers(); !raised) { return raised; }
    plugin::WorkerSpec spec;
    spec.library = subject_.library;
    spec.interface = subject_.manifest.interface;
    spec.settings = settings();
    spec.grants = grants_;
    spec.folder = folder_.path() / "files";
    spec.account = Json::object();
    spec.verbose = true;
    const auto at = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
    spec.reach = {at(server_->port()), at(mail_->port()), at(closed_port)};
    if (tls_) { spec.reach.push_back(at(tls_->port())); }
    // Where an answer is not to come nobody need wait long; where one is to come a slow machine must not spoil it.
    const bool in_vain = leaves_no_answer(setup_.trouble);
    spec.request_timeout = setup_.request_timeout.value_or(in_vain ? vain_wait : subject_.patience / 2);
    if (auto started = bench_->start(std::move(spec)); !started) { return started.error(); }
    return {};
}

/// What a setting gets: addresses lead to the sandbox, secrets are made up, the rest is as recorded.
Json Stage::setting(const Json& row, const Json* recorded) {
    const auto type = row.text("type");
    const bool nobody = setup_.trouble == Trouble::nobody_listens;
    const std::string text = recorded != nullptr && recorded->is_string() ? recorded->as_string() : "";
    const bool only_a_placeholder = text.starts_with("{{");
    if (type == "url") {
        const auto port = nobody ? closed_port : tls_ ? tls_->port() : server_->port();
        std::string path = text.empty() || only_a_placeholder ? "" : target_of(text);
        if (path == "/") { path.clear(); }
        return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port) + path + setup_.url_suffix;
    }
    if (type == "folder") {
        const auto folder = folder_.path() / ("folder-" + row.text("name"));
        std::filesystem::create_directories(folder);
        grants_.push_back({row.text("name"), folder, row.boolean("write")});
        return folder.string();
    }
    if (type == "host") { return "127.0.0.1"; }
    if (type == "port") { return static_cast<std::int64_t>(nobody ? closed_port : mail_->port()); }
    if (row.boolean("secret")) {
        secrets_.emplace_back(row.text("name"), "canary-" + row.text("name") + "-of-the-check");
        return secrets_.back().second;
    }
    const auto* deliver = subject_.dialect.example("deliver");
    if (deliver != nullptr && !deliver->smtp_tls.empty() && text == deliver->smtp_tls && has_choice(row, "none")) {
        return "none";  // the mail sink has no TLS
    }
    if (recorded != nullptr) { return *recorded; }
    if (row.find("default") != nullptr || !row.boolean("required")) { return {}; }
    if (const auto* choices = row.find("choices"); choices != nullptr && choices->is_array() && !choices->items().empty()) {
        return choices->items().front();
    }
    return type == "integer" ? Json(1) : type == "boolean" ? Json(false) : Json("check");
}

Json Stage::settings() {
    secrets_.clear();
    Json made = Json::object();
    for (const auto& row : subject_.manifest.schema.items()) {
        const auto name = row.text("name");
        const auto* recorded = subject_.dialect.settings.find(name);
        const bool needed =
            (row.boolean("required") && plugin::applies(subject_.manifest.schema, row, subject_.dialect.settings)) ||
            recorded != nullptr;
        if (!needed) { continue; }
        auto value = setting(row, recorded);
        if (!value.is_null()) { made.set(name, std::move(value)); }
    }
    for (const auto& [name, value] : made.members()) {
        std::string text = value.is_string() ? value.as_string() : value.dump();
        while (text.ends_with('/')) { text.pop_back(); }
        world_->values.emplace_back("{{" + name + "}}", text);
    }
    for (const auto& [name, value] : setup_.settings.members()) {
        if (value.is_null()) {
            std::erase_if(made.members(), [&, &key = name](const auto& member) { return member.first == key; });
        }
        else { made.set(name, value); }
    }
    return made;
}

InPlay Stage::order(std::size_t n) const {
    // Any example will do: all of them are moved away from what was recorded.
    std::string reference = "XD-CHECK-1000";
    std::string key = "xd-check-key-1000";
    for (const auto& example : subject_.dialect.examples) {
        if (!example.reference.empty()) { reference = example.reference; }
        if (!example.effect_key.empty()) { key = example.effect_key; }
    }
    // Far from what was recorded, and of one length, so that none begins another.
    return {sandbox::nth_id({reference}, first_order + n), sandbox::nth_id({key}, first_order + n)};
}

Json Stage::input(std::string_view operation, const InPlay& order) const {
    const auto& example = *subject_.dialect.example(operation);
    std::string text = replaced(example.input.dump(), example.reference, order.reference);
    text = replaced(std::move(text), example.effect_key, order.effect_key);
    if (const auto ids = world_->orders_of(order.reference); !ids.empty()) {
        text = replaced(std::move(text), example.supplier_order_id, ids.front());
    }
    auto made = Json::parse(text, input_limits);
    return made ? std::move(*made) : example.input;
}

void Stage::have_placed(const InPlay& order) {
    world_->put_in_play(order);
    (void)world_->adopt(order.reference);
}

void Stage::prepare(std::string_view operation, const InPlay& order) {
    if (operation == "create_order") { return world_->put_in_play(order); }
    have_placed(order);
}

std::vector<Seen> Stage::call_all(const std::vector<Ask>& asks, bool record) {
    world_->begin_call();
    world_->forget_arrivals();
    const int before = bench_->pid();
    std::vector<plugin::Call> calls;
    const auto now = system_boot_ms();
    for (const auto& ask : asks) {
        plugin::Call call;
        call.operation = ask.operation;
        call.input = ask.input;
        call.timeout = subject_.patience;
        call.effect = is_effect(ask.operation);
        if (call.effect) { call.not_after = now + subject_.patience.count(); }
        call.record = record;
        calls.push_back(std::move(call));
    }
    auto answers = bench_->call(std::move(calls));
    const milliseconds took{system_boot_ms() - now};
    const bool died = bench_->pid() != before;
    std::vector<Seen> seen;
    for (std::size_t i = 0; i < asks.size(); ++i) {
        Seen one{.operation = asks[i].operation,
                 .trouble = setup_.trouble,
                 .order = asks[i].order,
                 .answer = std::move(answers[i].answer)};
        leave_preparations_out(one.answer.exchanges, subject_.dialect, world_->values);
        one.rows = std::move(answers[i].rows);
        one.values = world_->values;
        one.worker_died = died;
        one.mails = mail_->mail_count();
        one.took = took;
        seen.push_back(std::move(one));
    }
    if (seen.size() == 1) { seen.front().arrivals = world_->arrivals(); }
    return seen;
}

std::string Stage::printed() const {
    std::ifstream in(folder_.path() / "output.log", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace crossdock::check
