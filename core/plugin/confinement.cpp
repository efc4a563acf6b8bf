#include "plugin/confinement.hpp"

#include "base/joined.hpp"
#include "plugin/wire.hpp"

namespace crossdock::plugin {

std::string Confinement::text() const {
    if (secret_isolated()) { return "secret-isolated (Landlock " + std::to_string(landlock) + ", seccomp)"; }
    return "crash-isolated, not secret-isolated: " + (lacking.empty() ? "the worker does not say why" : joined(lacking, "; "));
}

Json Confinement::json() const {
    Json reasons = Json::array();
    for (const auto& reason : lacking) { reasons.push(reason); }
    return Json::object({{"landlock", landlock}, {"seccomp", seccomp}, {"lacking", std::move(reasons)}});
}

Confinement Confinement::read(const Json* json) {
    Confinement made;
    if (json == nullptr || !json->is_object()) { return made; }
    made.landlock = static_cast<int>(json->integer("landlock"));
    made.seccomp = json->boolean("seccomp");
    made.lacking = texts(json->find("lacking"));
    return made;
}

}  // namespace crossdock::plugin
