#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace crossdock::support {

/// A new folder that is removed with this object.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "crossdock-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) { std::abort(); }
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace crossdock::support
