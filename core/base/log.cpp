#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace crossdock {
namespace {

spdlog::logger& logger() {
    static const auto made = [] {
        auto created = std::make_shared<spdlog::logger>("crossdock", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        created->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
        created->flush_on(spdlog::level::trace);
        return created;
    }();
    return *made;
}

std::string& process_name() {
    static std::string name;
    return name;
}

void append_escaped(std::string& out, std::string_view value, bool quote) {
    if (quote) { out += '"'; }
    for (const char c : value) {
        if (c == '\n') { out += "\\n"; }
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) { out += '?'; }
        else if (quote && (c == '"' || c == '\\')) {
            out += '\\';
            out += c;
        }
        else { out += c; }
    }
    if (quote) { out += '"'; }
}

void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!logger().should_log(level)) { return; }
    std::string line;
    if (!process_name().empty()) {
        line += '[';
        line += process_name();
        line += "] ";
    }
    append_escaped(line, message, false);
    for (const auto& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_escaped(line, field.value, field.value.empty() || field.value.find_first_of(" \"=\n") != std::string::npos);
    }
    logger().log(level, "{}", line);
}

}  // namespace

void Log::set_level(LogLevel least) {
    static constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                           spdlog::level::err};
    logger().set_level(levels[static_cast<int>(least)]);
}

void Log::set_name(std::string_view name) {
    process_name() = name;
}

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::debug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::info, message, fields);
}
void Log::warning(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::warn, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::err, message, fields);
}

}  // namespace crossdock
