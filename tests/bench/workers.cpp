// The way to a plugin and back, against two processes that pass a byte to and fro; and a daemon whose supplier is slow.
#include "app/demo_rig.hpp"
#include "base/process.hpp"
#include "base/unique_fd.hpp"
#include "check/plugin_bench.hpp"
#include "in_process/in_process.hpp"
#include "measure.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace crossdock::bench {
namespace {

constexpr int round_trips = 2'000;
constexpr std::size_t at_once = 256;
constexpr int volleys = 40;
constexpr std::size_t waiting_calls = 1'000;
constexpr std::size_t many_calls = 10'000;
/// libcurl's: the connection, and a pair by which a transfer is woken.
constexpr std::size_t files_per_call = 3;
constexpr std::size_t files_besides = 200;
constexpr int respawns = 20;
constexpr int asked = 500;
constexpr std::size_t forwarded = 20;
constexpr std::chrono::seconds patience{60};

/// Microseconds for a byte to another process and back: the least that a call over a socketpair can cost.
double bare_round_trip_us() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) { give_up("no socketpair"); }
    const UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    const pid_t echo = ::fork();
    if (echo == 0) {
        ::close(ours.get());
        for (char byte = 0; ::read(theirs.get(), &byte, 1) == 1 && ::write(theirs.get(), &byte, 1) == 1;) {}
        ::_exit(0);
    }
    theirs = UniqueFd();
    std::vector<double> times;
    for (int i = 0; i < round_trips; ++i) {
        char byte = 'x';
        const auto begun = Timer::now();
        if (::write(ours.get(), &byte, 1) != 1 || ::read(ours.get(), &byte, 1) != 1) { give_up("the echo ended"); }
        times.push_back(Ms(Timer::now() - begun).count() * 1000);
    }
    ::shutdown(ours.get(), SHUT_RDWR);
    ::waitpid(echo, nullptr, 0);
    return quantile(std::move(times), 0.5);
}

plugin::Call call_of(const std::string& wish) {
    plugin::Call call;
    call.operation = "create_order";
    call.input =
        Json::parse(R"({"reference":"PX1","effect_key":"key-1","supplier":"wesellcellular","order":{"do":")" + wish + R"("}})")
            .value();
    call.timeout = milliseconds{patience};
    return call;
}

plugin::WorkerSpec obliging() {
    plugin::WorkerSpec spec;
    spec.library = BENCH_PLUGIN;
    spec.interface = "crossdock.supplier/1";
    spec.settings = Json::object();
    return spec;
}

void expect_answer(const plugin::CallAnswer& answer) {
    if (answer.status != plugin::CallStatus::answered) { give_up("a call failed: " + answer.text); }
}

double round_trip_us(check::PluginBench& bench) {
    std::vector<double> times;
    for (int i = 0; i < round_trips; ++i) {
        const auto begun = Timer::now();
        expect_answer(bench.call(call_of("greet")).answer);
        times.push_back(Ms(Timer::now() - begun).count() * 1000);
    }
    return quantile(std::move(times), 0.5);
}

double calls_per_second(check::PluginBench& bench) {
    const auto begun = Timer::now();
    for (int i = 0; i < volleys; ++i) {
        for (const auto& called : bench.call(std::vector<plugin::Call>(at_once, call_of("greet")))) {
            expect_answer(called.answer);
        }
    }
    return volleys * static_cast<double>(at_once) / Ms(Timer::now() - begun).count() * 1000;
}

/// From the death of a worker that has worked to the next answer.
double respawn_ms(check::PluginBench& bench) {
    std::vector<double> times;
    for (int i = 0; i < respawns; ++i) {
        expect_answer(bench.call(call_of("greet")).answer);
        const auto begun = Timer::now();
        (void)bench.call(call_of("exit"));
        expect_answer(bench.call(call_of("greet")).answer);
        times.push_back(Ms(Timer::now() - begun).count());
    }
    return quantile(std::move(times), 0.5);
}

using boost::asio::ip::tcp;

