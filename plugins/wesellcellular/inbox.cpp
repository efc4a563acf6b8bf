#include "inbox.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <utility>

namespace wesellcellular {
namespace {

int number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) { value = value * 10 + (text[i] - '0'); }
    return value;
}

bool has_shape(std::string_view text, std::string_view shape) {
    if (text.size() < shape.size()) { return false; }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != shape[i]) { return false; }
    }
    return true;
}

}  // namespace

bool is_rfc3339(std::string_view text) {
    constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    if (!has_shape(text, shape)) { return false; }
    const int year = number_at(text, 0, 4);
    const int month = number_at(text, 5, 2);
    const int day = number_at(text, 8, 2);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1) { return false; }
    if (day > days.at(static_cast<std::size_t>(month - 1)) + (month == 2 && leap ? 1 : 0)) { return false; }
    if (number_at(text, 11, 2) > 23 || number_at(text, 14, 2) > 59 || number_at(text, 17, 2) > 59) { return false; }
    text.remove_prefix(shape.size());
    if (text.size() > 1 && text.front() == '.') {
        const auto end = text.find_first_not_of("0123456789", 1);
        if (end == 1 || end == std::string_view::npos || end > 10) { return false; }
        text.remove_prefix(end);
    }
    if (text == "Z") { return true; }
    const bool offset = text.size() == 6 && (has_shape(text, "+dd:dd") || has_shape(text, "-dd:dd"));
    return offset && number_at(text, 1, 2) <= 23 && number_at(text, 4, 2) <= 59;
}

Columns confirmation_columns(std::string_view setting) {
    return {setting, "confirmation_columns", {"reference", "id", "status", "time", "reason"}, {"reference", "id"}};
}

Columns shipment_columns(std::string_view setting) {
    return {setting, "shipment_columns", {"reference", "id", "status", "time", "tracking", "carrier"}, {"reference", "tracking"}};
}

std::vector<Said> said_in(std::string_view content, const std::string& file, const Columns& columns, const std::string& end_mark,
                          bool shipments, std::string& trouble) {
    std::vector<Said> all;
    try {
        Table table(content, file, columns);
        table.expect_end(end_mark);
        while (const auto row = table.next()) {
            Said said{.reference = row->text("reference"),
                      .id = row->text("id"),
                      .status = row->text("status"),
                      .time = row->text("time"),
                      .reason = row->text("reason"),
                      .tracking = row->text("tracking"),
                      .carrier = row->text("carrier"),
                      .place = file + ":" + std::to_string(row->line),
                      .shipment = shipments};
            if (said.reference.empty() && said.id.empty()) { throw CsvError(file, row->line, "the row names no order"); }
            if (said.status.empty()) { said.status = shipments ? "shipped" : "confirmed"; }
            if (!is_rfc3339(said.time)) { said.time.clear(); }
            all.push_back(std::move(said));
        }
    } catch (const CsvError& error) { trouble = error.what(); }
    return all;
}

Inbox::File Inbox::parsed(const std::string& name, std::string_view content, bool shipments) const {
    File file;
    const auto& columns = shipments ? settings_.shipment_columns : settings_.confirmation_columns;
    file.said = said_in(content, name, columns, settings_.end_mark, shipments, file.trouble);
    for (std::size_t i = 0; i < file.said.size(); ++i) {
        const auto& said = file.said[i];
        if (!said.reference.empty()) { file.by_reference.emplace(said.reference, i); }
        if (!said.id.empty()) { file.by_id.emplace(said.id, i); }
    }
    return file;
}

std::shared_ptr<const Inbox::File> Inbox::current(const std::string& name, bool shipments, std::int64_t now_utc_ms,
                                                  std::string& trouble) {
    const auto path = settings_.folder / name;
    const auto key = (shipments ? "s/" : "c/") + name;
    const auto known = files_.find(key);
    const auto kept = known == files_.end() ? nullptr : known->second;
    const auto mark = mark_of(path);
    if (!mark) {
        if (kept) { files_.erase(key); }
        return nullptr;
    }
    if (kept && kept->mark == *mark) {
        trouble = kept->trouble;
        return kept;
    }
    try {
        FileMark read;
        const auto content = read_whole(path, now_utc_ms, settings_.quiet_ms, read);
        if (!content) { return nullptr; }
        auto file = parsed(name, *content, shipments);
        file.mark = read;
        trouble = file.trouble;
        return files_[key] = std::make_shared<const File>(std::move(file));
    } catch (const NotWhole& error) {
        trouble = error.what();
        // What it said before was said.
        return kept;
    }
}

About Inbox::about(const std::string& reference, const std::string& id, std::int64_t now_utc_ms) {
    const std::scoped_lock lock(mutex_);
    About about;
    for (const bool shipments : {false, true}) {
        for (const auto& name : names_in(settings_.folder, shipments ? settings_.shipments : settings_.confirmations)) {
            std::string trouble;
            const auto file = current(name, shipments, now_utc_ms, trouble);
            if (!trouble.empty()) { about.troubles.push_back(std::move(trouble)); }
            if (!file) { continue; }
            std::set<std::size_t> rows;
            for (auto [at, end] = file->by_reference.equal_range(reference); at != end; ++at) { rows.insert(at->second); }
            if (!id.empty()) {
                for (auto [at, end] = file->by_id.equal_range(id); at != end; ++at) {
                    const auto& named = file->said[at->second].reference;
                    if (named.empty() || named == reference) { rows.insert(at->second); }
                }
            }
            for (const auto row : rows) { about.said.push_back(file->said[row]); }
        }
    }
    return about;
}

}  // namespace wesellcellular
