// A channel over HTTP that passes the check, and two that do not: CHANNEL_... says which this is.
#include <crossdock/sdk.hpp>

namespace {

namespace sdk = crossdock::sdk;

class Chat final : public sdk::NotificationChannel {
public:
    static constexpr sdk::Manifest manifest{.name = "chat", .version = "1.0.0", .deliver = sdk::EffectClass::repeatable};
    static sdk::Schema settings() {
        return sdk::Schema{}.url("base_url", "Root of the API").secret("api_key", "Sent as a bearer token");
    }

    explicit Chat(const sdk::Host& host) : base_url_(host.settings().need_text("base_url")) {
        while (base_url_.ends_with('/')) { base_url_.pop_back(); }
    }

    sdk::Delivery deliver(const sdk::Message& message, sdk::Host& host) override {
        sdk::Json body = sdk::Json::object();
        body.set("to", message.to).set("text", message.subject);
        std::vector<sdk::Header> headers{{"Authorization", "Bearer " + host.secret("api_key")}};
#if !defined(CHANNEL_BAD_NO_ID)
        headers.push_back({"Idempotency-Key", message.message_id});
#endif
        const auto reply = host.http().post(base_url_ + "/messages", body, std::move(headers));
        sdk::Delivery made{.transport = reply.transport, .exchange = reply.exchange};
        if (reply.transport != sdk::Transport::answered) { return made; }
#if defined(CHANNEL_BAD_CLAIMS)
        made.status = taken;
#else
        made.status = reply.status >= 200 && reply.status < 300 ? taken : try_again;
#endif
        return made;
    }

private:
    static constexpr int taken = 250;
#if !defined(CHANNEL_BAD_CLAIMS)
    static constexpr int try_again = 451;
#endif

    std::string base_url_;
};

}  // namespace

CROSSDOCK_EXPORT_CHANNEL(Chat)
