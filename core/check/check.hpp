#pragma once

#include "base/result.hpp"
#include "check/report.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace crossdock::check {

struct Options {
    std::filesystem::path library;
    std::optional<std::filesystem::path> cassettes =
        {};  ///< else the folders where the scaffold and the SDK's own plugins have them
    std::uint64_t seed = 1;
    std::vector<std::string> only = {};  ///< names of cases, or their beginnings up to a dot; empty: all
    milliseconds patience{10'000};       ///< for one call
    milliseconds case_patience{120'000};
    std::string interface = {};  ///< "crossdock.channel/1"; empty: the first that the plugin has
};

/// Tries a plugin against its contract: each case in worker processes of its own, against a hostile sandbox on 127.0.0.1 that
/// speaks what the plugin's cassettes recorded.
///
/// Threads: one, the process's main thread; blocks. Errors: no such library, no such case, cassettes that cannot be read.
/// A plugin that does not load is no error but a failed case.
[[nodiscard]] Result<Report> run(const Options& options, const std::function<void(const CaseReport&, std::size_t of)>& on_case);

/// The cases that `run` would run: their names and titles.
[[nodiscard]] Result<std::vector<CaseReport>> list(const Options& options);

}  // namespace crossdock::check
