#include "http/loopback.hpp"
#include "http/tls.hpp"
#include "support/certificates.hpp"
#include "support/running_server.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_socket.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace crossdock;
using namespace std::chrono_literals;
using support::RawSocket;
using support::RunningServer;
using support::TlsSocket;

namespace {

/// A folder with a certificate and its key.
struct Files {
    explicit Files(const support::CertificateMade& made = {}) { support::write_certificate(certificate, key, made); }
    [[nodiscard]] std::shared_ptr<const http::TlsIdentity> load() const {
        auto loaded = http::load_tls(certificate, key);
        INFO((loaded ? std::string() : loaded.error().text()));
        REQUIRE(loaded.has_value());
        return *loaded;
    }

    support::TemporaryFolder folder;
    std::filesystem::path certificate = folder.path() / "certificate.pem";
    std::filesystem::path key = folder.path() / "key.pem";
};

Task<http::Response> echo(http::Request request) {
    http::Response response;
    response.body = request.path + (request.tls ? " tls " : " clear ") + request.body;
    co_return response;
}

std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

UtcMs now() {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("requests over TLS are answered as others are, and the end is said", "[http]") {
    const Files files;
    RunningServer server(echo, {}, files.load());
    TlsSocket client(server.port());
    REQUIRE(client.connected());
    CHECK(client.version() == "TLSv1.3");
    CHECK(client.fingerprint() == files.load()->fingerprint);
    REQUIRE(client.send(get("/a") + get("/b")));
    CHECK(client.read_until("/a tls ").find("HTTP/1.1 200 OK\r\n") == 0);
    CHECK(client.read_until("/b tls ").find("HTTP/1.1 200 OK\r\n") == 0);
    const std::string body(100'000, 'x');
    REQUIRE(client.send("POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n" + body));
    CHECK(client.read_all().ends_with("/c tls " + body));
    CHECK(client.ended_well());
}

TEST_CASE("TLS 1.2 with forward secrecy is spoken, nothing older or weaker", "[http]") {
    const Files files(support::CertificateMade{.rsa_bits = 2048});
    RunningServer server(echo, {}, files.load());
    CHECK(TlsSocket(server.port(), {TLS1_2_VERSION, nullptr}).version() == "TLSv1.2");
    CHECK(TlsSocket(server.port(), {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384"}).connected());
    CHECK_FALSE(TlsSocket(server.port(), {TLS1_1_VERSION, nullptr}).connected());
    CHECK_FALSE(TlsSocket(server.port(), {TLS1_2_VERSION, "AES128-GCM-SHA256"}).connected());
    CHECK_FALSE(TlsSocket(server.port(), {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA"}).connected());
}

TEST_CASE("a new certificate is shown to those who connect, and the others are not cut off", "[http]") {
    const Files before;
    const Files after(support::CertificateMade{.name = "new.test"});
    RunningServer server(echo, {}, before.load());
    TlsSocket early(server.port());
    REQUIRE(early.send(get("/a")));
    REQUIRE(early.read_until("/a tls ").find("200 OK") != std::string::npos);
    server.show(after.load());
    TlsSocket late(server.port());
    CHECK(late.fingerprint() == after.load()->fingerprint);
    CHECK(early.fingerprint() == before.load()->fingerprint);
    REQUIRE(early.send(get("/b")));
    CHECK(early.read_until("/b tls ").find("200 OK") != std::string::npos);
}

TEST_CASE("a handshake that stalls, or is none, is closed, and others are served meanwhile", "[http]") {
    const Files files;
    const auto* const begun = GENERATE("", "\x16\x03\x01", "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    RunningServer server(echo, {.handshake_timeout = 300ms}, files.load());
    RawSocket stalled(server.port());
    REQUIRE(stalled.send(begun));
    TlsSocket other(server.port());
    REQUIRE(other.send(get("/a")));
    CHECK(other.read_until("/a tls ").find("200 OK") != std::string::npos);
    CHECK(stalled.read_all().find("HTTP") == std::string::npos);
    CHECK(stalled.ended());
}

TEST_CASE("over TLS, too, a request that does not arrive in time is answered 408, and silence is closed", "[http]") {
    const Files files;
    RunningServer server(echo, {.read_timeout = 100ms, .idle_timeout = 200ms}, files.load());
    TlsSocket slow(server.port());
    REQUIRE(slow.send("GET / HTTP/1.1\r\n"));
    CHECK(slow.read_all().starts_with("HTTP/1.1 408 "));
    TlsSocket silent(server.port());
    CHECK(silent.read_all().empty());
}

TEST_CASE("the command line speaks TLS with the server whose certificate it knows, and with no other", "[http]") {
    const Files files;
    const Files other;
    RunningServer server(echo, {}, files.load());
    http::LoopbackCall call{
        .port = server.port(), .method = "POST", .target = "/x", .body = "hello", .pin = files.load()->fingerprint};
    const auto answer = http::exchange(call);
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->header("content-length") == "12");
    CHECK(answer->body == "/x tls hello");
    call.pin = other.load()->fingerprint;
    const auto refused = http::exchange(call);
    REQUIRE(refused.has_error());
    CHECK_THAT(refused.error().what, Catch::Contains("shows another certificate"));
    RunningServer clear(echo);
    call.port = clear.port();
    CHECK(http::exchange(call).error().what == "no TLS could be agreed on");
}

TEST_CASE("what is wrong with a certificate or key is said with the file that is to blame", "[http]") {
    const Files files;
    const Files other;
    const auto fault = [&] {
        const auto loaded = http::load_tls(files.certificate, files.key);
        REQUIRE(loaded.has_error());
        return loaded.error();
    };
    SECTION("no such file") {
        std::filesystem::remove(files.certificate);
        CHECK(fault().text() == files.certificate.string() + ": cannot be read: No such file or directory");
    }
    SECTION("no certificate") {
        std::ofstream(files.certificate) << "hello";
        CHECK_THAT(fault().text(), Catch::StartsWith(files.certificate.string() + ": holds no certificate in PEM form: "));
    }
    SECTION("no key") {
        std::ofstream(files.key) << "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        const auto text = fault().text();
        CHECK_THAT(text, Catch::StartsWith(files.key.string() + ": holds no private key in PEM form: "));
        CHECK(text.find("c2VjcmV0") == std::string::npos);
    }
    SECTION("the key of another certificate") {
        std::filesystem::copy_file(other.key, files.key, std::filesystem::copy_options::overwrite_existing);
        CHECK(fault().text() == files.key.string() + ": is not the key of the certificate in " + files.certificate.string());
    }
    SECTION("a key that others may read") {
        std::filesystem::permissions(files.key, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
        CHECK(fault().text() == files.key.string() +
                                    ": this key can be read or changed by others than its owner; run: chmod 600 " +
                                    files.key.string());
        std::filesystem::permissions(files.key, std::filesystem::perms::owner_read | std::filesystem::perms::group_read);
        CHECK(http::load_tls(files.certificate, files.key).has_value());
    }
    SECTION("a key that is too weak") {
        support::write_certificate(files.certificate, files.key, {.rsa_bits = 1024});
        CHECK_THAT(fault().text(), Catch::StartsWith(files.certificate.string() + ": this certificate is refused: "));
    }
    SECTION("a chain that is broken off") {
        std::ofstream(files.certificate, std::ios::app) << text_of(other.certificate).substr(0, 100);
        CHECK_THAT(fault().text(), Catch::StartsWith(files.certificate.string() + ": its chain cannot be read: "));
    }
}

TEST_CASE("a certificate tells its name, its time and how long that lasts", "[http]") {
    const Files files(support::CertificateMade{.name = "shop.example"});
    const auto fine = files.load();
    CHECK(fine->name == "shop.example");
    CHECK(fine->check_time(now()).has_value());
    CHECK(fine->days_left(now() + 1'000) == 29);
    const auto expired = Files(support::CertificateMade{.from = -48h, .until = -24h}).load();
    REQUIRE(expired->check_time(now()).has_error());
    CHECK_THAT(expired->check_time(now()).error().what, Catch::StartsWith("the certificate of crossdock.test expired at 20"));
    const auto early = Files(support::CertificateMade{.from = 24h, .until = 48h}).load();
    REQUIRE(early->check_time(now()).has_error());
    CHECK_THAT(early->check_time(now()).error().what, Catch::Contains("is not valid before 20"));
}
