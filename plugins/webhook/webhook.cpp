#include "shapes.hpp"

#include <crossdock/sdk.hpp>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace webhook {

/// Posts what became of an order to the reseller's platform: as PhoneX does, or as Standard Webhooks has it.
class Webhook final : public sdk::NotificationChannel {
public:
    static constexpr sdk::Manifest manifest{.name = "webhook", .version = "1.0.0", .deliver = sdk::EffectClass::repeatable};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .url("url", "Where the platform takes webhooks")
            .choice("shape", "phonex: the document and the signature of PhoneX. standard-webhooks: the fact, under webhook-id",
                    {"phonex", "standard-webhooks"}, "phonex")
            .text("signature_header", "Of the shape phonex", "X-PhoneX-Signature")
            .map("statuses", "Of the shape phonex: our status -> the platform's word", status_settings())
            .optional()
            .secret("secret", "Shared with the platform; of the shape standard-webhooks whsec_...")
            .secret("old_secret", "Of the shape standard-webhooks: signs beside `secret` until the platform has the new one")
            .optional();
    }

    explicit Webhook(const sdk::Host& host) {
        const auto settings = host.settings();
        url_ = settings.need_text("url");
        phonex_ = settings.need_text("shape") == "phonex";
        header_ = settings.need_text("signature_header");
        words_ = status_words(settings);
        if (phonex_ && host.find_secret("old_secret")) {
            throw std::invalid_argument("\"old_secret\" is of the shape standard-webhooks: PhoneX's header has one signature");
        }
        // A secret that cannot be one is found at the start, not by the first order.
        if (phonex_) { (void)host.secret("secret"); }
        else { (void)keys(host); }
    }

    sdk::Delivery deliver(const sdk::Message& message, sdk::Host& host) override {
        if (!message.fact.is_object() || !message.order.is_object()) {
            throw std::invalid_argument("this message is for a person; in the config, give this channel `audience: platform`");
        }
        const auto body = phonex_ ? phonex_document(message.order, words_) : standard_document(message.fact);
        std::vector<sdk::Header> headers{{"Content-Type", "application/json"}};
        if (phonex_) { headers.emplace_back(header_, sdk::hex(host.hmac_sha256(host.secret("secret"), body))); }
        else { sign_standard(message_name(message.message_id), body, host, headers); }
        const auto reply = host.http().send("POST", url_, headers, body);
        auto made = sdk::Delivery::from(reply);
        if (const auto why = explained(reply); !why.empty()) { made.reason = why; }
        return made;
    }

private:
    static std::vector<std::string> keys(const sdk::Host& host) {
        std::vector<std::string> keys{standard_key(host.secret("secret"), "secret")};
        if (const auto old = host.find_secret("old_secret")) { keys.push_back(standard_key(*old, "old_secret")); }
        return keys;
    }

    static void sign_standard(const std::string& id, const std::string& body, const sdk::Host& host,
                              std::vector<sdk::Header>& headers) {
        const auto at = std::to_string(host.utc_ms() / 1'000);
        std::string signatures;
        for (const auto& key : keys(host)) {
            const auto one = "v1," + sdk::base64(host.hmac_sha256(key, id + "." + at + "." + body));
            signatures += (signatures.empty() ? "" : " ") + one;
        }
        headers.emplace_back("webhook-id", id);
        headers.emplace_back("webhook-timestamp", at);
        headers.emplace_back("webhook-signature", signatures);
    }

    /// Why a platform did not take it, for people; empty when its answer says enough.
    static std::string explained(const sdk::HttpReply& reply) {
        if (reply.transport != sdk::Transport::answered || reply.status < 300) { return {}; }
        if (reply.status < 400) { return "it redirects, and a webhook follows no redirects: correct `url`"; }
        if (reply.status == 410) { return "it says that this endpoint is gone"; }
        constexpr std::size_t shown = 200;
        auto said = reply.body.substr(0, reply.body.find_first_of("\r\n"));
        if (said.size() > shown) { said.resize(shown); }
        return said.empty() ? said : "it says: " + said;
    }

    std::string url_;
    bool phonex_ = true;
    std::string header_;
    std::map<std::string, std::string> words_;
};

}  // namespace webhook

CROSSDOCK_EXPORT_CHANNEL(webhook::Webhook)
