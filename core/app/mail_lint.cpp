#include "app/mail_lint.hpp"

#include "notify/mail_data.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <string_view>

namespace crossdock::app {
namespace {

std::string hint(std::string_view word, std::vector<std::string> known) {
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    const std::vector<std::string_view> words(known.begin(), known.end());
    return yaml::hint(word, words);
}

}  // namespace

std::vector<Fault> mail_faults(const expr::MailLanguages& languages) {
    std::vector<Fault> faults;
    for (const auto& [language, templates] : languages.all()) {
        for (const auto& [name, mail] : templates.all()) {
            const auto shape = notify::example_data(name);
            if (!shape) {
                faults.push_back({"there is no event " + name + " that is told by mail" + hint(name, notify::mail_names()),
                                  mail.file + ":1:1"});
                continue;
            }
            for (const auto& asked : expr::names_of(mail)) {
                if (expr::has_name(*shape, asked)) { continue; }
                faults.push_back({"a mail of " + name + " has no `" + asked.name + "` here" +
                                      hint(asked.name, expr::names_at(*shape, asked.sections)),
                                  asked.where});
            }
        }
    }
    return faults;
}

}  // namespace crossdock::app
