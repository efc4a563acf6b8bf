#include "notify/unsubscribe.hpp"

#include "base/json.hpp"
#include "crypto/crypto.hpp"

#include <algorithm>

namespace crossdock::notify {
namespace {

constexpr std::size_t token_max = 1'024;

/// RFC 4648, section 5, without padding.
std::string to_url(std::string text) {
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    while (text.ends_with('=')) { text.pop_back(); }
    return text;
}

Result<std::string> from_url(std::string_view text) {
    std::string padded(text);
    std::replace(padded.begin(), padded.end(), '-', '+');
    std::replace(padded.begin(), padded.end(), '_', '/');
    while (padded.size() % 4 != 0) { padded += '='; }
    return crypto::from_base64(padded);
}

std::string signature(std::string_view key, std::string_view body) {
    return to_url(crypto::base64(crypto::hmac_sha256(key, "unsubscribe\n" + std::string(body))));
}

Fault no_link() {
    return Fault{"This link is not complete, or it is none of ours."};
}

}  // namespace

std::string unsubscribe_token(std::string_view key, const Unsubscription& who) {
    const Json said = Json::object({{"c", who.channel}, {"r", who.recipient}, {"u", who.until}});
    const std::string body = to_url(crypto::base64(said.dump()));
    return body + "." + signature(key, body);
}

Result<Unsubscription> read_unsubscribe_token(std::string_view key, std::string_view token, UtcMs now) {
    const auto dot = token.find('.');
    if (key.empty() || token.size() > token_max || dot == std::string_view::npos) { return no_link(); }
    const auto body = token.substr(0, dot);
    if (!crypto::equal_constant_time(token.substr(dot + 1), signature(key, body))) { return no_link(); }
    const auto text = from_url(body);
    const auto said = text ? Json::parse(*text) : Result<Json>(Fault{"no base64"});
    if (!said) { return no_link(); }
    Unsubscription who{said->text("c"), said->text("r"), said->integer("u")};
    if (who.channel.empty() || who.recipient.empty()) { return no_link(); }
    if (who.until < now) { return Fault{"This link has expired. The one in a newer mail works; or reply to one of our mails."}; }
    return who;
}

std::string unsubscribe_link(const UnsubscribeOptions& options, const std::string& channel, const std::string& recipient,
                             UtcMs now) {
    if (options.base_url.empty() || options.key.empty()) { return {}; }
    // The day's end: the mails of one day to one recipient carry one link, and a recomposed mail carries the same.
    constexpr UtcMs day = 24 * 3'600'000;
    const UtcMs until = (now / day + 1) * day + options.valid_for.count();
    return options.base_url + std::string(unsubscribe_path) + unsubscribe_token(options.key, {channel, recipient, until});
}

}  // namespace crossdock::notify
