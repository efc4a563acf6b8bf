#include "call_host.hpp"

#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "crypto/crypto.hpp"
#include "jq/scan.hpp"
#include "plugin/reach.hpp"
#include "plugin/wire.hpp"
#include "shadow_carrier.hpp"

#include <crossdock/rows.hpp>
#include <crossdock/structs.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace crossdock::worker {
namespace {

constexpr std::size_t rows_per_batch = 500;
constexpr std::size_t batch_bytes = 1U << 20U;

std::uint32_t number(http::Transport transport) {
    return transport == http::Transport::answered ? XD_ANSWERED : transport == http::Transport::not_sent ? XD_NOT_SENT : XD_CUT;
}

Json row_json(const xd_inventory_row& row) {
    Json made = Json::object();
    made.set("sku", sdk::view(row.sku)).set("name", sdk::view(row.name)).set("quantity", row.quantity);
    made.set("lower_bound", (row.flags & XD_ROW_LOWER_BOUND) != 0);
    made.set("price", sdk::view(row.price)).set("currency", sdk::view(row.currency)).set("grade", sdk::view(row.grade));
    return std::move(made.set("lock_status", sdk::view(row.lock_status)).set("warehouse", sdk::view(row.warehouse)));
}

}  // namespace

CallHost::CallHost(Services& services, std::uint64_t call, BootMs not_after, bool effect)
    : services_(services), call_(call), not_after_(not_after), effect_(effect) {
    table_.size = sizeof(table_);
    table_.context = this;
    table_.settings = [](void* context) { return sdk::text(self(context).services_.settings); };
    table_.http = &http;
    table_.smtp = &smtp;
    table_.log = &log;
    table_.utc_ms = [](void* /*context*/) { return system_utc_ms(); };
    table_.boot_ms = [](void* /*context*/) { return system_boot_ms(); };
    table_.emit_rows = &emit_rows;
    table_.canceled = [](void* context) { return self(context).canceled_ ? 1U : 0U; };
    table_.secret = &secret;
    table_.file_read = &file_read;
    table_.file_write = &file_write;
    table_.file_remove = &file_remove;
    table_.file_list = &file_list;
    table_.evaluate = &evaluate;
    table_.hmac = &hmac;
    table_.problem = [](void* context) { return sdk::text(self(context).problem_); };
}

std::string CallHost::may_send() const {
    if (canceled_) { return "the call was canceled"; }
    if (effect_ && on_wire_) { return "an effect sends one request at most, and one has left"; }
    return {};
}

http::ExchangeLimits CallHost::limits(std::uint32_t timeout_ms) const {
    auto timeout = services_.request_timeout;
    if (timeout_ms != 0) { timeout = std::min(timeout, milliseconds(timeout_ms)); }
    // What an effect has begun is left to end: its outcome is worth more than the time.
    return {.timeout = timeout, .not_after = not_after_, .canceled = effect_ ? nullptr : &canceled_};
}

bool CallHost::prepares(const http::HttpExchange& request) const {
    const auto& urls = services_.preparations;
    if (request.method != "POST" || std::find(urls.begin(), urls.end(), request.url) == urls.end()) { return false; }
    return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
        return header.first == "Content-Type" && header.second == "application/x-www-form-urlencoded";
    });
}

void CallHost::learn_tokens(const std::string& answer) {
    const auto parsed = Json::parse(answer);
    if (!parsed || !parsed->is_object()) { return; }
    for (const char* const name : {"access_token", "refresh_token", "id_token"}) {
        if (auto token = parsed->maybe_text(name)) { services_.redaction.learn(name, std::move(*token)); }
    }
}

bool CallHost::outside(std::string_view place, std::string_view url) {
    auto why = plugin::beyond(services_.reach, place);
    if (why.empty() && !url.empty()) {
        if (const auto clear = plugin::in_clear(url, services_.plain_http); !clear.empty()) {
            why = "the address that the plugin wants to reach at " + std::string(place) + " " + clear;
        }
    }
    if (why.empty()) { return false; }
    host_fault_ = std::move(why);
    return true;
}

