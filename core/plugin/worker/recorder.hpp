#pragma once

#include "base/json.hpp"
#include "http/exchange.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::worker {

/// What stands in a cassette instead of an account's secrets and addresses: {{api_key}}, {{base_url}}.
/// Threads: any, once made; `learn` apart.
class Placeholders {
public:
    Placeholders() = default;
    /// Of checked settings, by their plugin's schema.
    Placeholders(const Json& schema, const Json& settings);

    void learn(const std::string& name, const std::string& secret);

    /// Secrets of four bytes and more and urls, wherever they stand, also as JSON and URLs escape them.
    [[nodiscard]] std::string in_text(std::string_view text) const;
    /// A header's value. Of one that carries credentials only a scheme word and a whole secret are kept: "Bearer {{api_key}}".
    [[nodiscard]] std::string in_header(std::string_view name, std::string_view value) const;
    /// A value that is exactly that setting's, for example {{port}}; else as in_text.
    [[nodiscard]] std::string in_field(std::string_view setting, std::string_view value) const;

private:
    struct One {
        std::string value;
        std::string placeholder;
    };
    void add(const std::string& text, const std::string& placeholder);
    void sort();

    std::vector<One> anywhere_;  ///< longest value first
    std::vector<std::pair<std::string, std::string>> settings_;
};

/// Writes down the exchanges of one operation, as the `exchanges` of a cassette.
/// Threads: the operation's own.
class Recorder {
public:
    /// More bytes of bodies are not kept: see `overflowed`.
    static constexpr std::size_t bytes_max = 4U << 20U;

    explicit Recorder(const Placeholders& placeholders) : placeholders_(placeholders) {}

    /// From now on {{name}} stands for that secret: an access token, which nobody knew before it was fetched.
    void learn(const std::string& name, const std::string& secret) { placeholders_.learn(name, secret); }

    void add(const http::HttpExchange& request, const http::HttpResult& result);
    void add(const http::SmtpExchange& request, const http::SmtpResult& result);

    /// What an expression gave: JSON as text, or why there was nothing.
    void add_evaluation(std::string_view expression, const std::string& value, const std::string& error);

    [[nodiscard]] const Json& evaluations() const { return evaluations_; }
    [[nodiscard]] const Json& exchanges() const { return exchanges_; }
    [[nodiscard]] bool overflowed() const { return bytes_ > bytes_max; }

private:
    void set_body(Json& into, std::string_view body) const;
    void keep(Json exchange, std::size_t bytes);

    Placeholders placeholders_;
    Json exchanges_ = Json::array();
    Json evaluations_ = Json::array();
    std::size_t bytes_ = 0;
};

}  // namespace crossdock::worker
