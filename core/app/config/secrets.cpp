#include "config/config.hpp"
#include "yaml/node.hpp"

#include <cstdlib>

namespace crossdock::app {

Result<std::string> resolve(const SecretRef& secret) {
    constexpr std::size_t secret_max = 64 << 10;
    switch (secret.from) {
        case SecretRef::From::env: {
            const char* value = std::getenv(secret.name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
            if (value == nullptr) { return Fault{"the environment variable " + secret.name + " is not set", secret.where}; }
            if (*value == '\0') { return Fault{"the environment variable " + secret.name + " is empty", secret.where}; }
            return {boost::system::in_place_value, value};
        }
        case SecretRef::From::file: {
            auto text = yaml::read_text(secret.name, secret_max);
            if (!text) { return Fault{"the secret's file " + secret.name + ": " + text.error().what, secret.where}; }
            std::string value = std::move(text).value();
            if (value.ends_with('\n')) { value.pop_back(); }
            if (value.ends_with('\r')) { value.pop_back(); }
            if (value.empty()) { return Fault{"the secret's file " + secret.name + " is empty", secret.where}; }
            return {boost::system::in_place_value, std::move(value)};
        }
        case SecretRef::From::store: break;
        case SecretRef::From::keeper: return Fault{"the secret " + secret.name + " is kept by " + secret.keeper, secret.where};
    }
    return Fault{"the secret " + secret.name + " is sealed in the store", secret.where};
}

}  // namespace crossdock::app
