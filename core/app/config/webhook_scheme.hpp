#pragma once

#include "crypto/signature_scheme.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace crossdock::app {

/// The schemes that are built in, by name.
[[nodiscard]] const std::vector<crypto::SignatureScheme>& bundled_schemes();
/// Null when there is none of that name.
[[nodiscard]] const crypto::SignatureScheme* bundled_scheme(std::string_view name);

}  // namespace crossdock::app
