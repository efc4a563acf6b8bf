#include "columns.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace wesellcellular {
namespace {

std::string lower(std::string_view text) {
    std::string made(text);
    for (char& c : made) {
        if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
    }
    return made;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

Columns::Columns(std::string_view setting, std::string name, const std::vector<std::string>& known,
                 std::vector<std::string> required)
    : required_(std::move(required)) {
    const auto refuse = [&name](const std::string& what) { throw std::runtime_error("the setting \"" + name + "\" " + what); };
    while (!setting.empty()) {
        const auto comma = std::min(setting.find(','), setting.size());
        const auto one = trimmed(setting.substr(0, comma));
        setting.remove_prefix(std::min(comma + 1, setting.size()));
        const auto equals = one.find('=');
        if (equals == std::string_view::npos) { refuse("takes pairs such as sku=SKU, not \"" + std::string(one) + "\""); }
        std::string word(trimmed(one.substr(0, equals)));
        std::string title(trimmed(one.substr(equals + 1)));
        const bool pointer = word.starts_with('/') && std::find(known.begin(), known.end(), "/") != known.end();
        if (!pointer && std::find(known.begin(), known.end(), word) == known.end()) {
            std::string all;
            for (const auto& each : known) { all += (all.empty() ? "" : ", ") + each; }
            refuse("does not know \"" + word + "\"; it has " + all);
        }
        if (title.empty()) { refuse("gives \"" + word + "\" no column"); }
        if (std::any_of(titles_.begin(), titles_.end(), [&](const auto& pair) { return pair.first == word; })) {
            refuse("has \"" + word + "\" twice");
        }
        titles_.emplace_back(std::move(word), std::move(title));
    }
    for (const auto& word : required_) {
        if (std::none_of(titles_.begin(), titles_.end(), [&](const auto& pair) { return pair.first == word; })) {
            refuse("must say which column is \"" + word + "\"");
        }
    }
}

std::string Table::Row::text(std::string_view word) const {
    const auto at = places->find(word);
    return at == places->end() ? std::string() : std::string(trimmed(fields.at(at->second)));
}

Table::Table(std::string_view text, const std::string& file, const Columns& columns) : reader_(text, file), file_(file) {
    const auto first = reader_.next();
    if (!first) { throw CsvError(file, 1, "the file is empty; its first row names the columns"); }
    if (!first->ended) { throw CsvError(file, first->line, "the file ends within its first row"); }
    width_ = first->fields.size();
    std::map<std::string, std::size_t> there;
    for (std::size_t i = 0; i < width_; ++i) {
        const auto title = lower(trimmed(first->fields[i]));
        if (!title.empty() && !there.emplace(title, i).second) {
            throw CsvError(file, first->line, "two columns are called \"" + std::string(trimmed(first->fields[i])) + "\"");
        }
    }
    for (const auto& [word, title] : columns.titles()) {
        if (const auto at = there.find(lower(title)); at != there.end()) { places_.emplace(word, at->second); }
    }
    for (const auto& word : columns.required()) {
        if (places_.contains(word)) { continue; }
        for (const auto& [ours, title] : columns.titles()) {
            if (ours == word) { throw CsvError(file, first->line, "there is no column \"" + title + "\""); }
        }
    }
}

std::optional<Table::Row> Table::end_at(const CsvRow& row) {
    if (row.fields.size() > 1 && !trimmed(row.fields[1]).empty()) {
        const auto written = trimmed(row.fields[1]);
        std::size_t count = 0;
        const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), count);
        if (error != std::errc{} || end != written.data() + written.size() || count != rows_) {
            throw CsvError(file_, row.line,
                           "the end mark counts " + std::string(written) + " rows, and there are " + std::to_string(rows_));
        }
    }
    if (const auto more = reader_.next()) { throw CsvError(file_, more->line, "a row behind the end mark"); }
    return {};
}

std::optional<Table::Row> Table::next() {
    auto row = reader_.next();
    if (!row) {
        if (!mark_.empty()) { throw CsvError(file_, 1, "the file lacks its end mark " + mark_ + ": it is not whole"); }
        return {};
    }
    if (!mark_.empty() && trimmed(row->fields.front()) == mark_) { return end_at(*row); }
    if (!row->ended) { throw CsvError(file_, row->line, "the last row has no line end: the file was cut, or is being written"); }
    if (row->fields.size() != width_) {
        throw CsvError(file_, row->line,
                       std::to_string(row->fields.size()) + " fields, and the first row has " + std::to_string(width_));
    }
    ++rows_;
    return Row{row->line, &places_, std::move(row->fields)};
}

}  // namespace wesellcellular
