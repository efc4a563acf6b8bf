#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crossdock {

/// Bytes of a stream as they come, for whoever takes whole messages from their front.
class StreamBuffer {
public:
    void feed(std::string_view bytes) {
        if (at_ > 0 && at_ * 2 >= bytes_.size()) {
            bytes_.erase(0, at_);
            at_ = 0;
        }
        bytes_ += bytes;
    }
    /// What has not been dropped; valid until `feed`.
    [[nodiscard]] std::string_view waiting() const { return std::string_view(bytes_).substr(at_); }
    /// Requires that many waiting.
    void drop(std::size_t bytes) { at_ += bytes; }

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

}  // namespace crossdock
