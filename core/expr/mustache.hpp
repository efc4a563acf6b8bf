#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace crossdock::expr {

/// Renders a Mustache template (mustache(5)).
///
/// `html` escapes & < > " ' in {{name}}; otherwise nothing is escaped. {{{name}}} is never escaped. Numbers appear as written;
/// null, false, "" and [] are false for sections; an absent name is empty. Partials ({{> name}}) and changed delimiters ({{= =}})
/// are refused, so that a template is whole in itself.
/// Errors: `where` is line:column of the template; unclosed tags and sections, partials, changed delimiters.
[[nodiscard]] Result<std::string> render(std::string_view template_text, const Json& data, bool html);

/// The faults that render would have, whatever the data.
[[nodiscard]] Result<> check_template(std::string_view template_text);

}  // namespace crossdock::expr
