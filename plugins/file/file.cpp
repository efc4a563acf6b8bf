#include "maildir.hpp"

#include "../email/mime.hpp"

#include <crossdock/sdk.hpp>

#include <optional>
#include <string>

namespace file {

namespace sdk = crossdock::sdk;

/// Puts mails into a folder of this machine, where a mail reader or another program takes them up.
class File final : public sdk::NotificationChannel {
public:
    static constexpr sdk::Manifest manifest{.name = "file", .version = "1.0.0", .deliver = sdk::EffectClass::repeatable};

    static sdk::Schema settings() {
        return sdk::Schema{}.folder("maildir", "A Maildir: mails appear in its `new`, each whole and once", true);
    }

    explicit File(const sdk::Host& host) : maildir_(host.settings().need_text("maildir")) {}

    sdk::Delivery deliver(const sdk::Message& message, sdk::Host& /*host*/) override {
        const auto name = name_of(message.message_id);
        const auto stored = maildir_.store(name, with_line_feeds(email::compose(message)));
        // As a mail server would say it: taken, or not now.
        const bool taken = stored.what != Stored::What::failed;
        sdk::Delivery made{.transport = taken ? sdk::Transport::answered : sdk::Transport::not_sent, .status = taken ? 250 : 0};
        made.exchange = "Maildir new/" + name;
        if (!stored.why.empty()) { made.reason = stored.why; }
        return made;
    }

private:
    /// Lines in files end as the system's do.
    static std::string with_line_feeds(std::string text) {
        std::string made;
        made.reserve(text.size());
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') { made += text[i]; }
        }
        return made;
    }

    Maildir maildir_;
};

}  // namespace file

CROSSDOCK_EXPORT_CHANNEL(file::File)
