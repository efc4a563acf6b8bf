#include "check/trouble.hpp"

#include <algorithm>

namespace crossdock::check {

const TroubleInfo& info(Trouble trouble) {
    return *std::find_if(troubles.begin(), troubles.end(), [&](const TroubleInfo& one) { return one.trouble == trouble; });
}

bool leaves_no_answer(Trouble trouble) {
    switch (trouble) {
        case Trouble::slow_drip:
        case Trouble::silence:
        case Trouble::cut_fresh:
        case Trouble::cut_reused:
        case Trouble::huge:
        case Trouble::untrusted_tls:
        case Trouble::nobody_listens: return true;
        default: return false;
    }
}

bool spoils_body(Trouble trouble) {
    switch (trouble) {
        case Trouble::error_500:
        case Trouble::busy_429:
        case Trouble::malformed:
        case Trouble::wrong_type:
        case Trouble::empty_body:
        case Trouble::empty_object: return true;
        default: return false;
    }
}

}  // namespace crossdock::check
