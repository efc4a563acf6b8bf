#pragma once

#include <crossdock/abi.h>
#include <crossdock/documents.hpp>
#include <crossdock/host.hpp>
#include <crossdock/json.hpp>
#include <crossdock/testing/lent.hpp>
#include <crossdock/testing/memory_files.hpp>
#include <crossdock/testing/settings.hpp>
#include <crossdock/testing/traffic.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace crossdock::sdk::testing {

/// What one account gives to its plugin: settings checked by the schema, secrets apart.
struct Account {
    Json settings = Json::object();
    std::map<std::string, std::string, std::less<>> secrets = {};
    std::vector<std::string> preparations = {};  ///< addresses of requests that prepare others: Schema::prepares

    Account() = default;
    /// Errors: as check_settings.
    Account(const Json& schema, const Json& given) {
        const auto checked = check_settings(schema, given);
        for (const auto& [name, value] : checked.members()) {
            if (is_secret(schema, name) && value.is_string()) { secrets[name] = value.text(); }
            else { settings.set(name, value); }
            const auto* row = detail::setting_row(schema, name);
            if (row != nullptr && detail::member_is_true(*row, "prepares")) { preparations.push_back(value.text()); }
        }
    }
};

/// One line that a plugin logged, its secrets blotted out.
struct LogLine {
    std::uint32_t level;  ///< XD_LOG_
    std::string text;
};

/// An expression that a plugin had evaluated.
struct Evaluation {
    std::string expression;
    std::string document;  ///< as handed over
    std::string problem;   ///< why there was no value; empty when there was one
};

/// A message authentication code that a plugin asked for.
struct HmacRequest {
    std::uint32_t algorithm;  ///< XD_HMAC_SHA256
    std::string key;
    std::string data;
    std::string mac;  ///< what it was given: a stand-in, no HMAC
};

/// The whole host of a plugin, without network, disk or clock: what it is asked is recorded, what it answers is scripted.
///
/// It keeps the rules of the real one: an effect has one request at most, a canceled call sends nothing, and what it hands out is
/// overwritten and freed as soon as abi.h allows. Each request takes the next scripted reply; without one, it is not sent.
///
/// Threads:  one.
/// Lifetime: may serve any number of calls, one after the other; records grow until it goes.
class FakeHost {
public:
    static constexpr std::size_t rows_per_batch = 500;
    static constexpr std::size_t batch_bytes = 1U << 20U;
    static constexpr std::size_t row_bytes_max = 64U << 10U;

    FakeHost() = default;
    /// With settings of its own, for calls that are not made through an Instance. Errors: as check_settings.
    FakeHost(const Document& settings, const Json& schema) : account_(schema, settings.json()) {}
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    // What the peer does, in order; HTTP and SMTP alike.
    FakeHost& answer(int status, std::string body = "", std::vector<Header> headers = {}) {
        return answer(Reply{.status = status, .headers = std::move(headers), .body = std::move(body)});
    }
    FakeHost& answer(Reply reply) {
        replies_.push_back(std::move(reply));
        return *this;
    }
    /// The request leaves and no answer comes back.
    FakeHost& cut(std::string reason = "the connection was cut without an answer") {
        return answer(Reply{.transport = Transport::cut, .reason = std::move(reason)});
    }
    /// The peer cannot be reached.
    FakeHost& not_sent(std::string reason = "the peer cannot be reached") {
        return answer(Reply{.transport = Transport::not_sent, .reason = std::move(reason)});
    }
    /// Scripted replies that nothing has asked for.
    [[nodiscard]] std::size_t replies_left() const { return replies_.size(); }

