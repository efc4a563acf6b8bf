#pragma once

#include "app/demo_rig.hpp"
#include "base/json.hpp"
#include "base/process.hpp"
#include "base/time.hpp"
#include "support/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace crossdock::tests {

/// Headless Chromium, driven by Debian's chromedriver over WebDriver (https://www.w3.org/TR/webdriver2/).
///
/// Threads:  one; blocks. Errors: whatever the browser refuses fails the test, with its words.
/// Lifetime: the destructor ends the browser and the driver that it started; both also end with this process.
class Browser {
public:
    Browser();
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;
    ~Browser();

    void open(const std::string& url);
    /// The value of a function's body, run in the page: "return document.title".
    Json run(const std::string& script);
    /// Until the expression is true in the page.
    [[nodiscard]] bool sees(const std::string& expression, milliseconds within = milliseconds{20'000});
    /// Clicks the first element of that selector as a person would; false when there is none within a while.
    [[nodiscard]] bool click(const std::string& selector);
    /// Types into whatever has the focus. Keys without a character: "\ue007" is Enter, "\ue00c" Escape.
    void type(const std::string& text);
    /// The page's text as a person reads it.
    [[nodiscard]] std::string text();

    void resize(int width, int height, bool phone);
    void prefer_dark(bool dark);
    void offline(bool off);
    /// What the browser complained of since the last call: errors of scripts, violations of the content policy.
    [[nodiscard]] std::string complaints();
    /// Where the environment says CROSSDOCK_SCREENSHOTS: a picture of the page for people, as NAME.png.
    void picture(const std::string& name);

private:
    Json command(const std::string& method, const std::string& path, const Json& body);
    void devtools(const std::string& what, Json parameters);

    support::TemporaryFolder folder_;
    app::FreePort port_;
    Process driver_;
    std::string session_;
};

}  // namespace crossdock::tests
