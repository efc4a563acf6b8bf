#pragma once

#include "http/exchange.hpp"

#include <memory>

namespace crossdock::http {

/// HTTP and SMTP outward, through libcurl, with connections kept for reuse.
///
/// A request leaves at most once per call: no redirects, no authentication rounds, HTTP/1.1 only, and libcurl's own re-sending on
/// a reused connection that was cut is stopped. No proxy, no environment.
///
/// Threads:  any, at once; each call blocks its thread.
/// Lifetime: make it before other threads start; it must outlive all calls.
/// Errors:   none; what went wrong is in the result.
class Outbound final : public Carrier {
public:
    Outbound();
    ~Outbound() override;

    [[nodiscard]] HttpResult send(const HttpExchange& exchange, const ExchangeLimits& limits) override;
    [[nodiscard]] SmtpResult submit(const SmtpExchange& exchange, const ExchangeLimits& limits) override;

    class Pool;

private:
    std::unique_ptr<Pool> pool_;
};

}  // namespace crossdock::http
