#include "base/json.hpp"
#include "base/process.hpp"
#include "http/loopback.hpp"
#include "sandbox/options.hpp"
#include "support/raw_socket.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace crossdock;
using support::TemporaryFolder;

// Children of the tests below: this executable again, running one hidden case.
TEST_CASE("child: supplier", "[.child]") {
    sandbox::SupplierOptions options;
    options.data = std::getenv("SANDBOX_DATA");
    options.port = 0;
    options.api_key = std::getenv("SANDBOX_KEY");
    options.ready_fd = 3;
    std::_Exit(sandbox::run_supplier(options));
}

TEST_CASE("child: mail", "[.child]") {
    sandbox::MailOptions options;
    options.data = std::getenv("SANDBOX_DATA");
    options.port = 0;
    options.ready_fd = 3;
    std::_Exit(sandbox::run_mail(options));
}

namespace {

struct Child {
    Process process;
    std::uint16_t port = 0;  ///< 0: it ended without listening
};

/// Starts one of the children above and waits until it listens, or ends.
Child start(const std::string& test, const TemporaryFolder& folder, const std::string& key = "key") {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    ProcessSpec spec;
    spec.program = std::filesystem::read_symlink("/proc/self/exe");
    spec.arguments = {test};
    spec.environment = {"SANDBOX_DATA=" + folder.path().string(), "SANDBOX_KEY=" + key};
    spec.inherited = {writing.get()};
    Child child{Process::spawn(spec).value()};
    writing.reset();
    std::string text;
    char byte = 0;
    while (::read(reading.get(), &byte, 1) == 1) { text += byte; }
    if (!text.empty()) { child.port = static_cast<std::uint16_t>(std::stoi(text)); }
    return child;
}

http::LoopbackAnswer call(const Child& child, const std::string& method, const std::string& target,
                          const std::string& body = {}) {
    return http::exchange({.port = child.port,
                           .method = method,
                           .target = target,
                           .headers = {{"Authorization", "Bearer key"}},
                           .body = body})
        .value();
}

}  // namespace

TEST_CASE("a killed supplier comes back with every order that it answered", "[sandbox]") {
    const TemporaryFolder folder;
    const std::string order =
        R"({"order_id":"A","supplier":"w","items":[{"sku":"S","quantity":1,"unit_price":1.00}],"shipping_address":{}})";
    {
        auto child = start("child: supplier", folder);
        REQUIRE(child.port != 0);
        std::string port;
        std::getline(std::ifstream(folder.path() / "port"), port);
        CHECK(port == std::to_string(child.port));
        CHECK(call(child, "POST", "/v1/orders", order).status == 201);
        CHECK(call(child, "POST", "/v1/orders", order).status == 201);
        child.process.signal(SIGKILL);
        child.process.wait();
    }
    auto child = start("child: supplier", folder);
    REQUIRE(child.port != 0);
    const auto shown = Json::parse(call(child, "GET", "/_sandbox/orders").body).value();
    CHECK(shown.find("orders")->items().size() == 2);
    CHECK(shown.find("posts")->integer("A") == 2);
    child.process.signal(SIGTERM);
    CHECK(describe_exit(child.process.wait()) == "exit code 0");
}

TEST_CASE("a second supplier on the same folder ends with code 4, one without a key with code 2", "[sandbox]") {
    const TemporaryFolder folder;
    auto first = start("child: supplier", folder);
    REQUIRE(first.port != 0);
    auto second = start("child: supplier", folder);
    CHECK(second.port == 0);
    CHECK(describe_exit(second.process.wait()) == "exit code 4");
    auto keyless = start("child: supplier", folder, "");
    CHECK(describe_exit(keyless.process.wait()) == "exit code 2");
}

TEST_CASE("a mail sink ends cleanly on SIGTERM, with a connection open", "[sandbox]") {
    const TemporaryFolder folder;
    auto child = start("child: mail", folder);
    REQUIRE(child.port != 0);
    support::RawSocket client(child.port);
    CHECK(client.read_until("\r\n") == "220 sandbox ESMTP\r\n");
    child.process.signal(SIGTERM);
    CHECK(describe_exit(child.process.wait()) == "exit code 0");
    CHECK(client.read_all().empty());
}