    // Expressions. There is no jq in here: the test says what each gives, however often and for whatever document.
    FakeHost& evaluates(std::string expression, const Document& value) {
        values_[std::move(expression)] = {Value{value.text(), {}}};
        return *this;
    }
    /// The same for its next evaluation behind those that are scripted already; the last of them holds on.
    FakeHost& evaluates_next(std::string expression, const Document& value) {
        values_[std::move(expression)].push_back(Value{value.text(), {}});
        return *this;
    }
    /// It has no value: it does not compile, it fails, it takes too long.
    FakeHost& fails_to_evaluate(std::string expression, std::string problem) {
        values_[std::move(expression)] = {Value{{}, std::move(problem)}};
        return *this;
    }
    FakeHost& fails_to_evaluate_next(std::string expression, std::string problem) {
        values_[std::move(expression)].push_back(Value{{}, std::move(problem)});
        return *this;
    }

    // The account.
    /// Rotates a secret: from now on, for every account that is served.
    void set_secret(const std::string& name, std::string value) { rotated_[name] = std::move(value); }
    /// The account's folder.
    [[nodiscard]] MemoryFiles& folder() { return folder_; }

    // The clock moves only when told to.
    void set_utc_ms(std::int64_t now) { utc_ms_ = now; }
    void advance_ms(std::int64_t by) {
        utc_ms_ += by;
        boot_ms_ += by;
    }
    [[nodiscard]] std::int64_t utc_ms() const { return utc_ms_; }
    [[nodiscard]] std::int64_t boot_ms() const { return boot_ms_; }
    /// Effects leave until then, by boot_ms; 0: at any time.
    void set_not_after(std::int64_t boot) { not_after_ = boot; }

    // Cancellation, of each call from now on.
    /// From its beginning.
    void cancel() { cancel_after_ = 0; }
    /// When that many batches of rows have been stored. The host makes batches of at most rows_per_batch rows.
    void cancel_after_batches(std::size_t count) { cancel_after_ = count; }

    /// Serves as a host of an older ABI revision does. Requires 1 to 5.
    void set_revision(std::uint32_t revision) { revision_ = revision; }
    [[nodiscard]] std::uint32_t revision() const { return revision_; }

    // What the plugin did.
    /// All that it asked to be sent, in order, also what the host refused.
    [[nodiscard]] const std::vector<Request>& sent() const { return sent_; }
    [[nodiscard]] std::vector<HttpRequest> requests() const { return only<HttpRequest>(); }
    [[nodiscard]] std::vector<MailRequest> mails() const { return only<MailRequest>(); }
    [[nodiscard]] const std::vector<Evaluation>& evaluations() const { return evaluations_; }
    /// There is no cryptography in here: each pair of key and data has a code of its own, of 32 bytes, that is no HMAC.
    [[nodiscard]] const std::vector<HmacRequest>& hmacs() const { return hmacs_; }
    [[nodiscard]] const std::vector<LogLine>& log() const { return log_; }
    [[nodiscard]] const std::vector<InventoryRow>& rows() const { return rows_; }

    /// Blots the account's secrets out of a text, as the host does with logs, faults, reasons and exchanges.
    [[nodiscard]] std::string redacted(std::string_view text) const;

    /// One call of the plugin: the table that it sees, valid while this lives.
    class Call {
    public:
        enum class Kind { plain, effect, create };
        Call(FakeHost& host, Kind kind) : host_(host) { host_.begin(kind); }
        Call(FakeHost& host, Kind kind, const Account& account, bool secrets_in_settings) : host_(host) {
            host_.account_ = account;
            host_.begin(kind);
            host_.call_.secrets_in_settings = host_.call_.secrets_in_settings || secrets_in_settings;
        }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() { host_.end(); }

        [[nodiscard]] const xd_host* table() const { return host_.table_.get(); }
        /// A request or message of this call may have left.
        [[nodiscard]] bool on_wire() const { return host_.call_.on_wire; }
        /// Why the host ended the call; empty when it did not.
        [[nodiscard]] const std::string& host_fault() const { return host_.call_.host_fault; }