/// A supplier that takes connections and says nothing.
class SilentSupplier {
public:
    SilentSupplier(const Executor& executor, std::function<void(std::size_t)> on_connection)
        : acceptor_(executor, {boost::asio::ip::address_v4::loopback(), 0}), on_connection_(std::move(on_connection)) {
        accept();
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

private:
    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
            if (error) { return; }
            connections_.push_back(std::move(socket));
            on_connection_(connections_.size());
            accept();
        });
    }
    tcp::acceptor acceptor_;
    std::function<void(std::size_t)> on_connection_;
    std::vector<tcp::socket> connections_;
};

/// How many HTTP calls the limit on open files lets one process have in flight.
std::size_t calls_by_files() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) { give_up("no limit on open files can be read"); }
    return (static_cast<std::size_t>(files.rlim_max) - files_besides) / files_per_call;
}

struct Weight {
    double idle_mib = 0;
    double waiting_mib = 0;
    double holder_mib = 0;  ///< of the process that holds the worker: what it has grown by
};

/// Of a worker, before and while so many calls wait in it for their supplier.
Weight weigh(std::size_t waiting) {
    plugin::Workers::Options options;
    options.calls_max = waiting;
    options.memory_max = 0;
    check::PluginBench bench(std::move(options));
    Weight weight;
    double holder = 0;
    SilentSupplier supplier(bench.executor(), [&](std::size_t connections) {
        if (connections < waiting) { return; }
        weight.waiting_mib = memory_mib(bench.pid(), "RssAnon");
        weight.holder_mib = memory_mib(::getpid(), "RssAnon") - holder;
        bench.cancel();
    });
    auto spec = obliging();
    spec.request_timeout = milliseconds{patience};
    if (const auto started = bench.start(std::move(spec)); !started) { give_up(started.error().text()); }
    expect_answer(bench.call(call_of("greet")).answer);
    weight.idle_mib = memory_mib(bench.pid(), "RssAnon");
    holder = memory_mib(::getpid(), "RssAnon");
    const auto called = bench.call(std::vector<plugin::Call>(waiting, call_of("post\",\"url\":\"" + supplier.url())));
    if (weight.waiting_mib == 0) {
        give_up("not all calls reached the supplier: " + called.back().answer.text + called.back().answer.output.text("reason") +
                called.back().answer.output.text("exchange"));
    }
    return weight;
}

/// The same with calls that wait in the plugin itself.
Weight weigh_hanging(std::size_t waiting) {
    plugin::Workers::Options options;
    options.calls_max = waiting;
    options.memory_max = 0;
    check::PluginBench bench(std::move(options));
    if (const auto started = bench.start(obliging()); !started) { give_up(started.error().text()); }
    expect_answer(bench.call(call_of("greet")).answer);
    Weight weight{.idle_mib = memory_mib(bench.pid(), "RssAnon")};
    const double holder = memory_mib(::getpid(), "RssAnon");
    const pid_t worker = bench.pid();
    std::function<void()> look = [&] {
        if (status_number(worker, "Threads").value_or(0) <= static_cast<double>(waiting)) {
            bench.clock().after(milliseconds{50}, look);
            return;
        }
        weight.waiting_mib = memory_mib(worker, "RssAnon");
        weight.holder_mib = memory_mib(::getpid(), "RssAnon") - holder;
        ::kill(worker, SIGKILL);
    };
    bench.clock().after(milliseconds{50}, look);
    (void)bench.call(std::vector<plugin::Call>(waiting, call_of("hang")));
    if (weight.waiting_mib == 0) { give_up("not all calls reached the plugin"); }
    return weight;
}

constexpr const char* slow_supplier = "wesellcellular";
constexpr const char* other_supplier = "other";

std::string order_id(std::size_t number) {
    return "PXBENCH" + std::to_string(number);
}

std::string order_text(std::size_t number, const char* supplier) {
    return R"({"supplier":")" + std::string(supplier) + R"(","order_id":")" + order_id(number) +
           R"(","customer_id":"bench","items":[{"sku":"IPHONE12-64GB-A","quantity":1,"unit_price":231.00}],)"
           R"("contact":{"email":"bench@crossdock.example"},"shipping_address":{"name":"N","line1":"1 Road","city":"Miami",)"
           R"("postal_code":"33132","country":"US"}})";
}

