#pragma once

#include <crossdock/rows.hpp>
#include <crossdock/testing/fake_host.hpp>

#include <algorithm>
#include <iterator>

/// The services of FakeHost, one for each member of xd_host. They never throw: a plugin in C may be the caller.
namespace crossdock::sdk::testing {

inline void FakeHost::begin(Call::Kind kind) {
    call_ = {};
    call_.create = kind == Call::Kind::create;
    call_.effect = kind == Call::Kind::effect;
    // Nothing is sent while an instance is made.
    call_.canceled = kind == Call::Kind::create || cancel_after_ == 0;
    call_.secrets_in_settings = revision_ < 2;
    table_ = std::make_unique<xd_host>();
    auto& table = *table_;
    table.context = this;
    table.settings = [](void* context) noexcept {
        auto& host = self(context);
        const auto old = host.next_service();
        return host.lent_for_call_->text(host.shown_settings());
    };
    table.http = &http;
    table.smtp = &smtp;
    table.log = [](void* context, std::uint32_t level, xd_text message) noexcept {
        auto& host = self(context);
        const auto old = host.next_service();
        host.log_.push_back({level, host.redacted(view(message))});
    };
    table.utc_ms = [](void* context) noexcept {
        const auto old = self(context).next_service();
        return self(context).utc_ms_;
    };
    table.boot_ms = [](void* context) noexcept {
        const auto old = self(context).next_service();
        return self(context).boot_ms_;
    };
    table.emit_rows = &emit_rows;
    table.canceled = [](void* context) noexcept {
        const auto old = self(context).next_service();
        return self(context).call_.canceled ? 1U : 0U;
    };
    table.size = offsetof(xd_host, secret);
    if (revision_ < 2) { return; }
    table.size = offsetof(xd_host, evaluate);
    table.secret = &secret;
    table.file_read = &file_read;
    table.file_write = &file_write;
    table.file_remove = &file_remove;
    table.file_list = &file_list;
    table.problem = [](void* context) noexcept {
        auto& host = self(context);
        const auto old = host.next_service();
        return host.lent_->text(host.call_.problem);
    };
    if (revision_ < 3) { return; }
    table.size = offsetof(xd_host, hmac);
    table.evaluate = &evaluate;
    if (revision_ < 4) { return; }
    table.size = sizeof(xd_host);
    table.hmac = &hmac;
}

inline void FakeHost::end() {
    lent_->take_back();
    lent_for_call_->take_back();
    table_.reset();
}

inline std::optional<std::string> FakeHost::secret_value(std::string_view name) const {
    if (const auto found = rotated_.find(name); found != rotated_.end()) { return found->second; }
    if (const auto found = account_.secrets.find(name); found != account_.secrets.end()) { return found->second; }
    return {};
}

inline std::string FakeHost::shown_settings() const {
    Json shown = account_.settings;
    // Revision 1 had no service for secrets.
    if (call_.secrets_in_settings) {
        for (const auto& secret : account_.secrets) { shown.set(secret.first, *secret_value(secret.first)); }
    }
    return shown.dump();
}

inline std::string FakeHost::redacted(std::string_view text) const {
    std::vector<std::string> values;
    for (const auto* secrets : {&account_.secrets, &rotated_}) {
        // Shorter ones would garble every text and hide nothing.
        for (const auto& secret : *secrets) {
            if (secret.second.size() >= 4) { values.push_back(secret.second); }
        }
    }
    // The longest first, so that no secret hides a part of a longer one.
    std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    std::string out(text);
    for (const auto& value : values) {
        for (auto at = out.find(value); at != std::string::npos; at = out.find(value, at)) {
            constexpr std::string_view blot = "[secret]";
            out.replace(at, value.size(), blot);
            at += blot.size();
        }
    }
    return out;
}

inline std::string FakeHost::may_send() const {
    if (call_.canceled) { return "the call was canceled"; }
    if (call_.effect && call_.on_wire) { return "an effect sends one request at most, and one has left"; }
    return {};
}

inline bool FakeHost::prepares(const HttpRequest& request) const {
    const auto& urls = account_.preparations;
    return call_.effect && !call_.on_wire && !call_.prepared && request.method == "POST" &&
           request.header("Content-Type") == "application/x-www-form-urlencoded" &&
           std::find(urls.begin(), urls.end(), request.url) != urls.end();
}

inline Reply FakeHost::reply_to(const std::string& refused, const std::string& what, bool prepares) {
    if (!refused.empty()) { return {.transport = Transport::not_sent, .reason = refused}; }
    if (replies_.empty()) { return {.transport = Transport::not_sent, .reason = "the test has no reply for " + what}; }
    auto reply = std::move(replies_.front());
    replies_.pop_front();
    // The real host may let a mail that was refused before its text be followed by another one; a plugin must not count on it.
    if (prepares) { call_.prepared = true; }
    else { call_.on_wire = call_.on_wire || reply.transport != Transport::not_sent; }
    return reply;
}

namespace detail {

[[nodiscard]] inline std::uint32_t number(Transport transport) {
    return transport == Transport::answered ? XD_ANSWERED : transport == Transport::not_sent ? XD_NOT_SENT : XD_CUT;
}

[[nodiscard]] inline std::string too_late(bool effect, std::int64_t not_after, std::int64_t now) {
    return effect && not_after != 0 && now > not_after ? "its time to leave (not_after) had passed" : "";
}

}  // namespace detail

inline void FakeHost::http(void* context, const xd_http_request* request, xd_http_reply* reply) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    const auto theirs = sdk::received(*request);
    HttpRequest made{.method = std::string(view(theirs.method)), .url = std::string(view(theirs.url))};
    for (std::size_t i = 0; i < theirs.header_count; ++i) {
        made.headers.emplace_back(view(theirs.headers[i].name), view(theirs.headers[i].value));
    }
    made.body = view(theirs.body);
    made.timeout_ms = theirs.timeout_ms;
    if (host.revision_ >= 5) {
        made.signature = {std::string(view(theirs.signature)), std::string(view(theirs.signing_id)),
                          std::string(view(theirs.signing_key))};
    }
    made.refused = host.may_send();
    if (made.refused.empty()) { made.refused = detail::refusal(made); }
    if (made.refused.empty()) { made.refused = detail::too_late(host.call_.effect, host.not_after_, host.boot_ms_); }
    const auto answer = host.reply_to(made.refused, made.method + " " + made.url, host.prepares(made));
    host.sent_.emplace_back(std::move(made));

