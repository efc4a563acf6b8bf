#include "mime.hpp"

#include <crossdock/sdk.hpp>

#include <cstdint>
#include <string>

namespace email {

/// Submits mail to one SMTP server.
class Email final : public sdk::NotificationChannel {
public:
    static constexpr sdk::Manifest manifest{.name = "email", .version = "1.0.0", .deliver = sdk::EffectClass::repeatable};

    static sdk::Schema settings() {
        return sdk::Schema{}
            .host("host", "Name or address of the SMTP server")
            .port("port", "25 and 587 are usual, 465 with implicit TLS", 587)
            .choice("tls", "starttls insists on TLS before anything is said", {"none", "starttls", "implicit"}, "starttls")
            .text("username", "For authentication; leave it out for none")
            .optional()
            .secret("password", "For authentication")
            .optional();
    }

    explicit Email(const sdk::Host& host) {
        const auto settings = host.settings();
        server_.host = settings.need_text("host");
        server_.port = static_cast<std::uint16_t>(settings.need_integer("port"));
        const auto tls = settings.need_text("tls");
        server_.tls = tls == "none"       ? sdk::SmtpSubmission::Tls::none
                      : tls == "starttls" ? sdk::SmtpSubmission::Tls::starttls
                                          : sdk::SmtpSubmission::Tls::implicit;
        server_.username = settings.text("username").value_or("");
    }

    sdk::Delivery deliver(const sdk::Message& message, sdk::Host& host) override {
        auto mail = server_;
        mail.password = host.find_secret("password").value_or("");
        mail.message = compose(message);
        mail.from = message.from;
        mail.to = {message.to};
        const auto reply = host.submit(mail);
        sdk::Delivery made{.transport = reply.transport, .status = reply.status, .exchange = reply.exchange};
        if (!reply.reason.empty()) { made.reason = reply.reason; }
        return made;
    }

private:
    sdk::SmtpSubmission server_;
};

}  // namespace email

CROSSDOCK_EXPORT_CHANNEL(email::Email)
