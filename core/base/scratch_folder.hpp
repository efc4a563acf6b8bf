#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

namespace crossdock {

/// A new folder (0700) below the system's one for temporary files, removed with this object.
class ScratchFolder {
public:
    /// Errors: none can be made there.
    [[nodiscard]] static Result<ScratchFolder> make(std::string_view purpose);

    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_;
};

}  // namespace crossdock
