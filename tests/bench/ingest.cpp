// Signed webhooks into the daemon, beside the same HTTP server without a store and with a commit for each request.
#include "app/demo_rig.hpp"
#include "base/process.hpp"
#include "base/unique_fd.hpp"
#include "load.hpp"
#include "measure.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <array>
#include <cstdio>

namespace crossdock::bench {
namespace {

constexpr std::size_t connections = 64;
constexpr std::size_t fast_requests = 20'000;
constexpr std::size_t slow_requests = 4'000;
constexpr const char* secret = "bench secret";

struct Ingest {
    std::vector<double> rates;   ///< per second
    std::vector<double> cpu_us;  ///< for each request, of the server's process
    [[nodiscard]] double rate() const { return quantile(rates, 0.5); }
    [[nodiscard]] double cpu() const { return quantile(cpu_us, 0.5); }
};

/// Distinct bodies of a usual size; `from` makes those of one volley differ from all others'.
std::vector<std::string> webhooks(std::size_t from, std::size_t count) {
    std::vector<std::string> made;
    for (std::size_t i = from; i < from + count; ++i) {
        made.push_back(webhook(
            secret,
            R"({"event":"order.status_updated","order_id":"PXBENCH)" + std::to_string(i) + R"(","supplier_order_id":"WC-2025-)" +
                std::to_string(i) +
                R"(","status":"confirmed","updated_at":"2025-10-30T18:13:19Z","tracking_number":null,"warehouse":"MIA-1",)"
                R"("lines":[{"sku":"IPHONE12-64GB-A","quantity":10,"unit_price":231.00},{"sku":"IPHONE13-128GB-B",)"
                R"("quantity":4,"unit_price":342.50}],"note":"Confirmed by the warehouse, pallets 4 and 5"})"));
    }
    return made;
}

void volley(Ingest& ingest, std::uint16_t port, pid_t server, const std::vector<std::string>& requests) {
    const auto before = used(server);
    const auto result = load(port, requests, connections);
    const auto after = used(server);
    if (result.other > 0) { give_up(std::to_string(result.other) + " webhooks were not taken"); }
    ingest.rates.push_back(result.per_second());
    ingest.cpu_us.push_back((after.cpu_us - before.cpu_us) / static_cast<double>(result.good));
}

/// The bare server, for one volley after the other; with `store` each request is a commit.
class PlainServer {
public:
    explicit PlainServer(const std::filesystem::path& store) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) { give_up("no pipe"); }
        const UniqueFd reading(ends[0]);
        UniqueFd writing(ends[1]);
        ProcessSpec spec{.program = executable_folder() / "crossdock_bench_plain", .arguments = {secret}};
        if (!store.empty()) { spec.arguments.push_back(store.string()); }
        spec.environment = own_environment();
        spec.stdout_fd = writing.get();
        auto started = Process::spawn(spec);
        if (!started) { give_up(started.error().text()); }
        process_ = std::move(*started);
        writing.reset();
        std::string text;
        for (char byte = 0; ::read(reading.get(), &byte, 1) == 1 && byte != '\n';) { text += byte; }
        port_ = static_cast<std::uint16_t>(std::strtoul(text.c_str(), nullptr, 10));
        if (port_ == 0) { give_up("the bare server does not start"); }
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }

private:
    Process process_;
    std::uint16_t port_ = 0;
};

Ingest bare(int runs, const std::filesystem::path& store, std::size_t count) {
    PlainServer server(store);
    Ingest ingest;
    for (int run = 0; run < runs; ++run) {
        volley(ingest, server.port(), server.pid(), webhooks(static_cast<std::size_t>(run) * count, count));
    }
    return ingest;
}

/// The daemon without a pipeline that takes webhooks up: what is stored is looked at by nobody.
Ingest stored(int runs, const std::filesystem::path& folder) {
    const auto pipelines = folder / "no-pipelines";
    std::filesystem::create_directories(pipelines);
    app::RigOptions options;
    options.folder = folder / "rig";
    options.webhook_secret = secret;
    options.edit_config = [pipelines](std::string text) {
        const auto begin = text.find("\npipelines: ") + 1;
        text.replace(begin, text.find('\n', begin) - begin, "pipelines: " + pipelines.string());
        const auto schedules = text.find("\nschedules:") + 1;
        text.erase(schedules, text.find('\n', schedules) - schedules);
        const std::string level = "log: { level: warning }\nrate_limits: { webhook_source: off, webhook_account: off }\n";
        return level + text;
    };
    auto made = app::DemoRig::make(std::move(options));
    if (!made) { give_up(made.error().text()); }
    app::DemoRig& rig = **made;
    for (const auto& started : {rig.start_mail_sink(), rig.start_supplier(), rig.start_daemon()}) {
        if (!started) { give_up(started.error().text()); }
    }
    Ingest ingest;
    for (int run = 0; run < runs; ++run) {
        volley(ingest, rig.api_port(), rig.daemon().pid(),
               webhooks(static_cast<std::size_t>(run) * fast_requests, fast_requests));
    }
    return ingest;
}

void line(const char* what, const Ingest& ingest, const Ingest& limit) {
    std::printf("%-44s %8.0f /s %17.2f %10.1f us CPU\n", what, ingest.rate(), ingest.rate() / limit.rate(), ingest.cpu());
}

}  // namespace

void measure_ingest(int runs) {
    const Scratch scratch;
    std::printf("\n%-44s %10s %18s %17s\n", "signed webhooks, 64 connections", "median", "/ without store", "each");
    const auto plain = bare(runs, {}, fast_requests);
    line("the server without a store", plain, plain);
    line("  a commit for each", bare(runs, scratch.path / "each.sqlite3", slow_requests), plain);
    line("the daemon: stored, then answered", stored(runs, scratch.path), plain);
}

}  // namespace crossdock::bench