/// Lets the rig's account have so many calls in flight: a supplier file allows 256 unless it says otherwise.
void allow_in_flight(const app::DemoRig& rig, std::size_t calls) {
    std::ofstream(rig.config().parent_path() / "suppliers" / "phonex.yaml", std::ios::app)
        << "\nlimits: { concurrency: " << calls << " }\n";
}

/// Makes a second account of the rig's only one, at the same supplier.
void add_account(const app::DemoRig& rig) {
    const auto folder = rig.config().parent_path() / "suppliers";
    std::ifstream in(folder / "phonex.yaml");
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::string name = "account: phonex";
    const auto at = text.find(name);
    if (at == std::string::npos) { give_up("the shipped account has another name"); }
    std::ofstream(folder / "other.yaml") << text.replace(at, name.size(), std::string("account: ") + other_supplier);
}

/// From posting an order until its supplier's id is known.
double forward_ms(const app::DemoRig& rig, std::size_t number) {
    const auto begun = Timer::now();
    const auto posted = rig.api("POST", "/v1/orders", order_text(number, other_supplier));
    if (!posted || posted->status != 202) { give_up("an order of the other account was not taken"); }
    const auto placed = [&] {
        const auto answer = rig.api("GET", "/v1/orders/" + order_id(number));
        if (!answer) { return false; }
        const auto story = Json::parse(answer->body);
        const auto* orders = story ? story->find("supplier_orders") : nullptr;
        return orders != nullptr && !orders->items().empty() && !orders->items().front().text("supplier_order_id").empty();
    };
    while (!placed()) {
        if (Timer::now() - begun > patience) { give_up("an order of the other account did not pass"); }
        ::poll(nullptr, 0, 1);
    }
    return Ms(Timer::now() - begun).count();
}

/// In ms, while so many calls wait for a supplier that does not answer.
struct Beside {
    std::vector<double> readyz;
    std::vector<double> forwards;  ///< orders of another account, from the post to the supplier's id
};

Beside beside(std::size_t waiting) {
    const Scratch scratch;
    app::RigOptions options;
    options.folder = scratch.path / "rig";
    options.inventory_every = std::chrono::hours{1};
    options.request_timeout = 2 * milliseconds{patience};
    options.accept_after = std::chrono::hours{1};
    options.edit_config = [](std::string text) {
        const std::string only = "suppliers/phonex.yaml]";
        text.replace(text.find(only), only.size(), "suppliers/phonex.yaml, suppliers/other.yaml]");
        return text + "\nworkers: { calls_max: " + std::to_string(waiting_calls) + " }\n";
    };
    auto made = app::DemoRig::make(std::move(options));
    if (!made) { give_up(made.error().text()); }
    app::DemoRig& rig = **made;
    allow_in_flight(rig, waiting_calls);
    add_account(rig);
    for (const auto& started : {rig.start_mail_sink(), rig.start_supplier(), rig.start_daemon()}) {
        if (!started) { give_up(started.error().text()); }
    }
    // It takes the order, which shows that the call has arrived, and is silent for longer than the bench lasts.
    if (waiting > 0) {
        const auto slow = rig.sandbox("POST", "/_sandbox/faults",
                                      R"({"operation":"create_order","kind":"slow","delay_ms":600000,"accept":true,"times":)" +
                                          std::to_string(waiting) + "}");
        if (!slow) { give_up(slow.error().text()); }
    }
    for (std::size_t i = 0; i < waiting; ++i) {
        const auto answer = rig.api("POST", "/v1/orders", order_text(i, slow_supplier));
        if (!answer || answer->status != 202) {
            give_up("an order was not taken: " + (answer ? answer->body : answer.error().text()));
        }
    }
    const auto until = Timer::now() + patience;
    const auto arrived = [&] {
        const auto world = rig.sandbox("GET", "/_sandbox/orders");
        return world && world->find("posts")->members().size() >= waiting;
    };
    while (!arrived()) {
        if (Timer::now() > until) { give_up("the orders did not reach the supplier"); }
        ::poll(nullptr, 0, 50);
    }
    Beside times;
    for (std::size_t i = 0; i < forwarded; ++i) { times.forwards.push_back(forward_ms(rig, waiting + i)); }
    for (int i = 0; i < asked; ++i) {
        const auto begun = Timer::now();
        const auto answer = rig.api("GET", "/readyz");
        times.readyz.push_back(Ms(Timer::now() - begun).count());
        if (!answer || answer->status != 200) { give_up("/readyz did not answer 200"); }
    }
    rig.daemon().signal(SIGKILL);
    rig.daemon().wait();
    return times;
}

