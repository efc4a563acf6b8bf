#include "shadow_carrier.hpp"

namespace crossdock::worker {
namespace {

constexpr const char* why = "a shadow sends nothing: this was recorded instead";

}  // namespace

http::HttpResult ShadowCarrier::send(const http::HttpExchange& /*exchange*/, const http::ExchangeLimits& /*limits*/) {
    http::HttpResult result;
    result.reason = why;
    return result;
}

http::SmtpResult ShadowCarrier::submit(const http::SmtpExchange& /*exchange*/, const http::ExchangeLimits& /*limits*/) {
    http::SmtpResult result;
    result.reason = why;
    return result;
}

http::HttpResult ShadowCarrier::token() {
    http::HttpResult result;
    result.transport = http::Transport::answered;
    result.status = 200;
    result.headers = {{"Content-Type", "application/json"}};
    result.body = R"({"access_token":"no-token-for-a-shadow","token_type":"Bearer","expires_in":3600})";
    return result;
}

}  // namespace crossdock::worker
