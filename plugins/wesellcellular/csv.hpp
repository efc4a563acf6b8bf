#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wesellcellular {

/// A text that is no CSV, or a row that does not say what it should. The text begins with file:line.
class CsvError : public std::runtime_error {
public:
    CsvError(const std::string& file, std::size_t line, const std::string& what)
        : std::runtime_error(file + ":" + std::to_string(line) + ": " + what) {}
};

/// What a file may hold.
struct CsvLimits {
    std::size_t field_bytes = 64U << 10U;
    std::size_t columns = 256;
    std::size_t rows = 1'000'000;
};

struct CsvRow {
    std::size_t line = 0;  ///< on which it begins, from 1
    std::vector<std::string> fields = {};
    bool ended = true;  ///< a line end stands behind it; the last row of a file that was cut has none
};

/// Reads CSV as RFC 4180 writes it, row by row: quoted fields may hold commas, line ends and doubled quotes; lines end with CR LF
/// or LF; a UTF-8 byte order mark is passed over, and so are empty lines.
///
/// Errors: CsvError: a quote inside of an unquoted field, text behind a closing quote, a quote that is never closed, NUL, a CR
/// without LF, and what is beyond the limits.
class CsvReader {
public:
    CsvReader(std::string_view text, std::string file, const CsvLimits& limits = {})
        : text_(text), file_(std::move(file)), limits_(limits) {
        constexpr std::string_view mark = "\xEF\xBB\xBF";
        if (text_.starts_with(mark)) { text_.remove_prefix(mark.size()); }
    }

    /// The next row that is not empty; nothing at the end.
    [[nodiscard]] std::optional<CsvRow> next() {
        while (at_ < text_.size()) {
            CsvRow row = read_row();
            if (row.fields.size() == 1 && row.fields.front().empty()) { continue; }
            if (++rows_ > limits_.rows) { fail(row.line, "more than " + std::to_string(limits_.rows) + " rows"); }
            return row;
        }
        return {};
    }

private:
    [[noreturn]] void fail(std::size_t line, const std::string& what) const { throw CsvError(file_, line, what); }

    CsvRow read_row() {
        CsvRow row{.line = line_};
        for (;;) {
            row.fields.push_back(at_ < text_.size() && text_[at_] == '"' ? read_quoted() : read_plain());
            if (row.fields.size() > limits_.columns) {
                fail(row.line, "more than " + std::to_string(limits_.columns) + " columns");
            }
            if (at_ == text_.size()) {
                row.ended = false;
                return row;
            }
            if (text_[at_] == ',') {
                ++at_;
                continue;
            }
            if (text_[at_] == '\r') { ++at_; }  // read_plain and read_quoted stop at a CR only when LF stands behind it
            ++at_;
            ++line_;
            return row;
        }
    }

    [[nodiscard]] bool at_line_end() const {
        return text_[at_] == '\n' || (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n');
    }

    void add(std::string& field, char c) const {
        if (c == '\0') { fail(line_, "a NUL byte"); }
        if (field.size() == limits_.field_bytes) {
            fail(line_, "a field longer than " + std::to_string(limits_.field_bytes) + " bytes");
        }
        field += c;
    }

    std::string read_plain() {
        std::string field;
        while (at_ < text_.size() && text_[at_] != ',' && !at_line_end()) {
            const char c = text_[at_++];
            if (c == '"') { fail(line_, "a quote inside of a field that does not begin with one"); }
            if (c == '\r') { fail(line_, "a carriage return without a line feed"); }
            add(field, c);
        }
        return field;
    }

    std::string read_quoted() {
        const std::size_t begins = line_;
        std::string field;
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                if (at_ == text_.size() || text_[at_] == ',' || at_line_end()) { return field; }
                if (text_[at_] != '"') { fail(line_, "text behind a closing quote"); }
            }
            else if (c == '\n') { ++line_; }
            add(field, c);
        }
        fail(begins, "a quote that is never closed");
    }

    std::string_view text_;
    std::string file_;
    CsvLimits limits_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t rows_ = 0;
};

/// A field as RFC 4180 writes it: in quotes where it must be, or where a reader might cut blanks off.
[[nodiscard]] inline std::string csv_field(std::string_view text) {
    const bool blank = !text.empty() && (text.front() == ' ' || text.back() == ' ');
    if (!blank && text.find_first_of(",\"\r\n") == std::string_view::npos) { return std::string(text); }
    std::string made = "\"";
    for (const char c : text) {
        if (c == '"') { made += '"'; }
        made += c;
    }
    return made += '"';
}

}  // namespace wesellcellular
