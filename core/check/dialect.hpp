#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crossdock::check {

/// One HTTP exchange as it was recorded. Placeholders of settings, {{base_url}}, are still in it.
struct RecordedExchange {
    std::string method;
    std::string url;
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};  ///< of the response
    std::string body = {};                                          ///< of the response
    Json request = Json::object();                                  ///< as a cassette has it
};

/// One conversation that went well, from a cassette.
struct Example {
    std::string file;
    std::string operation;
    Json input;
    Json output;
    std::vector<RecordedExchange> exchanges = {};
    Json rows = Json::array();
    std::string smtp_tls = {};           ///< how the mail was submitted: none, starttls, implicit; empty: no mail
    std::string reference = {};          ///< ours, from the input
    std::string effect_key = {};         ///< the engine's, from the input; for a message its message_id
    std::string supplier_order_id = {};  ///< the supplier's, from input or output
};

/// How a supplier speaks, learned from the cassettes that a plugin's author recorded: good answers, which the hostile sandbox
/// then gives, spoils or withholds.
struct Dialect {
    Json settings = Json::object();         ///< of the first cassette that went well, else of the first; placeholders still in it
    std::vector<Example> examples = {};     ///< the first good one of each operation
    std::optional<Example> not_found = {};  ///< find_order, answered "no such order"
    std::vector<RecordedExchange> preparations = {};  ///< such as the one for an access token; in no example

    /// Reads every *.json of the folder, in the order of their names. A folder that is not there has none.
    /// Errors: a cassette that cannot be read; the text names file and member.
    [[nodiscard]] static Result<Dialect> learn(const std::filesystem::path& folder);

    /// Takes the forms posted to these addresses out of the examples: what prepares a request goes well, is no part of a
    /// conversation, and comes once for many.
    void set_apart(const std::vector<std::string>& preparation_urls);

    [[nodiscard]] const Example* example(std::string_view operation) const;
};

/// What placeholders stand for: "{{base_url}}" -> "http://127.0.0.1:40312".
using Values = std::vector<std::pair<std::string, std::string>>;

/// A text with its placeholders replaced.
[[nodiscard]] std::string filled_in(std::string text, const Values& values);

/// Replaces each occurrence.
[[nodiscard]] std::string replaced(std::string text, std::string_view from, std::string_view to);

/// The path and query of an absolute URL; a text that is none stays as it is.
[[nodiscard]] std::string target_of(std::string_view url);

}  // namespace crossdock::check
