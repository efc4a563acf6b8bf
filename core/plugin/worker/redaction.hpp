#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crossdock::worker {

/// Blots secrets out of texts that people read.
/// Threads: any, once made.
class Redaction {
public:
    Redaction() = default;
    /// Longest first. Values shorter than four bytes are left alone: blotting them would garble every text and hide nothing.
    explicit Redaction(std::vector<std::string> secrets);
    [[nodiscard]] std::string operator()(std::string_view text) const;

private:
    std::vector<std::string> secrets_;
};

}  // namespace crossdock::worker
