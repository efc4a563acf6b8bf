#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::worker {

/// Blots secrets out of texts that people read.
/// Threads: any, once made.
class Redaction {
public:
    Redaction() : Redaction(std::vector<std::string>()) {}
    /// Longest first. Values shorter than four bytes are left alone: blotting them would garble every text and hide nothing.
    explicit Redaction(std::vector<std::string> secrets);
    /// From now on this one, too: an access token, which nobody knew before it was fetched. The last few are kept.
    void learn(std::string name, std::string secret);
    /// Name and secret of each that was learned.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> learned() const;
    [[nodiscard]] std::string operator()(std::string_view text) const;

private:
    struct Secrets {
        std::mutex mutex;
        std::vector<std::string> given;
        std::vector<std::pair<std::string, std::string>> learned;
    };
    std::shared_ptr<Secrets> secrets_;
};

}  // namespace crossdock::worker
