#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace crossdock {

enum class LogLevel { debug, info, warning, error };

/// One `key=value` of a log line.
struct LogField {
    LogField(std::string_view key_given, std::string_view value_given) : key(key_given), value(value_given) {}
    LogField(std::string_view key_given, const char* value_given) : key(key_given), value(value_given) {}
    LogField(std::string_view key_given, const std::string& value_given) : key(key_given), value(value_given) {}
    LogField(std::string_view key_given, std::integral auto number) : key(key_given), value(std::to_string(number)) {}

    std::string_view key;
    std::string value;
};

/// Writes "time level message key=value ..." to standard error, one line each. Control characters are escaped.
/// Never hand a secret to it.
/// Threads: any.
class Log {
public:
    static void set_level(LogLevel least);
    /// Written behind each message's level, for processes that share a terminal: "worker phonex".
    static void set_name(std::string_view name);

    static void debug(std::string_view message, std::initializer_list<LogField> fields = {});
    static void info(std::string_view message, std::initializer_list<LogField> fields = {});
    static void warning(std::string_view message, std::initializer_list<LogField> fields = {});
    static void error(std::string_view message, std::initializer_list<LogField> fields = {});
};

}  // namespace crossdock
