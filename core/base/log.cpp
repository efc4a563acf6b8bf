#include "base/log.hpp"

#include "base/json.hpp"
#include "base/log_format.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace crossdock {
namespace {

constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
/// Behind it stand the members from the message on.
constexpr const char* json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
std::atomic<LogFormat> format_now{LogFormat::text};

spdlog::logger& logger() {
    static const auto made = [] {
        auto created = std::make_shared<spdlog::logger>("crossdock", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        created->set_pattern(text_pattern, spdlog::pattern_time_type::utc);
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

void append_json(std::string& out, std::string_view key, std::string_view value) {
    out += json_quoted(key);
    out += ':';
    out += json_quoted(value);
}

std::string json_line(std::string_view message, std::initializer_list<LogField> fields) {
    std::string line;
    append_json(line, "message", message);
    if (!process_name().empty()) {
        line += ',';
        append_json(line, "process", process_name());
    }
    for (const auto& field : fields) {
        line += ',';
        append_json(line, field.key, field.value);
    }
    return line;
}

void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<LogField> fields) {
    if (!logger().should_log(level)) { return; }
    if (format_now == LogFormat::json) {
        logger().log(level, "{}", json_line(message, fields));
        return;
    }
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

void set_log_format(LogFormat format) {
    format_now = format;
    logger().set_pattern(format == LogFormat::json ? json_pattern : text_pattern, spdlog::pattern_time_type::utc);
}

LogFormat log_format() {
    return format_now;
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