    private:
        FakeHost& host_;
    };

private:
    using Memory = std::unique_ptr<detail::Lent>;
    /// What an expression gives: a value as JSON, or why there is none.
    struct Value {
        std::string json;
        std::string problem;
    };
    struct CallState {
        bool create = false;
        bool effect = false;
        bool canceled = false;
        bool on_wire = false;
        bool prepared = false;
        bool secrets_in_settings = false;
        std::size_t batches = 0;
        std::string host_fault = {};
        std::string problem = {};
    };

    static FakeHost& self(void* context) { return *static_cast<FakeHost*>(context); }
    static void http(void* context, const xd_http_request* request, xd_http_reply* reply) noexcept;
    static void smtp(void* context, const xd_smtp_submission* submission, xd_smtp_reply* reply) noexcept;
    static std::uint32_t emit_rows(void* context, const xd_inventory_row* rows, std::size_t row_size, std::size_t count) noexcept;
    static std::uint32_t secret(void* context, xd_text name, xd_text* value) noexcept;
    static std::uint32_t file_read(void* context, xd_text name, xd_text* content) noexcept;
    static std::uint32_t file_write(void* context, xd_text name, xd_text content) noexcept;
    static std::uint32_t file_remove(void* context, xd_text name) noexcept;
    static std::uint32_t file_list(void* context, xd_text* names) noexcept;
    static std::uint32_t evaluate(void* context, xd_text expression, xd_text document, xd_text* value) noexcept;

    static std::uint32_t hmac(void* context, std::uint32_t algorithm, xd_text key, xd_text data, xd_text* mac) noexcept;

    void begin(Call::Kind kind);
    void end();
    /// Each service begins with it: what the one before handed out goes when the result does, that is, behind this service, since
    /// its arguments may still point there.
    [[nodiscard]] Memory next_service() { return std::exchange(lent_, std::make_unique<detail::Lent>()); }
    [[nodiscard]] std::string shown_settings() const;
    [[nodiscard]] std::optional<std::string> secret_value(std::string_view name) const;
    [[nodiscard]] std::string may_send() const;
    /// Whether a request may leave before an effect's own one.
    [[nodiscard]] bool prepares(const HttpRequest& request) const;
    [[nodiscard]] Reply reply_to(const std::string& refused, const std::string& what, bool prepares = false);
    [[nodiscard]] bool store(std::vector<InventoryRow> batch);
    [[nodiscard]] Value value_of(std::string_view expression, std::string_view document);
    std::uint32_t failed(std::string why) {
        call_.problem = std::move(why);
        return XD_FAULT;
    }
    template <class Kind>
    [[nodiscard]] std::vector<Kind> only() const {
        std::vector<Kind> list;
        for (const auto& one : sent_) {
            if (const auto* request = std::get_if<Kind>(&one)) { list.push_back(*request); }
        }
        return list;
    }

    Account account_;
    std::map<std::string, std::string, std::less<>> rotated_;
    MemoryFiles folder_;
    std::deque<Reply> replies_;
    std::map<std::string, std::deque<Value>, std::less<>> values_;
    std::int64_t utc_ms_ = 1'735'689'600'000;  // 2025-01-01T00:00:00Z
    std::int64_t boot_ms_ = 3'600'000;
    std::int64_t not_after_ = 0;
    std::size_t cancel_after_ = std::numeric_limits<std::size_t>::max();
    std::uint32_t revision_ = CROSSDOCK_ABI_REVISION;

    std::vector<Request> sent_;
    std::vector<Evaluation> evaluations_;
    std::vector<HmacRequest> hmacs_;
    std::vector<LogLine> log_;
    std::vector<InventoryRow> rows_;

    CallState call_;
    std::unique_ptr<xd_host> table_;
    Memory lent_ = std::make_unique<detail::Lent>();           // until the next service
    Memory lent_for_call_ = std::make_unique<detail::Lent>();  // until the call ends
};

}  // namespace crossdock::sdk::testing

#include <crossdock/testing/fake_services.hpp>
