#pragma once

#include "system/main_job.hpp"

#include <filesystem>
#include <string>

namespace crossdock::tests {

/// A shipped supplier file of a REST API, with the sandbox's dialect beside it.
struct Example {
    const char* name;
    const char* account;
    const char* endpoint;      ///< in its file
    const char* at_sandbox;    ///< behind the sandbox's address
    const char* effect_class;  ///< of create_order
    const char* first_id;      ///< what the sandbox calls its first order
    bool claims = true;        ///< its file has `operations`
};

inline constexpr Example northgate{"northgate", "northgate", "https://api.northgate.example/v2", "/v2", "lookup", "ORD845140"};
/// A number of 20 digits, which no double holds.
inline constexpr Example kontor{"kontor", "kontor", "https://www.kontor-mobil.example", "", "idempotent", "90000000000000000017"};
inline constexpr Example wesell{
    "wesellcellular-api", "wesellcellular", "https://api.wesellcellular.example", "", "lookup", "ORD845140", false};

/// Each of them; at least one.
void replace_all(std::string& text, const std::string& from, const std::string& to);

[[nodiscard]] std::string text_of(const std::filesystem::path& file);

/// A rig whose account `phonex` is that example, and whose sandbox speaks as it does.
[[nodiscard]] app::RigOptions options_for(const Example& example);

}  // namespace crossdock::tests
