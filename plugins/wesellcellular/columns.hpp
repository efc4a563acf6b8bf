#pragma once

#include "csv.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wesellcellular {

/// Which column of a file says what, from a setting such as "sku=SKU, quantity=Stock": our word, then the column's title. Titles
/// are compared without regard to case and to blanks around them.
class Columns {
public:
    /// `known` are our words; "/" among them: JSON pointers, too. Those in `required` must stand in the file's first row.
    /// Errors: std::runtime_error: no such word, a word twice, no "=".
    Columns(std::string_view setting, std::string name, const std::vector<std::string>& known, std::vector<std::string> required);

    [[nodiscard]] const std::vector<std::string>& required() const { return required_; }
    /// In the setting's order.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& titles() const { return titles_; }

private:
    std::vector<std::pair<std::string, std::string>> titles_;
    std::vector<std::string> required_;
};

[[nodiscard]] std::string_view trimmed(std::string_view text);

/// The rows of one file, by our words.
///
/// Errors: CsvError: a required column is missing, a title twice, a row with another number of fields than the first one, a last
/// row without a line end.
class Table {
public:
    Table(std::string_view text, const std::string& file, const Columns& columns);

    struct Row {
        std::size_t line;
        const std::map<std::string, std::size_t, std::less<>>* places;
        std::vector<std::string> fields;
        /// Without blanks around it; empty when the file has no such column.
        [[nodiscard]] std::string text(std::string_view word) const;
    };
    /// Nothing at the end.
    [[nodiscard]] std::optional<Row> next();
    /// From now on a row whose first field is `mark` ends the file: nothing may stand behind it, and a number in its second field
    /// must be the number of rows before it. Without it the file is not whole.
    void expect_end(std::string mark) { mark_ = std::move(mark); }

private:
    std::optional<Row> end_at(const CsvRow& row);

    CsvReader reader_;
    std::string file_;
    std::string mark_;
    std::map<std::string, std::size_t, std::less<>> places_;
    std::size_t width_ = 0;
    std::size_t rows_ = 0;
};

}  // namespace wesellcellular
