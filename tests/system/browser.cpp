#include "system/browser.hpp"

#include "crypto/crypto.hpp"
#include "http/loopback.hpp"
#include "system/main_job.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace crossdock::tests {
namespace {

constexpr milliseconds answer_within{60'000};

Json strings(const std::vector<std::string>& list) {
    Json all = Json::array();
    for (const auto& one : list) { all.push(one); }
    return all;
}

}  // namespace

Browser::Browser() {
    port_ = app::free_port();
    const std::string home = folder_.path().string();
    ProcessSpec spec;
    // The driver dies with this process, and the browser with the driver's pipe.
    spec.program = "/usr/bin/setpriv";
    spec.arguments = {"--pdeathsig", "KILL", "/usr/bin/chromedriver", "--port=" + std::to_string(port_.number),
                      "--log-level=WARNING"};
    spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "TZ=UTC"};
    auto started = Process::spawn(spec);
    if (!started) { FAIL(started.error().text()); }
    driver_ = std::move(*started);
    REQUIRE(eventually([&] {
        http::LoopbackCall call;
        call.port = port_.number;
        call.target = "/status";
        const auto answer = http::exchange(call);
        return answer && answer->status == 200;
    }));
    const Json options = Json::object(
        {{"binary", "/usr/bin/chromium"},
         {"args", strings({"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                           "--disable-background-networking", "--disable-extensions", "--remote-debugging-pipe",
                           "--hide-scrollbars", "--lang=en-US", "--user-data-dir=" + home + "/profile"})}});
    const Json wanted = Json::object(
        {{"browserName", "chrome"}, {"goog:chromeOptions", options}, {"goog:loggingPrefs", Json::object({{"browser", "ALL"}})}});
    const auto made = command("POST", "/session", Json::object({{"capabilities", Json::object({{"alwaysMatch", wanted}})}}));
    session_ = made.text("sessionId");
    REQUIRE_FALSE(session_.empty());
    resize(1280, 860, false);
}

Browser::~Browser() {
    http::LoopbackCall call;
    call.port = port_.number;
    call.method = "DELETE";
    call.target = "/session/" + session_;
    call.timeout = milliseconds{10'000};
    (void)http::exchange(call);
}

Json Browser::command(const std::string& method, const std::string& path, const Json& body) {
    http::LoopbackCall call;
    call.port = port_.number;
    call.method = method;
    call.target = session_.empty() ? path : "/session/" + session_ + path;
    call.headers = {{"Content-Type", "application/json"}};
    if (method == "POST") { call.body = body.dump(); }
    call.timeout = answer_within;
    const auto answer = http::exchange(call);
    if (!answer) { FAIL("the browser's driver: " << answer.error().text()); }
    auto parsed = Json::parse(answer->body, JsonLimits{.bytes_max = 64 << 20, .depth_max = 256});
    if (!parsed) { FAIL("the browser's driver: " << parsed.error().text()); }
    const Json* value = parsed->find("value");
    if (answer->status != 200) { FAIL("the browser refused " << path << ": " << answer->body.substr(0, 2'000)); }
    return value == nullptr ? Json() : *value;
}

void Browser::devtools(const std::string& what, Json parameters) {
    (void)command("POST", "/goog/cdp/execute", Json::object({{"cmd", what}, {"params", std::move(parameters)}}));
}

void Browser::open(const std::string& url) {
    (void)command("POST", "/url", Json::object({{"url", url}}));
}

Json Browser::run(const std::string& script) {
    return command("POST", "/execute/sync", Json::object({{"script", script}, {"args", Json::array()}}));
}

bool Browser::sees(const std::string& expression, milliseconds within) {
    return eventually([&] { return run("return Boolean(" + expression + ")") == Json(true); }, within);
}

bool Browser::click(const std::string& selector) {
    if (!sees("document.querySelector(" + json_quoted(selector) + ")")) { return false; }
    const auto found = command("POST", "/element", Json::object({{"using", "css selector"}, {"value", selector}}));
    if (found.members().empty()) { return false; }
    (void)command("POST", "/element/" + found.members().front().second.as_string() + "/click", Json::object());
    return true;
}

void Browser::type(const std::string& text) {
    Json steps = Json::array();
    // Characters, not bytes: the special keys are three bytes each.
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) { ++end; }
        for (const char* const type : {"keyDown", "keyUp"}) {
            steps.push(Json::object({{"type", type}, {"value", text.substr(at, end - at)}}));
        }
        at = end;
    }
    Json keyboard = Json::object({{"type", "key"}, {"id", "keyboard"}, {"actions", std::move(steps)}});
    Json all = Json::array();
    all.push(std::move(keyboard));
    (void)command("POST", "/actions", Json::object({{"actions", std::move(all)}}));
}

std::string Browser::text() {
    return run("return {text: document.body.innerText}").text("text");
}

void Browser::resize(int width, int height, bool phone) {
    devtools("Emulation.setDeviceMetricsOverride",
             Json::object({{"width", width}, {"height", height}, {"deviceScaleFactor", phone ? 2 : 1}, {"mobile", phone}}));
}

void Browser::prefer_dark(bool dark) {
    Json features = Json::array();
    features.push(Json::object({{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}}));
    devtools("Emulation.setEmulatedMedia", Json::object({{"features", std::move(features)}}));
}

void Browser::offline(bool off) {
    devtools("Network.enable", Json::object());
    devtools("Network.emulateNetworkConditions",
             Json::object({{"offline", off}, {"latency", 0}, {"downloadThroughput", -1}, {"uploadThroughput", -1}}));
}

std::string Browser::complaints() {
    std::string all;
    const Json log = command("POST", "/se/log", Json::object({{"type", "browser"}}));
    for (const auto& entry : log.items()) {
        const auto said = entry.text("message");
        const bool advice = entry.text("level") == "DEBUG" || entry.text("level") == "INFO";
        // A refusal by the daemon is no fault of the page.
        if (!advice && said.find("Failed to load resource") == std::string::npos) { all += entry.dump() + "\n"; }
    }
    return all;
}

void Browser::picture(const std::string& name) {
    const char* const folder = std::getenv("CROSSDOCK_SCREENSHOTS");
    if (folder == nullptr) { return; }
    const auto taken = command("GET", "/screenshot", {});
    const auto bytes = crypto::from_base64(taken.as_string());
    REQUIRE(bytes.has_value());
    std::filesystem::create_directories(folder);
    std::ofstream(std::filesystem::path(folder) / (name + ".png"), std::ios::binary) << *bytes;
}

}  // namespace crossdock::tests
