#pragma once

#include "columns.hpp"
#include "files.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace wesellcellular {

/// One row of a confirmations or shipments file.
struct Said {
    std::string reference;  ///< ours; may be empty when the row names the supplier's id
    std::string id;         ///< the supplier's own
    std::string status;     ///< the supplier's word; where the row has none: confirmed or shipped
    std::string time;       ///< RFC 3339; empty: none, or none that can be read without guessing
    std::string reason;
    std::string tracking;
    std::string carrier;
    std::string place;  ///< "confirmations-0001.csv:3"
    bool shipment = false;
};

/// What the files say now of one order, and why some could not be read to their end.
struct About {
    std::vector<Said> said;  ///< by file name and line
    std::vector<std::string> troubles;
};

struct InboxSettings {
    std::filesystem::path folder;
    std::string confirmations;  ///< patterns of file names
    std::string shipments;
    Columns confirmation_columns;
    Columns shipment_columns;
    std::string end_mark;
    std::int64_t quiet_ms = 0;
};

[[nodiscard]] Columns confirmation_columns(std::string_view setting);
[[nodiscard]] Columns shipment_columns(std::string_view setting);

/// What one file says, row by row, as far as it can be read; `trouble` then says why not further.
[[nodiscard]] std::vector<Said> said_in(std::string_view content, const std::string& file, const Columns& columns,
                                        const std::string& end_mark, bool shipments, std::string& trouble);

/// Reads confirmations and shipments out of a folder that the supplier writes. A file is parsed once as long as it stands
/// unchanged.
///
/// What a file that turns out to be cut, damaged or just being written says up to there is taken; its last row only with its line
/// end. That an order stands nowhere counts only where there was no trouble.
///
/// Threads: any.
class Inbox {
public:
    explicit Inbox(InboxSettings settings) : settings_(std::move(settings)) {}

    /// By our reference, and by the supplier's id when it is known. Errors: std::runtime_error: the folder cannot be read.
    [[nodiscard]] About about(const std::string& reference, const std::string& id, std::int64_t now_utc_ms);

private:
    struct File {
        FileMark mark;
        std::vector<Said> said;
        std::multimap<std::string, std::size_t> by_reference;
        std::multimap<std::string, std::size_t> by_id;
        std::string trouble;
    };

    [[nodiscard]] std::shared_ptr<const File> current(const std::string& name, bool shipments, std::int64_t now_utc_ms,
                                                      std::string& trouble);
    [[nodiscard]] File parsed(const std::string& name, std::string_view content, bool shipments) const;

    InboxSettings settings_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const File>> files_;
};

/// "2025-10-30T18:06:39Z", with or without fractions, or with an offset; a day and an hour that exist.
[[nodiscard]] bool is_rfc3339(std::string_view text);

}  // namespace wesellcellular
