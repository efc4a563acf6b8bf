#include <crossdock/sdk.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace sdk = crossdock::sdk;

namespace vault {

/// A path or a name whose slashes stay.
inline std::string encoded_path(std::string_view path) {
    std::string made;
    for (const char c : path) { made += c == '/' ? std::string("/") : sdk::url_encoded(std::string_view(&c, 1)); }
    return made;
}

/// What Vault says is wrong: its own words, `{"errors": [...]}`.
inline std::string complaint(const sdk::HttpReply& reply) {
    std::string text = reply.exchange;
    const auto document = reply.json();
    const auto* errors = document && document->is_object() ? document->find("errors") : nullptr;
    if (errors == nullptr || !errors->is_array()) { return text; }
    for (const auto& error : errors->items()) {
        if (error.is_string()) { text += ": " + error.text(); }
    }
    return text;
}

/// Reads secrets of a HashiCorp Vault, engine KV version 2.
/// Source of paths and documents: HashiCorp's API documentation, "KV secrets engine - version 2" and "AppRole auth method".
class Vault final : public sdk::SecretsProvider {
public:
    static constexpr sdk::Manifest manifest{.name = "vault", .version = "1.0.0"};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .url("base_url", "Where Vault is, for example https://vault.example.com:8200")
            .text("mount", "Where the KV engine is mounted", "secret")
            .text("namespace", "Of Vault Enterprise")
            .optional()
            .text("role_id", "To sign in by AppRole; its secret is the credential `secret_id`")
            .optional()
            .secret("token", "To ask with, when there is no `role_id`")
            .optional()
            .secret("secret_id", "Of the AppRole")
            .optional();
    }

    explicit Vault(const sdk::Host& host) {
        const auto settings = host.settings();
        base_url_ = settings.need_text("base_url");
        while (base_url_.ends_with('/')) { base_url_.pop_back(); }
        mount_ = settings.need_text("mount");
        namespace_ = settings.text("namespace").value_or("");
        role_id_ = settings.text("role_id").value_or("");
        if (role_id_.empty() && !host.find_secret("token")) {
            throw std::invalid_argument("\"token\" is missing; or give `role_id` and the credential `secret_id`");
        }
        if (!role_id_.empty() && !host.find_secret("secret_id")) {
            throw std::invalid_argument("\"secret_id\" is missing: `role_id` is nothing without it");
        }
    }

    std::string read(const sdk::WantedSecret& wanted, sdk::Host& host) override {
        auto headers = common();
        headers.emplace_back("X-Vault-Token", token(host));
        const auto reply =
            host.http().get(base_url_ + "/v1/" + encoded_path(mount_) + "/data/" + encoded_path(wanted.name), headers);
        if (reply.answered(404)) {
            throw std::runtime_error("there is no secret " + wanted.name + " (" + complaint(reply) + ")");
        }
        const auto document = reply.json();
        if (!reply.answered(200) || !document) { throw std::runtime_error(complaint(reply)); }
        const auto* outer = document->find("data");
        const auto* data = outer == nullptr ? nullptr : outer->find("data");
        if (data == nullptr || !data->is_object()) {
            throw std::runtime_error("the answer has no data.data: is " + mount_ + " of version 2?");
        }
        return field(*data, wanted);
    }

private:
    [[nodiscard]] std::vector<sdk::Header> common() const {
        std::vector<sdk::Header> headers{{"X-Vault-Request", "true"}};
        if (!namespace_.empty()) { headers.emplace_back("X-Vault-Namespace", namespace_); }
        return headers;
    }

    [[nodiscard]] std::string token(const sdk::Host& host) const {
        if (role_id_.empty()) { return host.secret("token"); }
        sdk::Json body = sdk::Json::object();
        body.set("role_id", role_id_).set("secret_id", host.secret("secret_id"));
        const auto reply = host.http().post(base_url_ + "/v1/auth/approle/login", body, common());
        const auto document = reply.json();
        const auto* auth = document && document->is_object() ? document->find("auth") : nullptr;
        if (!reply.answered(200) || auth == nullptr) { throw std::runtime_error("the sign-in failed: " + complaint(reply)); }
        return auth->need_text("client_token");
    }

    static std::string field(const sdk::Json& data, const sdk::WantedSecret& wanted) {
        std::string names;
        for (const auto& [name, value] : data.members()) {
            if (wanted.field ? name == *wanted.field : data.members().size() == 1) {
                if (!value.is_string()) { throw std::runtime_error("the field " + name + " of " + wanted.name + " is no text"); }
                return value.text();
            }
            names += (names.empty() ? "" : ", ") + name;
        }
        if (!wanted.field) { throw std::runtime_error(wanted.name + " has several fields; say which `field`: " + names); }
        throw std::runtime_error(wanted.name + " has no field " + *wanted.field + "; it has " + (names.empty() ? "none" : names));
    }

    std::string base_url_, mount_, namespace_, role_id_;
};

}  // namespace vault

CROSSDOCK_EXPORT_SECRETS(vault::Vault)
