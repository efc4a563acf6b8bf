#include "config/parts.hpp"
#include "yaml/words.hpp"

#include <algorithm>
#include <array>

namespace crossdock::app {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr yaml::DurationRange every_range{milliseconds{100}, std::chrono::hours{24}};

/// It becomes part of a statement as it is: letters, digits and `_`, with a schema before it or none.
std::string read_identifier(Part& part, Fields& fields, std::string_view key, std::string_view otherwise) {
    const auto written = fields.text(key).value_or(std::string(otherwise));
    const auto word = [](std::string_view name) {
        return !name.empty() && name.size() <= 63 && !(name.front() >= '0' && name.front() <= '9') &&
               std::all_of(name.begin(), name.end(), [](char c) {
                   return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
               });
    };
    const auto dot = written.find('.');
    const bool good = dot == std::string::npos ? word(written) : word(written.substr(0, dot)) && word(written.substr(dot + 1));
    if (!good) {
        part.checks.refuse(fields.place(key),
                           "`" + std::string(key) + "` takes a name of letters, digits and `_`, not " + json_quoted(written));
    }
    return written;
}

IntakeConfig::Folder read_folder(Part& part, const Node& node) {
    IntakeConfig::Folder folder;
    Fields fields(part.checks, node, "`folder`", {"path", "every"});
    folder.path = part.path(fields.required_text("path"));
    folder.every = fields.duration("every", every_range).value_or(folder.every);
    std::error_code error;
    if (part.checks.ok() && !std::filesystem::is_directory(folder.path, error)) {
        part.checks.refuse(fields.place("path"), "`path`: there is no folder " + folder.path.string());
    }
    return folder;
}

IntakeConfig::Outbox read_outbox(Part& part, const Node& node) {
    static constexpr std::array<std::string_view, 2> backends{"sqlite3", "postgresql"};
    IntakeConfig::Outbox outbox;
    Fields fields(part.checks, node, "`outbox`",
                  {"backend", "connection", "password", "every", "table", "id", "document", "taken_at", "error", "inbox"});
    if (fields.require("backend") == nullptr) { return outbox; }
    outbox.backend = fields.word("backend", backends).value_or(std::string());
    outbox.connection = fields.required_text("connection");
    if (outbox.connection.find("password") != std::string::npos || outbox.connection.find("://") != std::string::npos) {
        part.checks.refuse(fields.place("connection"),
                           "`connection` takes words such as host=db dbname=shop user=crossdock; the password stands under "
                           "`password`, as {env: NAME}");
    }
    check_printable(part, fields.place("connection"), "connection", outbox.connection);
    if (const Node* password = fields.find("password")) { outbox.password = read_secret(part, *password, "password"); }
    outbox.every = fields.duration("every", every_range).value_or(outbox.every);
    outbox.table = read_identifier(part, fields, "table", outbox.table);
    outbox.id = read_identifier(part, fields, "id", outbox.id);
    outbox.document = read_identifier(part, fields, "document", outbox.document);
    outbox.taken_at = read_identifier(part, fields, "taken_at", outbox.taken_at);
    outbox.error = read_identifier(part, fields, "error", outbox.error);
    if (fields.has("inbox")) { outbox.inbox = read_identifier(part, fields, "inbox", ""); }
    return outbox;
}

}  // namespace

IntakeConfig read_intake(Part& part, const Node& node) {
    IntakeConfig intake;
    Fields fields(part.checks, node, "`intake`", {"folder", "outbox"});
    if (const Node* folder = fields.find("folder")) { intake.folder = read_folder(part, *folder); }
    if (const Node* outbox = fields.find("outbox")) { intake.outbox = read_outbox(part, *outbox); }
    return intake;
}

}  // namespace crossdock::app