/// The same call where the plugin runs in this process: a round trip in us, and calls per second.
std::pair<double, double> in_process_figures() {
    plugin::InProcess threads;
    plugin::Workers::Options options;
    options.in_process = threads.starter();
    check::PluginBench bench(std::move(options));
    auto spec = obliging();
    spec.in_process = true;
    spec.quarantine = false;
    if (const auto started = bench.start(std::move(spec)); !started) { give_up(started.error().text()); }
    const double one = round_trip_us(bench);
    return {one, calls_per_second(bench)};
}

}  // namespace

void measure_workers() {
    raise_file_limit();
    const double bare = bare_round_trip_us();
    std::printf("\n%-44s %10s %18s\n", "", "median", "/ bare round trip");
    std::printf("%-44s %7.1f us %18s\n", "a byte to another process and back", bare, "1.0");
    {
        check::PluginBench bench;
        if (const auto started = bench.start(obliging()); !started) { give_up(started.error().text()); }
        const double one = round_trip_us(bench);
        std::printf("%-44s %7.1f us %18.1f\n", "a call of a plugin", one, one / bare);
        const double rate = calls_per_second(bench);
        std::printf("%-44s %6.0f /s %19.1f\n", "calls, 256 in flight", rate, 1e6 / rate / bare);
        const auto [in_process, in_process_rate] = in_process_figures();
        std::printf("%-44s %7.1f us %18.1f\n", "  in-process", in_process, in_process / bare);
        std::printf("%-44s %6.0f /s %19.1f\n", "  in-process, 256 in flight", in_process_rate, 1e6 / in_process_rate / bare);
        std::printf("%-44s %7.2f ms\n", "death of a worker to the next answer", respawn_ms(bench));
    }
    std::printf("%-44s %6.1f MiB\n", "a worker's own memory (RssAnon)", weigh(1).idle_mib);
    const auto most = std::min(many_calls, calls_by_files());
    for (const std::size_t waiting : {waiting_calls, most}) {
        const Weight weight = weigh(waiting);
        std::printf("%-44s %6.1f MiB   (and %.1f MiB in the process that holds it)\n",
                    ("  with " + std::to_string(waiting) + " calls in flight").c_str(), weight.waiting_mib, weight.holder_mib);
    }
    if (most < many_calls) {
        const Weight weight = weigh_hanging(many_calls);
        std::printf(
            "%-44s %6.1f MiB   (and %.1f MiB; without requests: these take %zu files each, and ulimit -Hn allows no more)\n",
            ("  with " + std::to_string(many_calls) + " calls in flight").c_str(), weight.waiting_mib, weight.holder_mib,
            files_per_call);
    }
    for (const std::size_t waiting : {std::size_t{0}, waiting_calls}) {
        const auto times = beside(waiting);
        std::printf("%-44s %7.2f ms   (p99 %.2f ms)\n",
                    ("/readyz, " + std::to_string(waiting) + " calls wait for a supplier").c_str(), quantile(times.readyz, 0.5),
                    quantile(times.readyz, 0.99));
        std::printf("%-44s %7.2f ms   (p99 %.2f ms)\n", "  an order of another account, to its id", quantile(times.forwards, 0.5),
                    quantile(times.forwards, 0.99));
    }
}

}  // namespace crossdock::bench
