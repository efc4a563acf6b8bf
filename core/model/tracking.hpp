#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crossdock::model {

enum class Carrier { ups, fedex, usps };

/// "ups", "fedex", "usps": what is stored.
[[nodiscard]] std::string_view name(Carrier carrier);
/// "UPS", "FedEx", "USPS": what people read.
[[nodiscard]] std::string_view shown(Carrier carrier);
/// The carrier that a supplier means: "UPS", "FedEx Ground", "U.S. Postal Service". Nothing: none that is known here.
[[nodiscard]] std::optional<Carrier> carrier_named(std::string_view words);

/// What a tracking number says by itself.
struct Tracking {
    std::optional<Carrier> carrier = {};  ///< by the number's shape, else by the supplier's hint
    bool verified = false;                ///< its check digit is right
    std::string link = {};                ///< https, the number percent-encoded; empty unless verified
    std::string flag = {};                ///< what is wrong with it, for people; empty: nothing that could be seen
};

/// Reads a tracking number: case, blanks and hyphens do not matter. `hint` is the carrier in the supplier's words, or one of the
/// names above; a number that has another carrier's shape and check digit is that carrier's whatever the hint says.
///
/// - UPS: `1Z`, 15 of A-Z and 0-9, a check digit: letters count (position in the alphabet + 1) mod 10, every second one double,
/// mod 10.
/// - FedEx: 12 digits, weights 3 1 7 from the left, mod 11 (10 is 0); 15 digits, and the last 15 of 22 that begin with 96, GS1
/// mod
///   10; the last 12 of 34 that begin with 96 as those of 12.
/// - USPS: 20 digits, and 22 that begin with 91 to 95, GS1 mod 10, also behind 420 and a ZIP code of 5 or 9 digits (USPS
///   Publication 199); two letters, 8 digits, a check digit, `US` (UPU S10): weights 8 6 4 2 3 5 9 7, 11 - mod 11 (10 is 0, 11 is
///   5).
///
/// Source of UPS's and FedEx's rules, which neither publishes, and of most vectors in the tests: the collection
/// https://github.com/jkeen/tracking_number_data.
///
/// Pure. Errors: none; a number of an unknown shape has neither carrier nor flag, unless the hint names a carrier.
[[nodiscard]] Tracking tracking(std::string_view number, std::string_view hint = {});

}  // namespace crossdock::model
