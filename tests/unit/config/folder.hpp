#pragma once

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

/// A folder of one test, gone with it; plugins in it are empty files, for they are looked for and not loaded.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "crossdock-config-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = std::filesystem::canonical(name);
        std::filesystem::create_directories(path_ / "pipelines");
        std::filesystem::create_directories(path_ / "templates");
        write("plugins/libphonex.so", "");
        write("plugins/libemail.so", "");
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    void write(const std::string& file, std::string_view text) const {
        std::filesystem::create_directories((path_ / file).parent_path());
        std::ofstream(path_ / file, std::ios::binary) << text;
    }
    [[nodiscard]] std::filesystem::path operator/(const std::string& file) const { return path_ / file; }
    [[nodiscard]] std::string text() const { return path_.string(); }

private:
    std::filesystem::path path_;
};
