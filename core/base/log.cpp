#include "base/log.hpp"

#include <unistd.h>

#include <atomic>
#include <mutex>
#include <new>
#include <utility>

#include "base/log_repeats.hpp"
#include "base/log_writer.hpp"

namespace belfry::base {

struct Logger::Core {
  Core(LogLevel lowest, std::shared_ptr<Scrubber> secrets, LogDestination where)
      : level(lowest), format(where.format), scrubber(std::move(secrets)), write(std::move(where.write)) {
    if (where.repeat_window)
      repeats = std::make_unique<LogRepeats>([this](const RepeatedFault& fault) { put(fault); }, *where.repeat_window);
  }

  // One line at a time, so that the times of the lines are in order.
  void put(const LogRecord& record) {
    const auto form = format.load();
    const auto rest = log_line_rest(form, record, *scrubber);
    const std::lock_guard lock(mutex);
    write(record.level, form, rest);
  }

  void put(const RepeatedFault& fault) {
    const auto event = fault.event + " ... and " + std::to_string(fault.more) + " more in the last minute";
    const LogField more("more", fault.more);
    put({fault.level, fault.component, event, fault.fields, {&more, 1}});
  }

  std::atomic<LogLevel> level;
  std::atomic<LogFormat> format;
  const std::shared_ptr<Scrubber> scrubber;
  const std::function<void(LogLevel, LogFormat, const std::string&)> write;
  std::mutex mutex;
  std::unique_ptr<LogRepeats> repeats;  // last: its thread uses the members above
};

namespace {

constexpr Millis kStderrTimeout{1'000};

LogDestination to_stderr() {
  return {.write = [](LogLevel level, LogFormat format, const std::string& rest) {
    write_with_timeout(STDERR_FILENO, log_line_start(format, level, false, SystemClock().now()) + rest + "\n", kStderrTimeout);
  }};
}

LogDestination to_sink(Logger::LineSink sink) {
  return {.write = [sink = std::move(sink)](LogLevel level, LogFormat, const std::string& rest) { sink(level, rest); }};
}

}  // namespace

Logger::Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber) : Logger(lowest, std::move(scrubber), to_stderr()) {}

Logger::Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LineSink sink)
    : Logger(lowest, std::move(scrubber), to_sink(std::move(sink))) {}

Logger::Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LogDestination destination)
    : core_(std::make_shared<Core>(lowest, std::move(scrubber), std::move(destination))) {}

Logger silent_logger() {
  return {LogLevel::error, std::make_shared<Scrubber>(), [](LogLevel, const std::string&) {}};
}

Logger Logger::named(std::string_view component) const {
  Logger other = *this;
  other.component_ = component;
  return other;
}

Logger Logger::with(LogFields fields) const {
  auto all = std::make_shared<std::vector<LogField>>();
  all->reserve((context_ ? context_->size() : 0) + fields.size());
  if (context_) all->insert(all->end(), context_->begin(), context_->end());
  all->insert(all->end(), fields.begin(), fields.end());
  Logger other = *this;
  other.context_ = std::move(all);
  return other;
}

LogLevel Logger::level() const { return core_->level; }
void Logger::change_level(LogLevel lowest) const { core_->level = lowest; }
LogFormat Logger::format() const { return core_->format; }
void Logger::change_format(LogFormat format) const { core_->format = format; }

void Logger::flush_repeats() const {
  if (core_->repeats) core_->repeats->flush();
}

void Logger::write(LogLevel level, std::string_view event, LogFields fields) const try {
  if (!enabled(level)) return;
  LogRecord record{level, component_, event, {}, {fields.begin(), fields.size()}};
  if (context_) record.context = *context_;
  if (core_->repeats && !enabled(LogLevel::debug) && !core_->repeats->admit(record)) return;
  core_->put(record);
} catch (const std::bad_alloc&) {
  // The caller continues without the line.
}

}  // namespace belfry::base
