#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <string>

namespace crossdock::check {

/// Makes bad documents of good ones; the same seed makes the same ones on every machine (SplitMix64, Steele et al. 2014).
/// Pure. Threads: not thread-safe.
class Mutator {
public:
    explicit Mutator(std::uint64_t seed) : state_(seed) {}

    /// A document with one to three of its values removed, replaced or doubled, or its bytes changed.
    [[nodiscard]] std::string document(const std::string& good);
    /// Uniform in [0, bound). Requires bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

private:
    [[nodiscard]] std::uint64_t next();
    void change_value(Json& root);
    [[nodiscard]] std::string change_bytes(std::string text);

    std::uint64_t state_;
};

}  // namespace crossdock::check
