#pragma once

#include <array>
#include <string_view>

namespace crossdock {

/// What keeps the promises. A test switches one off, to see that it is the one that does.
struct Mechanisms {
    bool intent = true;               ///< an effect is journaled before it is tried
    bool not_after = true;            ///< nothing leaves later than its intent allows
    bool lane = true;                 ///< effects of one order are serial
    bool ledger_key = true;           ///< one message per fact, recipient, channel and template
    bool answer_after_commit = true;  ///< an order is answered when it is on disk
    bool shadow = true;               ///< what a shadow would send is recorded, and goes nowhere

    [[nodiscard]] bool operator==(const Mechanisms&) const = default;
};

struct MechanismRow {
    std::string_view name;
    bool Mechanisms::*on;
};

/// By their names in the config, `test: {without: [...]}`.
inline constexpr std::array<MechanismRow, 6> mechanism_rows{{{"intent", &Mechanisms::intent},
                                                             {"not_after", &Mechanisms::not_after},
                                                             {"lane", &Mechanisms::lane},
                                                             {"ledger_key", &Mechanisms::ledger_key},
                                                             {"answer_after_commit", &Mechanisms::answer_after_commit},
                                                             {"shadow", &Mechanisms::shadow}}};

}  // namespace crossdock