http::HttpResult CallHost::exchange(const xd_http_request& request) {
    http::HttpResult refused;
    refused.reason = may_send();
    if (!refused.reason.empty()) { return refused; }
    if (outside(place_of(sdk::view(request.url)), sdk::view(request.url))) {
        refused.reason = host_fault_;
        return refused;
    }
    http::HttpExchange exchange{.method = std::string(sdk::view(request.method)),
                                .url = std::string(sdk::view(request.url)),
                                .headers = {},
                                .body = std::string(sdk::view(request.body))};
    for (std::size_t i = 0; i < request.header_count; ++i) {
        exchange.headers.emplace_back(sdk::view(request.headers[i].name), sdk::view(request.headers[i].value));
    }
    exchange.signature = {std::string(sdk::view(request.signature)), std::string(sdk::view(request.signing_id)),
                          std::string(sdk::view(request.signing_key))};
    exchange.may_repeat = !effect_ && (exchange.method == "GET" || exchange.method == "HEAD");
    const bool preparation = prepares(exchange);
    auto result =
        preparation && services_.shadow ? ShadowCarrier::token() : services_.carrier->send(exchange, limits(request.timeout_ms));
    if (preparation) { learn_tokens(result.body); }
    if (recorder_) {
        // Also those that another call has fetched.
        for (const auto& [name, token] : services_.redaction.learned()) { recorder_->learn(name, token); }
        recorder_->add(exchange, result);
    }
    // A second one, or one behind the effect's own request, counts as what it may be: the effect.
    const bool apart = preparation && effect_ && !on_wire_ && !prepared_;
    prepared_ = prepared_ || preparation;
    on_wire_ = on_wire_ || (result.on_wire && !apart);
    return result;
}

void CallHost::http(void* context, const xd_http_request* request, xd_http_reply* reply) {
    auto& host = self(context);
    host.http_result_ = host.exchange(sdk::received(*request));
    const auto& result = host.http_result_;
    host.header_views_.clear();
    for (const auto& [name, value] : result.headers) { host.header_views_.push_back({sdk::text(name), sdk::text(value)}); }
    xd_http_reply made{};
    made.transport = number(result.transport);
    made.status = result.status;
    made.elapsed_ms = static_cast<std::uint32_t>(result.elapsed.count());
    made.retry_after_ms = result.retry_after ? result.retry_after->count() : -1;
    made.body = sdk::text(result.body);
    made.headers = host.header_views_.data();
    made.header_count = host.header_views_.size();
    made.reason = sdk::text(result.reason);
    sdk::hand_back(made, *reply);
}

http::SmtpResult CallHost::submission(const xd_smtp_submission& submission) {
    http::SmtpResult refused;
    refused.reason = may_send();
    if (!refused.reason.empty()) { return refused; }
    if (submission.port == 0 || submission.port > 65535) {
        refused.reason = "the SMTP port is out of range";
        return refused;
    }
    if (outside(place_of(sdk::view(submission.host), submission.port))) {
        refused.reason = host_fault_;
        return refused;
    }
    http::SmtpExchange exchange{.tls = submission.tls == XD_TLS_NONE       ? http::SmtpExchange::Tls::none
                                       : submission.tls == XD_TLS_IMPLICIT ? http::SmtpExchange::Tls::implicit
                                                                           : http::SmtpExchange::Tls::starttls,
                                .host = std::string(sdk::view(submission.host)),
                                .port = static_cast<std::uint16_t>(submission.port),
                                .username = std::string(sdk::view(submission.username)),
                                .password = std::string(sdk::view(submission.password)),
                                .from = std::string(sdk::view(submission.from)),
                                .to = {},
                                .message = std::string(sdk::view(submission.message))};
    for (std::size_t i = 0; i < submission.to_count; ++i) { exchange.to.emplace_back(sdk::view(submission.to[i])); }
    auto result = services_.carrier->submit(exchange, limits(submission.timeout_ms));
    if (recorder_) { recorder_->add(exchange, result); }
    return result;
}

void CallHost::smtp(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply) {
    auto& host = self(context);
    host.smtp_result_ = host.submission(sdk::received(*submission));
    const auto& result = host.smtp_result_;
    host.on_wire_ = host.on_wire_ || result.on_wire;
    xd_smtp_reply made{};
    made.transport = number(result.transport);
    made.status = result.status;
    made.elapsed_ms = static_cast<std::uint32_t>(result.elapsed.count());
    made.reason = sdk::text(result.reason);
    sdk::hand_back(made, *reply);
}

std::uint32_t CallHost::secret(void* context, xd_text name, xd_text* value) {
    const auto& secrets = self(context).services_.secrets;
    const auto found = secrets.find(sdk::view(name));
    if (found == secrets.end()) { return XD_NOT_FOUND; }
    *value = sdk::text(found->second);
    return XD_OK;
}

std::uint32_t CallHost::failed(const Fault& fault) {
    problem_ = fault.what;
    return XD_FAULT;
}

std::uint32_t CallHost::file_read(void* context, xd_text name, xd_text* content) {
    auto& host = self(context);
    auto read = host.services_.files.read(sdk::view(name));
    if (!read) { return host.failed(read.error()); }
    if (!*read) { return XD_NOT_FOUND; }
    host.file_text_ = std::move(**read);
    *content = sdk::text(host.file_text_);
    return XD_OK;
}

std::uint32_t CallHost::file_write(void* context, xd_text name, xd_text content) {
    auto& host = self(context);
    const auto written = host.services_.files.write(sdk::view(name), sdk::view(content));
    return written ? XD_OK : host.failed(written.error());
}

