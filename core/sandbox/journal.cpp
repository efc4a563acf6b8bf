#include "sandbox/journal.hpp"

#include "sandbox/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>
#include <cstring>
#include <utility>

namespace crossdock::sandbox {
namespace {

Fault system_fault(const std::string& what, const std::filesystem::path& where) {
    return {what + ": " + std::strerror(errno), where.string(), Advice::stop};
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& file, const std::function<void(const Json&)>& on_record) {
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd.open()) { return system_fault("cannot be opened", file); }
    const auto content = read_all(fd.get(), file);
    if (content.has_error()) { return content.error(); }
    const std::string& text = content.value();
    std::size_t begin = 0;
    int line = 1;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin), ++line) {
        const auto record = Json::parse(std::string_view(text).substr(begin, end - begin));
        if (record.has_error()) {
            return Fault{"a damaged line: " + record.error().what, file.string() + ":" + std::to_string(line), Advice::stop};
        }
        on_record(record.value());
        begin = end + 1;
    }
    const auto whole = static_cast<off_t>(begin);
    if (begin != text.size() && ::ftruncate(fd.get(), whole) != 0) { return system_fault("cannot be mended", file); }
    if (::fsync(fd.get()) != 0 || !sync_folder(file.parent_path())) { return system_fault("cannot be synced", file); }
    return Journal(std::move(fd), file, whole);
}

Result<void> Journal::append(const Json& record) {
    const std::string line = record.dump() + "\n";
    if (write_all(fd_.get(), line) && ::fdatasync(fd_.get()) == 0) {
        size_ += static_cast<off_t>(line.size());
        return {};
    }
    const Fault fault = system_fault("cannot be written", file_);
    // Half a line in the middle would damage the journal.
    if (::ftruncate(fd_.get(), size_) != 0) { return Fault{fault.what + "; nor mended", fault.where, Advice::stop}; }
    return fault;
}

}  // namespace crossdock::sandbox
