#include "redaction.hpp"

#include <algorithm>
#include <utility>

namespace crossdock::worker {
namespace {

constexpr std::size_t secret_min = 4;
constexpr std::size_t learned_max = 16;

}  // namespace

Redaction::Redaction(std::vector<std::string> secrets) : secrets_(std::make_shared<Secrets>()) {
    std::erase_if(secrets, [](const std::string& secret) { return secret.size() < secret_min; });
    secrets_->given = std::move(secrets);
}

void Redaction::learn(std::string name, std::string secret) {
    if (secret.size() < secret_min) { return; }
    const std::scoped_lock lock(secrets_->mutex);
    auto& learned = secrets_->learned;
    if (std::any_of(learned.begin(), learned.end(), [&](const auto& known) { return known.second == secret; })) { return; }
    if (learned.size() == learned_max) { learned.erase(learned.begin()); }
    learned.emplace_back(std::move(name), std::move(secret));
}

std::vector<std::pair<std::string, std::string>> Redaction::learned() const {
    const std::scoped_lock lock(secrets_->mutex);
    return secrets_->learned;
}

std::string Redaction::operator()(std::string_view text) const {
    std::string out(text);
    const auto blot_out = [&out](const std::string& secret) {
        constexpr std::string_view blot = "[secret]";
        for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + blot.size())) {
            out.replace(at, secret.size(), blot);
        }
    };
    const std::scoped_lock lock(secrets_->mutex);
    for (const auto& [name, secret] : secrets_->learned) { blot_out(secret); }
    for (const auto& secret : secrets_->given) { blot_out(secret); }
    return out;
}

}  // namespace crossdock::worker