std::uint32_t CallHost::file_remove(void* context, xd_text name) {
    auto& host = self(context);
    const auto removed = host.services_.files.remove(sdk::view(name));
    if (!removed) { return host.failed(removed.error()); }
    return *removed ? XD_OK : XD_NOT_FOUND;
}

std::uint32_t CallHost::file_list(void* context, xd_text* names) {
    auto& host = self(context);
    const auto listed = host.services_.files.list();
    if (!listed) { return host.failed(listed.error()); }
    Json list = Json::array();
    for (const auto& name : *listed) { list.push(name); }
    host.file_text_ = list.dump();
    *names = sdk::text(host.file_text_);
    return XD_OK;
}

void CallHost::log(void* context, std::uint32_t level, xd_text message) {
    const auto& services = self(context).services_;
    const auto text = services.log_mark + services.redaction(sdk::view(message));
    switch (level) {
        case XD_LOG_DEBUG: Log::debug(text); return;
        case XD_LOG_INFO: Log::info(text); return;
        case XD_LOG_WARNING: Log::warning(text); return;
        default: Log::error(text); return;
    }
}

std::string CallHost::not_evaluated(std::string_view expression, std::string_view document) const {
    static_assert(plugin::expression_bytes_max == jq::expression_bytes_max);
    if (call_ == 0) { return "nothing is evaluated while an instance is made"; }
    if (expression.size() > plugin::expression_bytes_max) {
        return "the expression is larger than " + std::to_string(plugin::expression_bytes_max) + " bytes";
    }
    if (document.size() > plugin::document_bytes_max) {
        return "the document is larger than " + std::to_string(plugin::document_bytes_max) + " bytes";
    }
    if (!is_utf8(expression)) { return "the expression is not valid UTF-8"; }
    if (!is_utf8(document)) { return "the document is not valid UTF-8"; }
    return {};
}

std::uint32_t CallHost::evaluate(void* context, xd_text expression, xd_text document, xd_text* value) {
    auto& host = self(context);
    if (auto why = host.not_evaluated(sdk::view(expression), sdk::view(document)); !why.empty()) {
        return host.failed(Fault{std::move(why)});
    }
    {
        const std::scoped_lock lock(host.mutex_);
        if (host.gives_up()) { return XD_CANCELED; }
        host.evaluating_ = true;
    }
    if (!host.services_.evaluate(host.call_,
                                 Json::object({{"expression", sdk::view(expression)}, {"document", sdk::view(document)}}))) {
        return host.failed(Fault{"the document is too large once its quotes and backslashes are written as JSON text"});
    }
    std::unique_lock lock(host.mutex_);
    // No deadline of its own: the daemon answers each within some seconds.
    host.told_.wait(lock, [&host] { return !host.evaluating_ || host.gives_up(); });
    if (host.evaluating_) { return XD_CANCELED; }
    if (host.recorder_) {
        host.recorder_->add_evaluation(sdk::view(expression), host.evaluated_.text("value"), host.evaluated_.text("error"));
    }
    if (auto found = host.evaluated_.maybe_text("value")) {
        host.file_text_ = std::move(*found);
        *value = sdk::text(host.file_text_);
        return XD_OK;
    }
    return host.failed(Fault{host.evaluated_.text("error")});
}

std::uint32_t CallHost::hmac(void* context, std::uint32_t algorithm, xd_text key, xd_text data, xd_text* mac) {
    auto& host = self(context);
    if (algorithm != XD_HMAC_SHA256) {
        return host.failed(Fault{"this host knows HMAC-SHA256 (1) only, not algorithm " + std::to_string(algorithm)});
    }
    host.file_text_ = crypto::hmac_sha256(sdk::view(key), sdk::view(data));
    *mac = sdk::text(host.file_text_);
    return XD_OK;
}

void CallHost::evaluated(const Json& answer) {
    const std::scoped_lock lock(mutex_);
    evaluated_ = answer;
    evaluating_ = false;
    told_.notify_all();
}

std::uint32_t CallHost::emit_rows(void* context, const xd_inventory_row* rows, std::size_t row_size, std::size_t count) {
    auto& host = self(context);
    const auto refuse = [&host](std::string why) {
        host.host_fault_ = std::move(why);
        return XD_CANCELED;
    };
    if (auto why = sdk::row_size_complaint(row_size); !why.empty()) { return refuse(std::move(why)); }
    Json batch = Json::array();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& theirs = *reinterpret_cast<const xd_inventory_row*>(reinterpret_cast<const char*>(rows) + i * row_size);
        if (auto why = sdk::row_complaint(theirs, row_size, i); !why.empty()) { return refuse(std::move(why)); }
        const auto row = sdk::received(theirs);
        const auto size = sdk::bytes_of(row);
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
    const std::scoped_lock lock(mutex_);
    canceled_ = true;
    told_.notify_all();
}

}  // namespace crossdock::worker
