// `listen:` and `rate_limits:`: who is let in, and how often.
#include "config/parts.hpp"

#include "yaml/words.hpp"

#include <array>
#include <system_error>

namespace crossdock::app {
namespace {

namespace fs = std::filesystem;

/// A file that is there; what it holds is looked at when it is loaded.
fs::path read_file_of(Part& part, yaml::Fields& fields, std::string_view key, std::string& where) {
    const fs::path path = part.path(fields.required_text(key));
    where = part.checks.where(fields.place(key));
    std::error_code error;
    if (part.checks.ok() && !fs::is_regular_file(path, error)) {
        part.checks.refuse(fields.place(key), "`" + std::string(key) + "`: there is no file " + path.string());
    }
    return path;
}

TlsConfig read_tls(Part& part, const yaml::Node& node) {
    yaml::Fields fields(part.checks, node, "`tls`", {"certificate", "key"});
    TlsConfig made;
    if (!part.checks.ok()) { return made; }
    made.certificate = read_file_of(part, fields, "certificate", made.certificate_where);
    made.key = read_file_of(part, fields, "key", made.key_where);
    return made;
}

std::vector<IpNetwork> read_networks(Part& part, const yaml::Node& list) {
    std::vector<IpNetwork> made;
    for (const auto& item : list.items) {
        const auto written = yaml::text_of(part.checks, item, "trusted_proxies");
        if (!written) { return made; }
        const auto network = IpNetwork::parse(*written);
        if (!network) {
            part.checks.refuse(item.place,
                               "`trusted_proxies` takes addresses and networks such as 10.0.0.0/8, not " + json_quoted(*written));
            return made;
        }
        made.push_back(*network);
    }
    return made;
}

/// `off`, or `{ rate, burst }`. What is not written is as it was.
void read_rule(Part& part, yaml::Fields& limits, std::string_view key, model::RateRule& made) {
    const auto* node = limits.find(key);
    if (node == nullptr) { return; }
    if (node->is_scalar() && node->text == "off") {
        made.rate = 0;
        return;
    }
    if (!node->is_map()) {
        part.checks.refuse(node->place, "`" + std::string(key) + "` takes off, or a map such as { rate: 10/s, burst: 100 }");
        return;
    }
    yaml::Fields fields(part.checks, *node, "`" + std::string(key) + "`", {"rate", "burst"});
    if (!part.checks.ok()) { return; }
    if (const auto rate = read_rate(part, fields)) {
        made.rate = rate->rate;
        made.per = rate->per;
    }
    made.burst = fields.integer("burst", {1, 1'000'000}).value_or(made.burst);
}

bool is_loopback(const IpAddress& address) {
    static const std::array networks{IpNetwork::parse("127.0.0.0/8"), IpNetwork::parse("::1")};
    return networks[0]->holds(address) || networks[1]->holds(address);
}

}  // namespace

void read_listen(Part& part, const yaml::Node& node, Config& made) {
    yaml::Fields listen(part.checks, node, "`listen`", {"host", "port", "tls", "insecure_http", "trusted_proxies"});
    if (!part.checks.ok()) { return; }
    made.listen_host = listen.text("host").value_or(made.listen_host);
    const auto address = IpAddress::parse(made.listen_host);
    if (!address) {
        part.checks.refuse(listen.place("host"),
                           "`host` takes an IP address such as 127.0.0.1, not " + json_quoted(made.listen_host));
        return;
    }
    const auto port = listen.integer("port", {0, 65535});
    made.listen_port = static_cast<std::uint16_t>(port.value_or(made.listen_port));
    if (const auto* tls = listen.map("tls")) { made.tls = read_tls(part, *tls); }
    const bool insecure = listen.boolean("insecure_http").value_or(false);
    if (const auto* list = listen.list("trusted_proxies")) { made.trusted_proxies = read_networks(part, *list); }
    if (!part.checks.ok()) { return; }
    if (insecure && made.tls) { part.checks.refuse(listen.place("insecure_http"), "`insecure_http` means nothing beside `tls`"); }
    if (!made.tls && !insecure && !is_loopback(*address)) {
        part.checks.refuse(
            listen.place("host"),
            "`host` " + made.listen_host +
                " is reached from other machines, and without `tls: { certificate, key }` keys and orders would cross "
                "in clear; where a proxy in front ends TLS, say `insecure_http: true`");
    }
}

RateLimitsConfig read_rate_limits(Part& part, const yaml::Node& node) {
    RateLimitsConfig made;
    yaml::Fields limits(part.checks, node, "`rate_limits`", {"webhook_source", "webhook_account", "api_key", "sign_in"});
    if (!part.checks.ok()) { return made; }
    read_rule(part, limits, "webhook_source", made.webhook_source);
    read_rule(part, limits, "webhook_account", made.webhook_account);
    read_rule(part, limits, "api_key", made.api_key);
    read_rule(part, limits, "sign_in", made.sign_in);
    return made;
}

}  // namespace crossdock::app
