#include "client/outbound.hpp"

#include "base/system_clock.hpp"
#include "client/curl_handle.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace crossdock::http {

CurlHandle Outbound::Pool::take() {
    {
        const std::scoped_lock lock(mutex_);
        if (!idle_.empty()) {
            auto handle = std::move(idle_.back());
            idle_.pop_back();
            return handle;
        }
    }
    return CurlHandle(curl_easy_init());
}

void Outbound::Pool::give_back(CurlHandle handle, CURLcode code) {
    curl_socket_t used = CURL_SOCKET_BAD;
    // After a time limit behind SMTP's final dot libcurl keeps the connection, and the late reply would answer the next mail.
    // Cut here, it is seen dead before it is used again, and no QUIT waits for an answer.
    if (code != CURLE_OK && curl_easy_getinfo(handle.get(), CURLINFO_ACTIVESOCKET, &used) == CURLE_OK &&
        used != CURL_SOCKET_BAD) {
        ::shutdown(used, SHUT_RDWR);
    }
    // Clears options, passwords among them, and keeps live connections.
    curl_easy_reset(handle.get());
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < idle_max) { idle_.push_back(std::move(handle)); }
}

namespace {

/// libcurl asks while it transfers, and about once a second while it waits.
int ask_whether_canceled(void* user, curl_off_t /*down*/, curl_off_t /*downed*/, curl_off_t /*up*/, curl_off_t /*upped*/) {
    return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

}  // namespace

Attempt::Attempt(CURL* curl, const ExchangeLimits& bounds) : handle(curl), limits(bounds), began(system_boot_ms()) {
    const auto timeout = static_cast<long>(std::max<milliseconds::rep>(1, bounds.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, bounds.canceled == nullptr ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &ask_whether_canceled);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, bounds.canceled);
}

bool too_late(const ExchangeLimits& limits) {
    return limits.not_after != 0 && system_boot_ms() > limits.not_after;
}

std::string Attempt::reason(CURLcode code) const {
    if (late) { return std::string(too_late_reason); }
    if (twice) { return "the connection was cut without an answer"; }
    if (code == CURLE_OK) { return {}; }
    if (code == CURLE_ABORTED_BY_CALLBACK && limits.canceled != nullptr && limits.canceled->load()) {
        return "the call was canceled";
    }
    return error.front() != '\0' ? std::string(error.data()) : std::string(curl_easy_strerror(code));
}

milliseconds Attempt::elapsed() const {
    return milliseconds(system_boot_ms() - began);
}

bool append(CurlList& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) { return false; }
    (void)list.release();
    list.reset(longer);
    return true;
}

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

Outbound::Outbound() : pool_(std::make_unique<Pool>()) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

Outbound::~Outbound() {
    pool_.reset();
    curl_global_cleanup();
}

}  // namespace crossdock::http
