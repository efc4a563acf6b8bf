// The daemon's own edge over real sockets: TLS and its certificate, rates, request ids, WebSocket.
#include "app/demo_rig.hpp"
#include "base/json.hpp"
#include "base/process.hpp"
#include "base/unique_fd.hpp"
#include "support/certificates.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_socket.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace crossdock::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Catch::Contains;
using support::TlsSocket;

/// A daemon without accounts, with a certificate, and what it says.
class Edge {
public:
    explicit Edge(const std::string& more = "") {
        support::write_certificate(certificate(), key());
        fs::create_directories(folder_.path() / "pipelines");
        const auto templates = app::shipped_tree().value() / "config" / "templates";
        std::ofstream(config())
            << "listen: { host: 127.0.0.1, port: 0, tls: { certificate: cert.pem, key: key.pem } }\ndata: data\n"
            << "templates: " << templates.string() << "\n"
            << more;
    }
    [[nodiscard]] fs::path config() const { return folder_.path() / "crossdock.yaml"; }
    [[nodiscard]] fs::path certificate() const { return folder_.path() / "cert.pem"; }
    [[nodiscard]] fs::path key() const { return folder_.path() / "key.pem"; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return daemon_.pid(); }

    void start() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        said_ = UniqueFd(ends[0]);
        const UniqueFd theirs(ends[1]);
        ProcessSpec spec;
        spec.program = executable_folder() / "crossdock";
        spec.arguments = {"serve", "--config", config().string()};
        spec.stderr_fd = theirs.get();
        auto spawned = Process::spawn(spec);
        REQUIRE(spawned.has_value());
        daemon_ = std::move(*spawned);
        const auto line = wait_for("listening");
        const auto at = line.find("127.0.0.1:") + 10;
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(at)));
    }
    /// The line of the log that has that text; reads until there is one.
    std::string wait_for(const std::string& text) {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        for (;;) {
            for (auto end = log_.find('\n', read_); end != std::string::npos; end = log_.find('\n', read_)) {
                const std::string line = log_.substr(read_, end - read_);
                read_ = end + 1;
                if (line.find(text) != std::string::npos) { return line; }
            }
            pollfd waiting{said_.get(), POLLIN, 0};
            const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
            char piece[4096];
            const auto got =
                left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) > 0 ? ::read(said_.get(), piece, sizeof piece) : 0;
            INFO(log_);
            REQUIRE(got > 0);
            log_.append(piece, static_cast<std::size_t>(got));
        }
    }
    /// Runs `crossdock ARGUMENTS --config ...`; what it wrote, and its exit code.
    std::pair<std::string, int> run(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--config", config().string()});
        const auto file = folder_.path() / "said";
        int status = 0;
        {
            const UniqueFd out(::open(file.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600));
            ProcessSpec spec;
            spec.program = executable_folder() / "crossdock";
            spec.arguments = std::move(arguments);
            spec.stdout_fd = spec.stderr_fd = out.get();
            auto spawned = Process::spawn(spec);
            REQUIRE(spawned.has_value());
            status = spawned->wait();
        }
        std::ifstream in(file);
        return {{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}, WEXITSTATUS(status)};
    }
    std::string make_key(const std::string& name, const std::string& scopes) {
        auto [text, code] = run({"key", "create", name, "--scopes", scopes});
        INFO(text);
        REQUIRE(code == 0);
        while (text.ends_with('\n')) { text.pop_back(); }
        return text;
    }
    std::string ask(const std::string& method, const std::string& path, const std::string& headers = "") {
        TlsSocket client(port_);
        REQUIRE(client.connected());
        REQUIRE(client.send(method + " " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + "\r\n"));
        return client.read_all();
    }

private:
    support::TemporaryFolder folder_;
    UniqueFd said_;
    std::string log_;
    std::size_t read_ = 0;
    Process daemon_;
    std::uint16_t port_ = 0;
};

std::string fingerprint(std::uint16_t port) {
    TlsSocket client(port);
    REQUIRE(client.connected());
    return client.fingerprint();
}

}  // namespace

