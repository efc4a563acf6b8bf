#pragma once

#include <crossdock/sdk.hpp>

#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// What a platform is sent: the documents and their signatures. Without requests.
namespace webhook {

namespace sdk = crossdock::sdk;

/// Our status -> the word of PhoneX's that says no more than is true. Only `shipped` has been seen in its webhooks; `pending`,
/// `confirmed` and `canceled` are the other ones that the platform's own table knows, `on_hold` is on PhoneX's screens.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 10> phonex_words{{{"pending", "pending"},
                                                                                             {"submitted", "pending"},
                                                                                             {"confirmed", "confirmed"},
                                                                                             {"on_hold", "on_hold"},
                                                                                             {"fulfilling", "confirmed"},
                                                                                             {"partially_shipped", "confirmed"},
                                                                                             {"shipped", "shipped"},
                                                                                             {"delivered", "shipped"},
                                                                                             {"rejected", "canceled"},
                                                                                             {"canceled", "canceled"}}};

/// The setting `statuses`: a word for each of our statuses that has another one than above.
inline sdk::Schema status_settings() {
    sdk::Schema made;
    for (const auto& [ours, theirs] : phonex_words) {
        sdk::Schema more = std::move(made).text(ours, "Default: " + std::string(theirs)).optional();
        made = std::move(more);
    }
    return made;
}

inline std::map<std::string, std::string> status_words(const sdk::Json& settings) {
    std::map<std::string, std::string> words;
    const auto* given = settings.find("statuses");
    for (const auto& [ours, theirs] : phonex_words) {
        const auto own = given == nullptr ? std::nullopt : given->text(ours);
        words[std::string(ours)] = own.value_or(std::string(theirs));
    }
    return words;
}

/// PhoneX's webhook: six members, always all of them, null where nothing is known yet. `order` is Message::order.
/// Errors: JsonError names the member that is missing.
inline std::string phonex_document(const sdk::Json& order, const std::map<std::string, std::string>& words) {
    const auto or_null = [&order](std::string_view key) {
        auto value = order.text(key);
        return value ? sdk::Json(std::move(*value)) : sdk::Json();
    };
    const auto status = order.need_text("status");
    const auto word = words.find(status);
    sdk::Json made = sdk::Json::object();
    made.set("event", "order.status_updated").set("order_id", order.need_text("order_id"));
    made.set("supplier_order_id", or_null("supplier_order_id"));
    made.set("status", word == words.end() ? status : word->second);
    made.set("tracking_number", or_null("tracking_number"));
    return made.set("updated_at", order.need_text("updated_at")).dump();
}

/// As Standard Webhooks has it (spec/standard-webhooks.md, version 1.0.0, "Payload structure"); `data` is the whole fact.
inline std::string standard_document(const sdk::Json& fact) {
    sdk::Json made = sdk::Json::object();
    made.set("type", fact.need_text("type")).set("timestamp", fact.need_text("time"));
    return made.set("data", fact).dump();
}

/// The same for each try of a message: `msg_` and what stands before the `@` of its Message-ID.
inline std::string message_name(std::string_view message_id) {
    if (message_id.starts_with('<')) { message_id.remove_prefix(1); }
    std::string name = "msg_";
    for (const char c : message_id.substr(0, message_id.find('@'))) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        name += plain ? c : '_';
    }
    return name;
}

/// The key that a secret of Standard Webhooks stands for: `whsec_` and base64 of 24 to 64 bytes.
/// Errors: std::invalid_argument names the setting, and shows nothing of its value.
inline std::string standard_key(std::string_view secret, std::string_view setting) {
    constexpr std::string_view prefix = "whsec_";
    const auto bytes = secret.starts_with(prefix) ? sdk::base64_bytes(secret.substr(prefix.size())) : std::nullopt;
    if (!bytes || bytes->size() < 24 || bytes->size() > 64) {
        throw std::invalid_argument("\"" + std::string(setting) + "\" must be whsec_ and the base64 of 24 to 64 bytes");
    }
    return *bytes;
}

}  // namespace webhook
