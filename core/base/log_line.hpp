// One line of the log: an event in words, then key=value fields, rendered as text, logfmt or JSON. Untrusted text stays inside its value
// and on its line: control characters, invisible direction marks and invalid UTF-8 are escaped, and the line is bounded. Thread rule: any
// thread.
#pragma once
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace belfry::base {

enum class LogLevel { debug, info, warn, error };

// "debug", "info", "warn", "error": as in the configuration, the API, and lines in logfmt and JSON.
[[nodiscard]] std::string_view to_string(LogLevel level);
[[nodiscard]] std::optional<LogLevel> log_level_named(std::string_view name);

enum class LogFormat {
  text,    // 2026-01-31T12:00:00.000Z warning delivery: sink is paused sink=slack
  logfmt,  // time=2026-01-31T12:00:00.000Z level=warn component=delivery event="sink is paused" sink=slack
  json,    // {"time":"2026-01-31T12:00:00.000Z","level":"warn","component":"delivery","event":"sink is paused","sink":"slack"}
};

// "text", "logfmt", "json": as in the configuration.
[[nodiscard]] std::optional<LogFormat> log_format_named(std::string_view name);

// Keys are literals: they outlive every field and need no escaping. `time`, `level`, `component`, `event` and `cut` are taken.
struct LogField {
  std::string_view key;
  std::string value;
  bool literal = false;  // a number or a flag: without quotes in JSON

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), literal(true) {}
  LogField(std::string_view k, std::integral auto v) : key(k), value(std::to_string(v)), literal(true) {}
  LogField(std::string_view k, Millis v) : key(k), value(to_string(v)) {}
};

struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string_view component;  // empty: none
  std::string_view event;
  std::span<const LogField> context;  // the fields that every line of one logger has
  std::span<const LogField> fields;
};

// Limit of a line without its start. A value that does not fit ends in "...", the fields behind it are left out, and logfmt and JSON lines
// end with cut=true.
inline constexpr std::size_t kMaxLogLine = 8192;

// Time and level, for the start of the line. `journal`: begins with the priority of systemd's journal, "<4>" (sd-daemon(3)), and in the
// text format has neither time nor level, because the journal stores both.
[[nodiscard]] std::string log_line_start(LogFormat format, LogLevel level, bool journal, Timestamp time);
// The rest of the line, secrets scrubbed, without its newline.
[[nodiscard]] std::string log_line_rest(LogFormat format, const LogRecord& record, const Scrubber& scrubber);

}  // namespace belfry::base