TEST_CASE("a certificate is replaced by a reload without a connection lost, and a bad one changes nothing", "[edge][system]") {
    Edge edge;
    edge.start();
    const auto before = fingerprint(edge.port());
    TlsSocket kept(edge.port());
    REQUIRE(kept.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_THAT(kept.read_until("alive\"}"), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));

    support::write_certificate(edge.certificate(), edge.key(), {.name = "second.test"});
    const auto [text, code] = edge.run({"reload"});
    CHECK(code == 0);
    CHECK_THAT(text, Contains("certificate replaced: second.test (until 20"));
    const auto second = fingerprint(edge.port());
    CHECK(second != before);
    CHECK(kept.fingerprint() == before);
    REQUIRE(kept.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_THAT(kept.read_until("alive\"}"), Catch::StartsWith("HTTP/1.1 200 OK\r\n"));

    // One half of the next pair is there, the other is not.
    support::write_certificate(edge.certificate(), edge.key().string() + ".next", {.name = "third.test"});
    const auto [refused, refused_code] = edge.run({"reload"});
    CHECK(refused_code == 3);
    CHECK_THAT(refused,
               Contains("crossdock.yaml:1:") && Contains("`key`: ") && Contains("is not the key of the certificate in "));
    CHECK(fingerprint(edge.port()) == second);
    REQUIRE(::kill(edge.pid(), SIGHUP) == 0);
    CHECK_THAT(edge.wait_for("the reload was refused"), Contains("is not the key of the certificate in "));
    CHECK(fingerprint(edge.port()) == second);
    fs::rename(edge.key().string() + ".next", edge.key());
    REQUIRE(::kill(edge.pid(), SIGHUP) == 0);
    CHECK_THAT(edge.wait_for(" reloaded "), Contains("third.test"));
    CHECK(fingerprint(edge.port()) != second);
}

TEST_CASE("orders are submitted over TLS by the command line, and doctor says how long the certificate lasts", "[edge][system]") {
    Edge edge;
    edge.start();
    const auto key = edge.make_key("shop", "orders:write read");
    const auto file = edge.config().parent_path() / "order.json";
    std::ofstream(file) << "{}";
    // The port was chosen by the system.
    const auto port = std::to_string(edge.port());
    const auto [text, code] = edge.run({"order", "submit", file.string(), "--key", key, "--port", port});
    CHECK(code == 1);
    CHECK_THAT(text, Contains("the daemon answered 422"));
    const auto [health, ignored] = edge.run({"doctor"});
    CHECK_THAT(health, Contains("ok   certificate: the certificate of crossdock.test is valid for 29 days more, until 20"));
    support::write_certificate(edge.certificate(), edge.key(), {.until = 86'400s * 3});
    CHECK_THAT(edge.run({"doctor"}).first,
               Contains("weak certificate: the certificate of crossdock.test is valid for 2 days more"));
    CHECK_THAT(edge.run({"order", "submit", file.string(), "--key", key, "--port", port}).first,
               Contains("shows another certificate than the config names"));
}

TEST_CASE("who asks too often is answered 429 and counted, and a reload changes how often that is", "[edge][system]") {
    Edge edge("rate_limits: { api_key: { rate: 1/h, burst: 3 } }\n");
    edge.start();
    const std::string bearer = "Authorization: Bearer " + edge.make_key("shop", "read") + "\r\n";
    const std::string watcher = "Authorization: Bearer " + edge.make_key("watcher", "read") + "\r\n";
    for (int left = 2; left >= 0; --left) {
        const auto answer = edge.ask("GET", "/v1/orders", bearer);
        CHECK_THAT(answer,
                   Catch::StartsWith("HTTP/1.1 200 ") && Contains("RateLimit-Remaining: " + std::to_string(left) + "\r\n"));
    }
    const auto refused = edge.ask("GET", "/v1/orders", bearer);
    CHECK_THAT(refused, Catch::StartsWith("HTTP/1.1 429 Too Many Requests\r\n") && Contains("Retry-After: 3600\r\n"));
    CHECK_THAT(edge.wait_for("a caller asks too often"), Contains("rule=api_key"));
    CHECK_THAT(edge.ask("GET", "/metrics", watcher), Contains("crossdock_rate_limited_total{rule=\"api_key\"} 1\n"));
    std::ifstream in(edge.config());
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    text.replace(text.find("burst: 3"), 8, "burst: 9");
    std::ofstream(edge.config()) << text;
    REQUIRE(edge.run({"reload"}).second == 0);
    CHECK_THAT(edge.ask("GET", "/v1/orders", bearer), Catch::StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("a request has an id that its answer and its line in a JSON log carry", "[edge][system]") {
    Edge edge("log: { format: json, requests: true }\n");
    // The first line with the port is an object, too.
    edge.start();
    const auto key = edge.make_key("shop", "read");
    const auto answer = edge.ask("GET", "/v1/orders?limit=1", "Authorization: Bearer " + key + "\r\nX-Request-Id: shop-4711\r\n");
    CHECK_THAT(answer, Contains("X-Request-Id: shop-4711\r\n"));
    const auto line = Json::parse(edge.wait_for("shop-4711"));
    REQUIRE(line.has_value());
    CHECK(line->text("level") == "info");
    CHECK(line->text("message") == "request");
    CHECK(line->text("method") == "GET");
    CHECK(line->text("path") == "/v1/orders");
    CHECK(line->text("status") == "200");
    CHECK(line->text("source") == "127.0.0.1");
    CHECK(line->text("key").size() == 36);
    CHECK(line->dump().find(key) == std::string::npos);
    CHECK_THAT(edge.ask("GET", "/livez", "X-Request-Id: a\tb\r\n"), !Contains("X-Request-Id: a"));
}

TEST_CASE("events come over a WebSocket over TLS, and a daemon that stops says goodbye", "[edge][system]") {
    Edge edge;
    edge.start();
    const auto key = edge.make_key("shop", "read");
    TlsSocket client(edge.port());
    REQUIRE(
        client.send("GET /v1/events/ws?after=e0 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " +
                    key + "\r\n\r\n"));
    CHECK_THAT(client.read_until("\r\n\r\n"), Catch::StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK_THAT(client.read_until("}"), Contains(R"({"id":"e0","type":"hello"})"));
    REQUIRE(::kill(edge.pid(), SIGTERM) == 0);
    const auto goodbye = client.read_all();
    CHECK_THAT(goodbye, Catch::StartsWith("\x88") && Contains("\x03\xE9the daemon is stopping"));
    CHECK_THAT(edge.wait_for("stopped"), Contains("stopped"));
}

}  // namespace crossdock::tests
