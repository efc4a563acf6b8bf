#pragma once

#include "account_files.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "http/exchange.hpp"
#include "recorder.hpp"
#include "redaction.hpp"

#include <crossdock/abi.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::worker {

/// What the calls of one worker share.
struct Services {
    http::Carrier* carrier = nullptr;  ///< where exchanges go
    milliseconds request_timeout{10'000};
    bool shadow = false;                  ///< nothing leaves: the carrier is a ShadowCarrier
    std::vector<std::string> reach = {};  ///< "HOST:PORT" that exchanges may go to; empty: anywhere
    bool plain_http = true;               ///< to another machine, too
    std::string settings = "{}";  ///< JSON, checked, with defaults; without secrets, except for a plugin of ABI revision 1
    std::map<std::string, std::string, std::less<>> secrets = {};
    AccountFiles files = {};
    std::vector<std::string> preparations = {};  ///< where requests that prepare others are posted to
    Placeholders placeholders = {};              ///< for what is recorded
    Redaction redaction = {};
    std::string log_mark = {};  ///< stands before what the plugin logs
    /// Sends a batch of rows of a call to the daemon.
    std::function<void(std::uint64_t call, Json rows)> send_batch = {};
    /// Sends an expression and a document of a call to the daemon; false when together they are too long for a frame.
    std::function<bool(std::uint64_t call, Json wanted)> evaluate = {};
};

/// The host services of one operation: the table that the plugin sees, and what it has done with it.
///
/// Threads: the operation's own thread; `batch_done`, `evaluated` and `cancel` from any.
class CallHost {
public:
    CallHost(Services& services, std::uint64_t call, BootMs not_after, bool effect);

    /// From now on, keeps the exchanges; see `recorded`.
    void record() { recorder_.emplace(services_.placeholders); }
    [[nodiscard]] const Recorder* recorded() const { return recorder_ ? &*recorder_ : nullptr; }

    [[nodiscard]] const xd_host* table() const { return &table_; }
    void batch_done(bool more);
    /// The daemon's answer to the evaluation under way: `value` (JSON as text) or `error`.
    void evaluated(const Json& answer);
    void cancel();

    /// A request or message of this call may have left.
    [[nodiscard]] bool on_wire() const { return on_wire_; }
    /// Of the last HTTP answer; 0: there was none.
    [[nodiscard]] int peer_status() const { return http_result_.status; }
    /// Why the host ended the operation, if it did.
    [[nodiscard]] const std::string& host_fault() const { return host_fault_; }

private:
    static CallHost& self(void* context) { return *static_cast<CallHost*>(context); }
    static void http(void* context, const xd_http_request* request, xd_http_reply* reply);
    static void smtp(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply);
    static void log(void* context, std::uint32_t level, xd_text message);
    static std::uint32_t secret(void* context, xd_text name, xd_text* value);
    static std::uint32_t file_read(void* context, xd_text name, xd_text* content);
    static std::uint32_t file_write(void* context, xd_text name, xd_text content);
    static std::uint32_t file_remove(void* context, xd_text name);
    static std::uint32_t file_list(void* context, xd_text* names);
    static std::uint32_t evaluate(void* context, xd_text expression, xd_text document, xd_text* value);
    static std::uint32_t hmac(void* context, std::uint32_t algorithm, xd_text key, xd_text data, xd_text* mac);
    static std::uint32_t emit_rows(void* context, const xd_inventory_row* rows, std::size_t row_size, std::size_t count);

    [[nodiscard]] std::string may_send() const;
    /// Whether a request may leave before an effect's own one: a form that is posted where the account fetches its tokens.
    [[nodiscard]] bool prepares(const http::HttpExchange& request) const;
    /// Tokens in the answer to a request that prepares others are secrets from now on.
    void learn_tokens(const std::string& answer);
    /// Refuses, and ends the operation with a fault, when an exchange would leave the fence.
    [[nodiscard]] bool outside(std::string_view place, std::string_view url = {});
    [[nodiscard]] http::ExchangeLimits limits(std::uint32_t timeout_ms) const;
    [[nodiscard]] bool hand_over(Json rows);
    /// Why an evaluation is not even asked for; empty when it is.
    [[nodiscard]] std::string not_evaluated(std::string_view expression, std::string_view document) const;
    /// No evaluation is waited for any more. What an effect has begun is left to end.
    [[nodiscard]] bool gives_up() const { return canceled_ && !(effect_ && on_wire_); }
    [[nodiscard]] http::HttpResult exchange(const xd_http_request& request);
    [[nodiscard]] http::SmtpResult submission(const xd_smtp_submission& submission);
    std::uint32_t failed(const Fault& fault);

    Services& services_;
    std::uint64_t call_;
    BootMs not_after_;
    bool effect_;
    xd_host table_{};
    bool on_wire_ = false;
    bool prepared_ = false;
    std::string host_fault_;

    std::optional<Recorder> recorder_;

    // Behind the plugin's borrowed strings.
    http::HttpResult http_result_;
    std::vector<xd_header> header_views_;
    http::SmtpResult smtp_result_;
    std::string file_text_;
    std::string problem_;

    std::atomic<bool> canceled_{false};
    std::mutex mutex_;
    std::condition_variable stored_;
    bool waiting_ = false;
    std::condition_variable told_;
    bool evaluating_ = false;
    Json evaluated_;
};

}  // namespace crossdock::worker
