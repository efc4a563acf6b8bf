#include "redaction.hpp"

#include <utility>

namespace crossdock::worker {

Redaction::Redaction(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
    std::erase_if(secrets_, [](const std::string& secret) { return secret.size() < 4; });
}

std::string Redaction::operator()(std::string_view text) const {
    std::string out(text);
    for (const auto& secret : secrets_) {
        for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at)) {
            constexpr std::string_view blot = "[secret]";
            out.replace(at, secret.size(), blot);
            at += blot.size();
        }
    }
    return out;
}

}  // namespace crossdock::worker
