#include "expr/mail_template.hpp"

#include "expr/mustache.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

namespace crossdock::expr {
namespace {

constexpr std::string_view subject_mark = "Subject: ";
constexpr std::string_view text_mark = "--- text";
constexpr std::string_view html_mark = "--- html";
constexpr std::string_view suffix = ".mustache";
constexpr std::size_t template_max = 256 << 10;
/// Whatever has no template in another one has it in this.
constexpr const char* last_language = "en";

std::string place(const std::string& file, std::size_t line, std::size_t column = 1) {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

/// A part's own "line:column", moved to where the part stands in its file.
Fault moved(const Fault& fault, const std::string& file, std::size_t first_line, std::size_t first_column) {
    std::size_t line = 1;
    std::size_t column = 1;
    const char* const end = fault.where.data() + fault.where.size();
    const auto colon = std::from_chars(fault.where.data(), end, line).ptr;
    if (colon != end) { std::from_chars(colon + 1, end, column); }
    return Fault{fault.what, place(file, first_line + line - 1, line == 1 ? first_column + column - 1 : column)};
}

struct Line {
    std::size_t number = 0;
    std::size_t begin = 0;  ///< offset of the line
    std::size_t next = 0;   ///< offset behind its end
    std::string_view text;  ///< without its end
};

std::vector<Line> lines_of(std::string_view text) {
    std::vector<Line> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.ends_with('\r')) { line.remove_suffix(1); }
        lines.push_back({lines.size() + 1, at, std::min(end + 1, text.size()), line});
        at = end + 1;
    }
    return lines;
}

/// One line without control characters, whatever the data held: a subject must never end its header.
std::string one_line(const std::string& text) {
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool blank = byte <= 0x20 || byte == 0x7F;
        if (!blank) { line += c; }
        else if (!line.empty() && line.back() != ' ') { line += ' '; }
    }
    while (line.ends_with(' ')) { line.pop_back(); }
    return line;
}

}  // namespace

Result<MailTemplate> parse_mail_template(std::string_view text, const std::string& file) {
    if (!is_utf8(text)) { return Fault{"this is no valid UTF-8", place(file, 1)}; }
    const auto lines = lines_of(text);
    if (lines.empty() || !lines.front().text.starts_with(subject_mark)) {
        return Fault{"a mail template begins with a line `Subject: ...`", place(file, 1)};
    }
    const auto at = [&](std::string_view mark) {
        return std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line.text == mark; });
    };
    const auto text_line = at(text_mark);
    const auto html_line = at(html_mark);
    if (text_line == lines.end()) { return Fault{"the line `--- text` is missing", place(file, lines.size())}; }
    if (html_line == lines.end() || html_line < text_line) {
        return Fault{"the line `--- html` is missing behind the text", place(file, lines.size())};
    }
    for (auto line = lines.begin() + 1; line != text_line; ++line) {
        if (!line->text.empty()) {
            return Fault{"only blank lines stand between `Subject:` and `--- text`", place(file, line->number)};
        }
    }
    MailTemplate made{file,
                      std::string(lines.front().text.substr(subject_mark.size())),
                      std::string(text.substr(text_line->next, html_line->begin - text_line->next)),
                      std::string(text.substr(html_line->next)),
                      text_line->number + 1,
                      html_line->number + 1};
    if (const auto good = check_template(made.subject); !good) { return moved(good.error(), file, 1, subject_mark.size() + 1); }
    if (const auto good = check_template(made.text); !good) { return moved(good.error(), file, text_line->number + 1, 1); }
    if (const auto good = check_template(made.html); !good) { return moved(good.error(), file, html_line->number + 1, 1); }
    return made;
}

Result<RenderedMail> render_mail(const MailTemplate& mail, const Json& data) {
    const auto subject = render(mail.subject, data, false);
    if (!subject) { return Fault{subject.error().what, mail.file}; }
    auto text = render(mail.text, data, false);
    if (!text) { return Fault{text.error().what, mail.file}; }
    auto html = render(mail.html, data, true);
    if (!html) { return Fault{html.error().what, mail.file}; }
    return RenderedMail{one_line(*subject), std::move(*text), std::move(*html)};
}

Result<MailTemplates> MailTemplates::load(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        if (entry->path().filename().string().ends_with(suffix)) { files.push_back(entry->path()); }
    }
    if (error) { return Fault{"the folder of mail templates cannot be read: " + error.message(), folder.string()}; }
    std::sort(files.begin(), files.end());
    MailTemplates made;
    made.folder_ = folder;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        std::string text(template_max + 1, '\0');
        in.read(text.data(), static_cast<std::streamsize>(text.size()));
        if (in.bad() || (!in && !in.eof())) { return Fault{"cannot be read", place(file.string(), 1)}; }
        text.resize(static_cast<std::size_t>(in.gcount()));
        if (text.size() > template_max) {
            return Fault{"longer than " + std::to_string(template_max) + " bytes", place(file.string(), 1)};
        }
        auto parsed = parse_mail_template(text, file.string());
        if (!parsed) { return parsed.error(); }
        std::string name = file.filename().string();
        name.resize(name.size() - suffix.size());
        made.by_name_.emplace(std::move(name), std::move(*parsed));
    }
    return made;
}

Result<RenderedMail> MailTemplates::render(const std::string& name, const Json& data) const {
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) { return Fault{"there is no mail template " + name + std::string(suffix), folder_.string()}; }
    return render_mail(at->second, data);
}

Result<MailLanguages> MailLanguages::load(const std::filesystem::path& folder) {
    std::error_code error;
    MailLanguages made;
    std::vector<std::filesystem::path> languages;
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        if (entry->is_directory() && !entry->path().filename().string().starts_with('.')) { languages.push_back(entry->path()); }
    }
    if (error) { return Fault{"the folder of mail templates cannot be read: " + error.message(), folder.string()}; }
    std::sort(languages.begin(), languages.end());
    for (const auto& path : languages) {
        auto templates = MailTemplates::load(path);
        if (!templates) { return templates.error(); }
        made.by_language_.emplace(path.filename().string(), std::move(*templates));
    }
    if (!made.by_language_.contains(last_language)) {
        return Fault{"there is no folder `en` here; its mails are those of every language that has none of its own",
                     folder.string()};
    }
    return made;
}

std::optional<std::string> MailLanguages::language_of(const std::string& name, const std::string& language) const {
    for (const auto& candidate : {language, language.substr(0, language.find('-')), std::string(last_language)}) {
        const auto at = by_language_.find(candidate);
        if (at != by_language_.end() && at->second.all().contains(name)) { return candidate; }
    }
    return {};
}

Result<RenderedMail> MailLanguages::render(const std::string& name, const std::string& language, const Json& data) const {
    return by_language_.at(language_of(name, language).value_or(last_language)).render(name, data);
}

}  // namespace crossdock::expr
