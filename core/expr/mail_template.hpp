#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crossdock::expr {

/// One mail's template: three Mustache texts.
struct MailTemplate {
    std::string file;  ///< for messages
    std::string subject;
    std::string text;
    std::string html;
    std::size_t text_line = 0;  ///< where the parts begin in the file, from 1
    std::size_t html_line = 0;
};

/// A name that a template asks for.
struct MailName {
    std::string name;                   ///< as written: "sku", "status_is.on_hold"
    std::vector<std::string> sections;  ///< those that it stands in, outermost first
    std::string where;                  ///< file:line:column of the tag
};

/// All of them, in the order of the file. Requires that parse_mail_template has made it.
[[nodiscard]] std::vector<MailName> names_of(const MailTemplate& mail);

/// Whether data of this shape has what a name asks for: as Mustache looks it up, from the innermost section outward. Of a list
/// its first item stands for all; an empty object may hold anything.
[[nodiscard]] bool has_name(const Json& shape, const MailName& name);
/// The names that could stand there, innermost section first.
[[nodiscard]] std::vector<std::string> names_at(const Json& shape, const std::vector<std::string>& sections);

struct RenderedMail {
    std::string subject;  ///< one line, without control characters
    std::string text;
    std::string html;
};

/// Reads `Subject: ...`, then the sections behind the lines `--- text` and `--- html`, in this order; all three are Mustache.
/// Errors: `where` is file:line:column.
[[nodiscard]] Result<MailTemplate> parse_mail_template(std::string_view text, const std::string& file);

/// Errors: none for a template that parse_mail_template has made.
[[nodiscard]] Result<RenderedMail> render_mail(const MailTemplate& mail, const Json& data);

/// The templates of one folder, by name: `order.shipped` is order.shipped.mustache.
/// Threads: immutable once loaded.
class MailTemplates {
public:
    /// Errors: the folder cannot be read; the first template, in the order of their names, that cannot be parsed.
    [[nodiscard]] static Result<MailTemplates> load(const std::filesystem::path& folder);

    [[nodiscard]] const std::map<std::string, MailTemplate>& all() const { return by_name_; }
    /// Errors: no template of that name; the folder is named.
    [[nodiscard]] Result<RenderedMail> render(const std::string& name, const Json& data) const;

private:
    std::filesystem::path folder_;
    std::map<std::string, MailTemplate> by_name_;
};

/// The templates of a folder that has a folder for each language: `en`, `de`, `pt-BR`.
/// Threads: immutable once loaded.
class MailLanguages {
public:
    /// Errors: the folder cannot be read, it has no `en`, and what MailTemplates::load refuses.
    [[nodiscard]] static Result<MailLanguages> load(const std::filesystem::path& folder);

    [[nodiscard]] const std::map<std::string, MailTemplates>& all() const { return by_language_; }
    /// In that language, else in the one that it is a kind of (`pt` for `pt-BR`), else in English; the first that has the
    /// template. Errors: no language has it.
    [[nodiscard]] Result<RenderedMail> render(const std::string& name, const std::string& language, const Json& data) const;
    /// The language that render takes; nothing when none has the template.
    [[nodiscard]] std::optional<std::string> language_of(const std::string& name, const std::string& language) const;

private:
    std::map<std::string, MailTemplates> by_language_;
};

}  // namespace crossdock::expr
