#pragma once

namespace crossdock {

enum class LogFormat { text, json };

/// How Log writes from now on: "time level message key=value ...", or as JSON an object with time, level, message, process and
/// the keys, all strings. Threads: any.
void set_log_format(LogFormat format);
[[nodiscard]] LogFormat log_format();

}  // namespace crossdock
