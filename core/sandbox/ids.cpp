#include "sandbox/ids.hpp"

#include <algorithm>
#include <utility>

namespace crossdock::sandbox {
namespace {

/// Adds `count` to a run of decimal digits of any length.
std::string raised(std::string digits, std::size_t count) {
    for (auto at = digits.rbegin(); at != digits.rend() && count > 0; ++at) {
        const std::size_t sum = static_cast<std::size_t>(*at - '0') + count;
        *at = static_cast<char>('0' + sum % 10);
        count = sum / 10;
    }
    return count > 0 ? std::to_string(count) + digits : digits;
}

std::string counted_up(const std::string& id, std::size_t by) {
    const auto last = id.find_last_of("0123456789");
    if (last == std::string::npos) { return id + "-" + std::to_string(by + 1); }
    const auto before = id.find_last_not_of("0123456789", last);
    const auto first = before == std::string::npos ? 0 : before + 1;
    return id.substr(0, first) + raised(id.substr(first, last + 1 - first), by) + id.substr(last + 1);
}

}  // namespace

std::string next_id(const std::string& id) {
    return counted_up(id, 1);
}

std::string nth_id(const std::vector<std::string>& list, std::size_t n) {
    return n < list.size() ? list[n] : counted_up(list.back(), n + 1 - list.size());
}

}  // namespace crossdock::sandbox