    const bool answered = answer.transport == Transport::answered;
    std::vector<xd_header> headers;
    if (answered) {
        for (const auto& [name, value] : answer.headers) { headers.push_back({host.lent_->text(name), host.lent_->text(value)}); }
    }
    xd_http_reply back{};
    back.transport = detail::number(answer.transport);
    back.status = answered ? answer.status : 0;
    back.retry_after_ms = detail::retry_after_ms(answer).value_or(-1);
    back.body = answered ? host.lent_->text(answer.body) : xd_text{};
    back.headers = host.lent_->array(headers);
    back.header_count = headers.size();
    back.reason = host.lent_->text(answer.reason);
    sdk::hand_back(back, *reply);
}

inline void FakeHost::smtp(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    const auto theirs = sdk::received(*submission);
    MailRequest made;
    made.mail.host = view(theirs.host);
    made.mail.port = static_cast<std::uint16_t>(theirs.port);
    made.mail.tls = theirs.tls == XD_TLS_NONE       ? SmtpSubmission::Tls::none
                    : theirs.tls == XD_TLS_IMPLICIT ? SmtpSubmission::Tls::implicit
                                                    : SmtpSubmission::Tls::starttls;
    made.mail.username = view(theirs.username);
    made.mail.password = view(theirs.password);
    made.mail.from = view(theirs.from);
    for (std::size_t i = 0; i < theirs.to_count; ++i) { made.mail.to.emplace_back(view(theirs.to[i])); }
    made.mail.message = view(theirs.message);
    made.timeout_ms = theirs.timeout_ms;
    made.refused = host.may_send();
    if (made.refused.empty() && (theirs.port == 0 || theirs.port > 65535)) { made.refused = "the SMTP port is out of range"; }
    if (made.refused.empty()) { made.refused = detail::refusal(made.mail); }
    if (made.refused.empty()) { made.refused = detail::too_late(host.call_.effect, host.not_after_, host.boot_ms_); }
    const auto answer = host.reply_to(made.refused, "a mail through " + made.mail.host);
    host.sent_.emplace_back(std::move(made));

    xd_smtp_reply back{};
    back.transport = detail::number(answer.transport);
    back.status = answer.transport == Transport::answered ? answer.status : 0;
    back.reason = host.lent_->text(answer.reason);
    sdk::hand_back(back, *reply);
}

inline bool FakeHost::store(std::vector<InventoryRow> batch) {
    if (call_.canceled) { return false; }
    rows_.insert(rows_.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
    ++call_.batches;
    call_.canceled = call_.batches >= cancel_after_;
    return !call_.canceled;
}

inline std::uint32_t FakeHost::emit_rows(void* context, const xd_inventory_row* rows, std::size_t row_size,
                                         std::size_t count) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    const auto refuse = [&host](std::string why) {
        host.call_.host_fault = std::move(why);
        return XD_CANCELED;
    };
    if (auto why = row_size_complaint(row_size); !why.empty()) { return refuse(std::move(why)); }
    std::vector<InventoryRow> batch;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& theirs = *reinterpret_cast<const xd_inventory_row*>(reinterpret_cast<const char*>(rows) + i * row_size);
        if (auto why = row_complaint(theirs, row_size, i); !why.empty()) { return refuse(std::move(why)); }
        const auto row = sdk::received(theirs);
        const auto size = bytes_of(row);
        if (batch.size() == rows_per_batch || bytes + size > batch_bytes) {
            if (!host.store(std::exchange(batch, {}))) { return XD_CANCELED; }
            bytes = 0;
        }
        bytes += size;
        batch.push_back({.sku = std::string(view(row.sku)),
                         .name = std::string(view(row.name)),
                         .quantity = row.quantity,
                         .lower_bound = (row.flags & XD_ROW_LOWER_BOUND) != 0,
                         .price = std::string(view(row.price)),
                         .currency = std::string(view(row.currency)),
                         .grade = std::string(view(row.grade)),
                         .lock_status = std::string(view(row.lock_status)),
                         .warehouse = std::string(view(row.warehouse))});
    }
    return batch.empty() || host.store(std::move(batch)) ? XD_OK : XD_CANCELED;
}

