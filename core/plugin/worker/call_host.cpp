#include "call_host.hpp"

#include "base/log.hpp"
#include "base/system_clock.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace crossdock::worker {
namespace {

constexpr std::size_t rows_per_batch = 500;
constexpr std::size_t batch_bytes = 1U << 20U;
constexpr std::size_t row_bytes_max = 64U << 10U;

std::string_view view(xd_text text) {
    return text.size == 0 || text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

xd_text borrowed(const std::string& text) {
    return {text.data(), text.size()};
}

std::uint32_t number(http::Transport transport) {
    return transport == http::Transport::answered ? XD_ANSWERED : transport == http::Transport::not_sent ? XD_NOT_SENT : XD_CUT;
}

std::size_t bytes_of(const xd_inventory_row& row) {
    return row.sku.size + row.name.size + row.price.size + row.currency.size + row.grade.size + row.lock_status.size +
           row.warehouse.size + 128;
}

Json row_json(const xd_inventory_row& row) {
    Json made = Json::object();
    made.set("sku", view(row.sku)).set("name", view(row.name)).set("quantity", row.quantity);
    made.set("lower_bound", (row.flags & XD_ROW_LOWER_BOUND) != 0);
    made.set("price", view(row.price)).set("currency", view(row.currency)).set("grade", view(row.grade));
    return std::move(made.set("lock_status", view(row.lock_status)).set("warehouse", view(row.warehouse)));
}

}  // namespace

CallHost::CallHost(Services& services, std::uint64_t call, BootMs not_after, bool effect)
    : services_(services), call_(call), not_after_(not_after), effect_(effect) {
    table_.size = sizeof(table_);
    table_.context = this;
    table_.settings = [](void* context) { return borrowed(self(context).services_.settings); };
    table_.http = &http;
    table_.smtp = &smtp;
    table_.log = &log;
    table_.utc_ms = [](void* /*context*/) { return system_utc_ms(); };
    table_.boot_ms = [](void* /*context*/) { return system_boot_ms(); };
    table_.emit_rows = &emit_rows;
    table_.canceled = [](void* context) { return self(context).canceled_ ? 1U : 0U; };
}

std::string CallHost::may_send() const {
    if (canceled_) { return "the call was canceled"; }
    if (effect_ && on_wire_) { return "an effect sends one request at most, and one has left"; }
    return {};
}

http::ExchangeLimits CallHost::limits(std::uint32_t timeout_ms) const {
    auto timeout = services_.request_timeout;
    if (timeout_ms != 0) { timeout = std::min(timeout, milliseconds(timeout_ms)); }
    return {.timeout = timeout, .not_after = not_after_};
}

void CallHost::http(void* context, const xd_http_request* request, xd_http_reply* reply) {
    auto& host = self(context);
    host.http_result_ = {};
    if (auto why = host.may_send(); !why.empty()) { host.http_result_.reason = std::move(why); }
    else {
        http::HttpExchange exchange{.method = std::string(view(request->method)),
                                    .url = std::string(view(request->url)),
                                    .headers = {},
                                    .body = std::string(view(request->body))};
        for (std::size_t i = 0; i < request->header_count; ++i) {
            exchange.headers.emplace_back(view(request->headers[i].name), view(request->headers[i].value));
        }
        exchange.may_repeat = !host.effect_ && (exchange.method == "GET" || exchange.method == "HEAD");
        host.http_result_ = host.services_.outbound.send(exchange, host.limits(request->timeout_ms));
    }
    auto& result = host.http_result_;
    host.on_wire_ = host.on_wire_ || result.on_wire;
    host.header_views_.clear();
    for (const auto& [name, value] : result.headers) { host.header_views_.push_back({borrowed(name), borrowed(value)}); }
    reply->transport = number(result.transport);
    reply->status = result.status;
    reply->elapsed_ms = static_cast<std::uint32_t>(result.elapsed.count());
    reply->retry_after_ms = result.retry_after ? result.retry_after->count() : -1;
    reply->body = borrowed(result.body);
    reply->headers = host.header_views_.data();
    reply->header_count = host.header_views_.size();
    reply->reason = borrowed(result.reason);
}

void CallHost::smtp(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply) {
    auto& host = self(context);
    host.smtp_result_ = {};
    if (auto why = host.may_send(); !why.empty()) { host.smtp_result_.reason = std::move(why); }
    else if (submission->port == 0 || submission->port > 65535) { host.smtp_result_.reason = "the SMTP port is out of range"; }
    else {
        http::SmtpExchange exchange{.tls = submission->tls == XD_TLS_NONE       ? http::SmtpExchange::Tls::none
                                           : submission->tls == XD_TLS_IMPLICIT ? http::SmtpExchange::Tls::implicit
                                                                                : http::SmtpExchange::Tls::starttls,
                                    .host = std::string(view(submission->host)),
                                    .port = static_cast<std::uint16_t>(submission->port),
                                    .username = std::string(view(submission->username)),
                                    .password = std::string(view(submission->password)),
                                    .from = std::string(view(submission->from)),
                                    .to = {},
                                    .message = std::string(view(submission->message))};
        for (std::size_t i = 0; i < submission->to_count; ++i) { exchange.to.emplace_back(view(submission->to[i])); }
        host.smtp_result_ = host.services_.outbound.submit(exchange, host.limits(submission->timeout_ms));
    }
    const auto& result = host.smtp_result_;
    host.on_wire_ = host.on_wire_ || result.on_wire;
    reply->transport = number(result.transport);
    reply->status = result.status;
    reply->elapsed_ms = static_cast<std::uint32_t>(result.elapsed.count());
    reply->reason = borrowed(result.reason);
}

void CallHost::log(void* context, std::uint32_t level, xd_text message) {
    const auto text = self(context).services_.redaction(view(message));
    switch (level) {
        case XD_LOG_DEBUG: Log::debug(text); return;
        case XD_LOG_INFO: Log::info(text); return;
        case XD_LOG_WARNING: Log::warning(text); return;
        default: Log::error(text); return;
    }
}

std::uint32_t CallHost::emit_rows(void* context, const xd_inventory_row* rows, std::size_t row_size, std::size_t count) {
    auto& host = self(context);
    if (row_size < sizeof(xd_inventory_row)) {
        host.host_fault_ = "the plugin's inventory rows are shorter than this ABI's";
        return XD_CANCELED;
    }
    Json batch = Json::array();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& row = *reinterpret_cast<const xd_inventory_row*>(reinterpret_cast<const char*>(rows) + i * row_size);
        const auto size = bytes_of(row);
        if (size > row_bytes_max) {
            host.host_fault_ = "an inventory row is longer than " + std::to_string(row_bytes_max) + " bytes";
            return XD_CANCELED;
        }
        if (batch.items().size() == rows_per_batch || bytes + size > batch_bytes) {
            if (!host.hand_over(std::exchange(batch, Json::array()))) { return XD_CANCELED; }
            bytes = 0;
        }
        batch.push(row_json(row));
        bytes += size;
    }
    return batch.items().empty() || host.hand_over(std::move(batch)) ? XD_OK : XD_CANCELED;
}

bool CallHost::hand_over(Json rows) {
    {
        const std::scoped_lock lock(mutex_);
        if (canceled_) { return false; }
        waiting_ = true;
    }
    services_.send_batch(call_, std::move(rows));
    std::unique_lock lock(mutex_);
    // No deadline of its own: a daemon that is gone ends this process, and the daemon's time limit ends the call.
    stored_.wait(lock, [this] { return !waiting_; });
    return !canceled_;
}

void CallHost::batch_done(bool more) {
    const std::scoped_lock lock(mutex_);
    if (!more) { canceled_ = true; }
    waiting_ = false;
    stored_.notify_all();
}

void CallHost::cancel() {
    canceled_ = true;
}

}  // namespace crossdock::worker
