#include <crossdock/sdk.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace sdk = crossdock::sdk;

namespace aws_secrets {

/// Reads secrets of AWS Secrets Manager; the host signs the requests.
/// Source of the request and its answer: AWS Secrets Manager API Reference, GetSecretValue.
class AwsSecrets final : public sdk::SecretsProvider {
public:
    static constexpr sdk::Manifest manifest{.name = "aws-secrets", .version = "1.0.0"};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .url("base_url", "The region's endpoint, for example https://secretsmanager.eu-central-1.amazonaws.com")
            .text("region", "For example eu-central-1")
            .text("access_key_id", "Of the access key")
            .secret("secret_access_key", "Of the access key")
            .secret("session_token", "Of temporary credentials")
            .optional();
    }

    explicit AwsSecrets(const sdk::Host& host) {
        const auto settings = host.settings();
        url_ = settings.need_text("base_url");
        while (url_.ends_with('/')) { url_.pop_back(); }
        scheme_ = "aws:amz:" + settings.need_text("region") + ":secretsmanager";
        id_ = settings.need_text("access_key_id");
    }

    std::string read(const sdk::WantedSecret& wanted, sdk::Host& host) override {
        sdk::Json body = sdk::Json::object();
        body.set("SecretId", wanted.name);
        std::vector<sdk::Header> headers{{"Content-Type", "application/x-amz-json-1.1"},
                                         {"X-Amz-Target", "secretsmanager.GetSecretValue"}};
        if (const auto token = host.find_secret("session_token")) { headers.emplace_back("X-Amz-Security-Token", *token); }
        const auto reply =
            host.http().send_signed({scheme_, id_, host.secret("secret_access_key")}, "POST", url_ + "/", headers, body.dump());
        const auto document = reply.json();
        if (!reply.answered(200) || !document || !document->is_object()) {
            throw std::runtime_error(wanted.name + ": " + complaint(reply, document));
        }
        const auto text = document->text("SecretString");
        if (!text) { throw std::runtime_error(wanted.name + " is binary; only secrets that are text are taken"); }
        return wanted.field ? field(*text, wanted.name, *wanted.field) : *text;
    }

private:
    /// `{"__type": "ResourceNotFoundException", "Message": ...}`
    static std::string complaint(const sdk::HttpReply& reply, const std::optional<sdk::Json>& document) {
        std::string text = reply.exchange;
        if (!document || !document->is_object()) { return text; }
        for (const char* const name : {"__type", "Message", "message"}) {
            if (const auto said = document->text(name)) { text += ": " + *said; }
        }
        return text;
    }

    /// Secrets with several fields are a JSON object in one text.
    static std::string field(const std::string& text, const std::string& secret, const std::string& name) {
        std::optional<sdk::Json> document;
        try {
            document = sdk::Json::parse(text);
        } catch (const sdk::JsonError&) {}
        const auto* value = document && document->is_object() ? document->find(name) : nullptr;
        if (value == nullptr) { throw std::runtime_error(secret + " has no field " + name); }
        if (!value->is_string()) { throw std::runtime_error("the field " + name + " of " + secret + " is no text"); }
        return value->text();
    }

    std::string url_, scheme_, id_;
};

}  // namespace aws_secrets

CROSSDOCK_EXPORT_SECRETS(aws_secrets::AwsSecrets)
