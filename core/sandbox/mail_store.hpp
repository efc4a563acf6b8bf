#pragma once

#include "base/result.hpp"
#include "sandbox/smtp_session.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::sandbox {

/// Mails as files: `NNNNNN.eml`, counted up from 000001 across restarts. Each begins with X-Envelope-From and X-Envelope-To
/// lines. Threads: one.
class MailStore {
public:
    /// Makes the folder. Errors: it cannot be made or read.
    [[nodiscard]] static Result<MailStore> open(const std::filesystem::path& folder);
    /// Returns once the mail is on disk. Errors: it is not.
    [[nodiscard]] Result<std::filesystem::path> add(const ReceivedMail& mail);
    [[nodiscard]] std::size_t last_number() const { return last_; }

private:
    MailStore(std::filesystem::path folder, std::size_t last) : folder_(std::move(folder)), last_(last) {}
    std::filesystem::path folder_;
    std::size_t last_ = 0;
};

/// A stored mail as a reader sees it. Texts are UTF-8, transfer encodings (RFC 2045) and encoded words (RFC 2047) undone.
struct StoredMail {
    std::filesystem::path file;
    std::size_t number = 0;
    std::string envelope_from;
    std::vector<std::string> envelope_to;
    std::string message_id;  ///< with its angle brackets
    std::string from;
    std::string to;
    std::string subject;
    std::string text;                                          ///< the first text/plain part
    std::string html;                                          ///< the first text/html part
    std::vector<std::pair<std::string, std::string>> headers;  ///< of the message, unfolded, as sent

    /// The first header of that name, whatever its case; empty when there is none.
    [[nodiscard]] std::string header(std::string_view name) const;
};

/// Takes a stored mail's file apart; what is broken stays as it is.
[[nodiscard]] StoredMail parse_mail(std::string_view content);

/// The mails of a sink's folder (the sink's data folder, or its `mails`), oldest first. A folder that is not there holds none.
[[nodiscard]] std::vector<StoredMail> read_mails(const std::filesystem::path& folder);

}  // namespace crossdock::sandbox
