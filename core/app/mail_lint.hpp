#pragma once

#include "base/result.hpp"
#include "expr/mail_template.hpp"

#include <vector>

namespace crossdock::app {

/// Holds each template against what its event's mail can say. Errors: a file for no event, and each name that the event does not
/// have, with file:line:column and what was probably meant.
[[nodiscard]] std::vector<Fault> mail_faults(const expr::MailLanguages& languages);

}  // namespace crossdock::app
