#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "model/rate_limit.hpp"

#include <string>
#include <utility>
#include <vector>

namespace crossdock::api {

/// An answer of RFC 9457. `type` is stable: "https://crossdock.example/problems/" and the name given here.
[[nodiscard]] http::Response problem(int status, const std::string& name, const std::string& title, const std::string& detail,
                                     const std::vector<std::pair<std::string, std::string>>& errors = {});

/// 405; `allowed` as in the header Allow.
[[nodiscard]] http::Response method_not_allowed(const std::string& allowed);

/// 403: a key that is bound to a customer asks for what concerns all of them.
[[nodiscard]] http::Response bound_key();

/// 422 with `errors`: pointer and message of each field.
[[nodiscard]] http::Response field_problem(const std::string& title,
                                           const std::vector<std::pair<std::string, std::string>>& errors);

[[nodiscard]] http::Response json_answer(int status, std::string body);

/// 429 with Retry-After: the caller asks too often. Nothing was taken. `detail` is a sentence: whose requests, and what to do.
[[nodiscard]] http::Response too_many(const model::RateVerdict& verdict, const std::string& detail);

/// 503 with Retry-After: it could not be taken; nothing was half-accepted.
[[nodiscard]] http::Response unavailable(const std::string& detail);
/// The same for what a queue or the store refused: names the queue when one is full. `next` is a sentence: what to do.
[[nodiscard]] http::Response unavailable(const Fault& fault, const std::string& next);

/// The same for a person's browser, which asks again by itself.
[[nodiscard]] http::Response waiting_page(const std::string& detail);

}  // namespace crossdock::api
