#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace crossdock::expr {

/// One mail's template: three Mustache texts.
struct MailTemplate {
    std::string file;  ///< for messages
    std::string subject;
    std::string text;
    std::string html;
};

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

}  // namespace crossdock::expr
