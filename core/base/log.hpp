// Structured logging: an event in words, then key=value fields; see log_line.hpp for the form of a line. Secrets are scrubbed.
// Thread rule: any thread. Ownership: a Logger is a cheap handle; copies share the destination, level and format of the original.
#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_line.hpp"
#include "base/secret.hpp"

namespace belfry::base {

using LogFields = std::initializer_list<LogField>;

// Where the lines of a logger go.
struct LogDestination {
  // Receives each line without its start and its newline. Called for one line at a time.
  std::function<void(LogLevel, LogFormat, const std::string& rest)> write;
  LogFormat format = LogFormat::text;
  std::optional<Millis> repeat_window;  // see LogRepeats; none: every line is written
};

class Logger {
 public:
  // Receives each line as text, without its start and its newline. Used by tests.
  using LineSink = std::function<void(LogLevel, const std::string&)>;

  // Writes to standard error, on the caller's thread and for at most a second per line; for commands.
  Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber);
  Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LineSink sink);
  Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LogDestination destination);

  // The same destination with another component name in front of the event.
  [[nodiscard]] Logger named(std::string_view component) const;
  // The same destination with these fields, after those of this logger, in front of the fields of each line; for ids that several lines
  // share.
  [[nodiscard]] Logger with(LogFields fields) const;

  // Whether lines of that level are written; for lines that are expensive to build.
  [[nodiscard]] bool enabled(LogLevel level) const { return level >= this->level(); }

  // Both apply to all copies, from the next line on. At debug, repeated faults are not counted but written.
  [[nodiscard]] LogLevel level() const;
  void change_level(LogLevel lowest) const;
  [[nodiscard]] LogFormat format() const;
  void change_format(LogFormat format) const;

  // Writes the counts of repeated faults now. Call before the process ends.
  void flush_repeats() const;

  void debug(std::string_view event, LogFields fields = {}) const { write(LogLevel::debug, event, fields); }
  void info(std::string_view event, LogFields fields = {}) const { write(LogLevel::info, event, fields); }
  void warn(std::string_view event, LogFields fields = {}) const { write(LogLevel::warn, event, fields); }
  void error(std::string_view event, LogFields fields = {}) const { write(LogLevel::error, event, fields); }
  void write(LogLevel level, std::string_view event, LogFields fields) const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
  std::string component_;
  std::shared_ptr<const std::vector<LogField>> context_;  // null: none
};

// Discards every line; for commands, which print their findings themselves.
[[nodiscard]] Logger silent_logger();

}  // namespace belfry::base
