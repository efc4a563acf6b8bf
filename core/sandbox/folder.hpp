#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace crossdock::sandbox {

/// Makes the folder and takes its lock file for as long as the descriptor lives.
/// Errors: cannot be made; another process holds it.
[[nodiscard]] Result<UniqueFd> claim_folder(const std::filesystem::path& folder);

/// Makes a file durable under its name: written beside it, synced, renamed, the folder synced.
[[nodiscard]] Result<void> write_durably(const std::filesystem::path& file, std::string_view content);

/// A file's content. Errors: it cannot be read.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file);
/// The same of an open file, from where it stands; `file` is for messages.
[[nodiscard]] Result<std::string> read_all(int fd, const std::filesystem::path& file);

/// Writes all bytes; false with errno set otherwise.
[[nodiscard]] bool write_all(int fd, std::string_view bytes);
/// Syncs a folder's entries; false with errno set otherwise.
[[nodiscard]] bool sync_folder(const std::filesystem::path& folder);

/// Tells starters that need not poll: writes the port to `<folder>/port`, and "PORT\n" to `ready_fd` when that is one.
[[nodiscard]] Result<void> announce(const std::filesystem::path& folder, std::uint16_t port, int ready_fd);

}  // namespace crossdock::sandbox
