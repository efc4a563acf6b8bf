#include "sandbox/mail_store.hpp"

#include "sandbox/folder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>

namespace crossdock::sandbox {
namespace {

/// The number of "000123.eml"; nothing for other names.
std::optional<std::size_t> number_of(const std::filesystem::path& file) {
    const auto name = file.filename().string();
    const auto dot = name.find('.');
    if (dot == std::string::npos || name.substr(dot) != ".eml") { return {}; }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + dot, number);
    if (error != std::errc{} || end != name.data() + dot) { return {}; }
    return number;
}

}  // namespace

Result<MailStore> MailStore::open(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) { return Fault{"the folder cannot be made: " + error.message(), folder.string(), Advice::stop}; }
    std::size_t last = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        last = std::max(last, number_of(entry.path()).value_or(0));
    }
    if (error) { return Fault{"the folder cannot be read: " + error.message(), folder.string(), Advice::stop}; }
    return MailStore(folder, last);
}

Result<std::filesystem::path> MailStore::add(const ReceivedMail& mail) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "%06zu.eml", last_ + 1);
    std::string content = "X-Envelope-From: <" + mail.from + ">\r\n";
    for (const auto& to : mail.to) { content += "X-Envelope-To: <" + to + ">\r\n"; }
    content += mail.content;
    const auto file = folder_ / name.data();
    if (auto written = write_durably(file, content); written.has_error()) { return written.error(); }
    ++last_;
    return {boost::system::in_place_value, file};
}

std::vector<StoredMail> read_mails(const std::filesystem::path& folder) {
    std::error_code error;
    const auto inner = folder / "mails";
    const auto& place = std::filesystem::is_directory(inner, error) ? inner : folder;
    std::vector<std::pair<std::size_t, std::filesystem::path>> files;
    for (const auto& entry : std::filesystem::directory_iterator(place, error)) {
        if (const auto number = number_of(entry.path())) { files.emplace_back(*number, entry.path()); }
    }
    std::sort(files.begin(), files.end());
    std::vector<StoredMail> mails;
    for (const auto& [number, file] : files) {
        const auto content = read_file(file);
        if (content.has_error()) { continue; }
        mails.push_back(parse_mail(content.value()));
        mails.back().file = file;
        mails.back().number = number;
    }
    return mails;
}

}  // namespace crossdock::sandbox