inline std::uint32_t FakeHost::secret(void* context, xd_text name, xd_text* value) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    const auto found = host.secret_value(view(name));
    if (!found) { return XD_NOT_FOUND; }
    *value = host.lent_for_call_->text(*found);
    return XD_OK;
}

inline std::uint32_t FakeHost::file_read(void* context, xd_text name, xd_text* content) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    if (auto why = host.folder_.refusal(view(name))) { return host.failed(std::move(*why)); }
    const auto found = host.folder_.files.find(view(name));
    if (found == host.folder_.files.end()) { return XD_NOT_FOUND; }
    *content = host.lent_->text(found->second);
    return XD_OK;
}

inline std::uint32_t FakeHost::file_write(void* context, xd_text name, xd_text content) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    if (auto why = host.folder_.refusal(view(name), view(content))) { return host.failed(std::move(*why)); }
    host.folder_.files[std::string(view(name))] = view(content);
    return XD_OK;
}

inline std::uint32_t FakeHost::file_remove(void* context, xd_text name) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    if (auto why = host.folder_.refusal(view(name))) { return host.failed(std::move(*why)); }
    const auto found = host.folder_.files.find(view(name));
    if (found == host.folder_.files.end()) { return XD_NOT_FOUND; }
    host.folder_.files.erase(found);
    return XD_OK;
}

inline std::uint32_t FakeHost::file_list(void* context, xd_text* names) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    if (!host.folder_.has_folder) { return host.failed(*host.folder_.refusal("")); }
    Json list = Json::array();
    for (const auto& file : host.folder_.files) { list.push(file.first); }
    *names = host.lent_->text(list.dump());
    return XD_OK;
}

inline FakeHost::Value FakeHost::value_of(std::string_view expression, std::string_view document) {
    constexpr std::size_t expression_max = 16U << 10U;
    constexpr std::size_t document_max = 4U << 20U;
    if (call_.create) { return {{}, "nothing is evaluated while an instance is made"}; }
    if (expression.size() > expression_max) {
        return {{}, "the expression is larger than " + std::to_string(expression_max) + " bytes"};
    }
    if (document.size() > document_max) { return {{}, "the document is larger than " + std::to_string(document_max) + " bytes"}; }
    try {
        (void)Json::parse(document);
    } catch (const JsonError& error) { return {{}, std::string("the document is no JSON: ") + error.what()}; }
    const auto found = values_.find(expression);
    if (found == values_.end()) {
        return {{},
                "the test has no value for the expression `" + std::string(expression) + "`: FakeHost::evaluates gives it one"};
    }
    auto value = found->second.front();
    if (found->second.size() > 1) { found->second.pop_front(); }
    return value;
}

inline std::uint32_t FakeHost::evaluate(void* context, xd_text expression, xd_text document, xd_text* value) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    // What an effect has begun is left to end.
    if (!host.call_.create && host.call_.canceled && !(host.call_.effect && host.call_.on_wire)) { return XD_CANCELED; }
    const auto found = host.value_of(view(expression), view(document));
    host.evaluations_.push_back({std::string(view(expression)), std::string(view(document)), found.problem});
    if (!found.problem.empty()) { return host.failed(found.problem); }
    *value = host.lent_->text(found.json);
    return XD_OK;
}

inline std::uint32_t FakeHost::hmac(void* context, std::uint32_t algorithm, xd_text key, xd_text data, xd_text* mac) noexcept {
    auto& host = self(context);
    const auto old = host.next_service();
    if (algorithm != XD_HMAC_SHA256) {
        return host.failed("this host knows HMAC-SHA256 (1) only, not algorithm " + std::to_string(algorithm));
    }
    HmacRequest made{algorithm, std::string(view(key)), std::string(view(data)), {}};
    // FNV-1a, four times over: the same for the same, and another for anything else.
    for (char round = '0'; round < '4'; ++round) {
        std::uint64_t sum = 14695981039346656037U;
        for (const char c : round + made.key + '\0' + made.data) { sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211U; }
        for (unsigned shift = 0; shift < 64; shift += 8) { made.mac += static_cast<char>((sum >> shift) & 255U); }
    }
    *mac = host.lent_->text(made.mac);
    host.hmacs_.push_back(std::move(made));
    return XD_OK;
}

}  // namespace crossdock::sdk::testing
