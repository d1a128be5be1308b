// Structured logging: an event in words, then key=value fields. One line each, secrets scrubbed, at most 8 KiB.
// Thread rule: any thread. Ownership: a Logger is a cheap handle; copies share the destination of the original.
#pragma once
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace belfry::base {

enum class LogLevel { debug, info, warn, error };

struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  LogField(std::string_view k, std::integral auto v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, Millis v) : key(k), value(to_string(v)) {}
};

using LogFields = std::initializer_list<LogField>;

class Logger {
 public:
  // Receives each finished line without its newline. Used by tests.
  using LineSink = std::function<void(LogLevel, const std::string&)>;

  // Writes to standard error.
  Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber);
  Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LineSink sink);

  // The same destination with another component name in front of the event.
  [[nodiscard]] Logger named(std::string_view component) const;

  // Whether lines of that level are written; for lines that are expensive to build.
  [[nodiscard]] bool enabled(LogLevel level) const;

  void debug(std::string_view event, LogFields fields = {}) const { write(LogLevel::debug, event, fields); }
  void info(std::string_view event, LogFields fields = {}) const { write(LogLevel::info, event, fields); }
  void warn(std::string_view event, LogFields fields = {}) const { write(LogLevel::warn, event, fields); }
  void error(std::string_view event, LogFields fields = {}) const { write(LogLevel::error, event, fields); }
  void write(LogLevel level, std::string_view event, LogFields fields) const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
  std::string component_;
};

// Discards every line; for commands, which print their findings themselves.
[[nodiscard]] Logger silent_logger();

}  // namespace belfry::base
