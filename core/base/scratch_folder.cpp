#include "base/scratch_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace crossdock {

Result<ScratchFolder> ScratchFolder::make(std::string_view purpose) {
    std::error_code error;
    const auto root = std::filesystem::temp_directory_path(error);
    if (error) { return Fault{"there is no folder for temporary files: " + error.message(), root.string(), Advice::stop}; }
    std::string made = (root / ("crossdock-" + std::string(purpose) + "-XXXXXX")).string();
    if (::mkdtemp(made.data()) == nullptr) {
        return Fault{std::string("no temporary folder can be made: ") + std::strerror(errno), root.string(), Advice::stop};
    }
    return ScratchFolder(std::filesystem::path(made));
}

ScratchFolder::~ScratchFolder() {
    if (path_.empty()) { return; }
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace crossdock
