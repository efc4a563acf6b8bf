#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::sandbox {

/// A mail as SMTP carried it: dots unstuffed, lines ended by CRLF.
struct ReceivedMail {
    std::string from;
    std::vector<std::string> to;
    std::string content;
};

struct SmtpLimits {
    std::size_t message_max = 10 << 20;
    std::size_t line_max = 1000;  ///< with CRLF
    std::size_t recipients_max = 100;
};

/// The server's side of one SMTP conversation (RFC 5321), driven line by line, without I/O.
///
/// Whoever drives it sends `greeting`, hands each line to `line`, sends what comes back; when `mail` is there, stores it and
/// sends what `stored` gives. Threads: not thread-safe; one object per connection.
class SmtpSession {
public:
    explicit SmtpSession(SmtpLimits limits) : limits_(limits) {}

    struct Step {
        std::string reply = {};  ///< with CRLF; empty: nothing to say
        std::optional<ReceivedMail> mail = {};
        bool close = false;
    };

    [[nodiscard]] static std::string greeting();
    /// One line without its CRLF. `whole` is false for a line above the limit, of which only a part is given.
    [[nodiscard]] Step line(std::string_view text, bool whole = true);
    /// What to say about the mail that the last step gave: 250, or the code it is refused with.
    [[nodiscard]] static std::string stored(int code = 250);

private:
    Step command(std::string_view text);
    Step mail_from(std::string_view argument);
    Step recipient(std::string_view argument);
    Step data_line(std::string_view text, bool whole);
    void reset();

    SmtpLimits limits_;
    bool greeted_ = false;
    bool in_data_ = false;
    bool has_sender_ = false;
    bool too_large_ = false;
    bool line_too_long_ = false;
    ReceivedMail mail_;
};

}  // namespace crossdock::sandbox
