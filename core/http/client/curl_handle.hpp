#pragma once

#include "base/time.hpp"
#include "client/outbound.hpp"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::http {

struct CurlClose {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlClose>;

struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, ListFree>;

/// Idle easy handles; each keeps its own connections. The last returned is the first taken, so that warm ones are used.
/// Threads: any.
class Outbound::Pool {
public:
    static constexpr std::size_t idle_max = 64;

    [[nodiscard]] CurlHandle take();
    /// `code` is how the exchange ended: only a connection whose exchange went well is used again.
    void give_back(CurlHandle handle, CURLcode code);

private:
    std::mutex mutex_;
    std::vector<CurlHandle> idle_;
};

/// True when not_after has passed.
[[nodiscard]] bool too_late(const ExchangeLimits& limits);
inline constexpr std::string_view too_late_reason = "its time to leave (not_after) had passed";

/// What every exchange sets the same way.
struct Attempt {
    CURL* handle;
    const ExchangeLimits& limits;
    std::array<char, CURL_ERROR_SIZE> error{};
    int left = 0;        ///< how often a request was about to leave
    bool late = false;   ///< stopped because not_after had passed
    bool twice = false;  ///< stopped because libcurl was about to send again
    BootMs began = 0;

    Attempt(CURL* curl, const ExchangeLimits& bounds);
    /// libcurl's text, or why we stopped it.
    [[nodiscard]] std::string reason(CURLcode code) const;
    [[nodiscard]] milliseconds elapsed() const;
};

/// Appends "name: value" or a line as it is.
[[nodiscard]] bool append(CurlList& list, const std::string& line);

[[nodiscard]] bool has_line_break(std::string_view text);

}  // namespace crossdock::http
