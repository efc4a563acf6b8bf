#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace crossdock::bench {

/// What a volley of requests took.
struct Load {
    double seconds = 0;
    std::size_t good = 0;   ///< answered 2xx
    std::size_t other = 0;  ///< answered otherwise
    [[nodiscard]] double per_second() const { return static_cast<double>(good) / seconds; }
};

/// Sends whole HTTP requests over so many kept-alive connections to this machine, one after the other on each, and waits for
/// all answers. Gives up when one does not come or a connection ends.
[[nodiscard]] Load load(std::uint16_t port, const std::vector<std::string>& requests, std::size_t connections);

/// POST with a JSON body; `headers` are whole lines.
[[nodiscard]] std::string post(const std::string& target, const std::string& headers, const std::string& body);

/// A signed webhook at /api/webhooks/phonex.
[[nodiscard]] std::string webhook(const std::string& secret, const std::string& body);

/// What a process has used, its threads together.
struct Used {
    double cpu_us = 0;
    double wakeups = 0;  ///< voluntary context switches
};
[[nodiscard]] Used used(pid_t pid);

/// Parts of the bench; each prints its figures.
void measure_ingest(int runs);
void measure_forward();
void measure_commits(int seconds);

}  // namespace crossdock::bench
