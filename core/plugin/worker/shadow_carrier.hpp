#pragma once

#include "http/exchange.hpp"

namespace crossdock::worker {

/// Brings nothing anywhere: what a shadow's adapter would send ends here, and is recorded by its call.
/// Threads: any.
class ShadowCarrier final : public http::Carrier {
public:
    [[nodiscard]] http::HttpResult send(const http::HttpExchange& exchange, const http::ExchangeLimits& limits) override;
    [[nodiscard]] http::SmtpResult submit(const http::SmtpExchange& exchange, const http::ExchangeLimits& limits) override;

    /// Instead of a token that a shadow may not fetch: one that is good for nothing, so that the order's own request can be built
    /// (RFC 6749, section 5.1).
    [[nodiscard]] static http::HttpResult token();
};

}  // namespace crossdock::worker
