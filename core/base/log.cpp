#include "base/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/utf8.hpp"

namespace belfry::base {
namespace {

constexpr std::size_t kMaxLine = 8192;

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

void append_control(std::string& line, char c) { line += c == '\n' ? "\\n" : fmt::format("\\x{:02x}", static_cast<unsigned char>(c)); }

// Keeps the event on one line, so that each line has a time and a level.
void append_event(std::string& line, std::string_view event) {
  for (const char c : event) {
    if (is_control(c)) {
      append_control(line, c);
    } else {
      line += c;
    }
  }
}

// Keeps an untrusted value one value on one line: quoted if needed, control characters escaped.
void append_value(std::string& line, std::string_view value) {
  const bool plain =
      !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos && std::none_of(value.begin(), value.end(), is_control);
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (is_control(c)) {
      append_control(line, c);
      continue;
    }
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

void cut(std::string& line) {
  if (line.size() <= kMaxLine) return;
  line.resize(utf8_prefix(line, kMaxLine).size());
  line += "...";
}

class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallbackSink(Logger::LineSink lines) : lines_(std::move(lines)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const auto level = line.level >= spdlog::level::err    ? LogLevel::error
                       : line.level == spdlog::level::warn ? LogLevel::warn
                       : line.level == spdlog::level::info ? LogLevel::info
                                                           : LogLevel::debug;
    lines_(level, std::string(line.payload.data(), line.payload.size()));
  }
  void flush_() override {}

 private:
  Logger::LineSink lines_;
};

}  // namespace

struct Logger::Core {
  spdlog::logger out;
  std::shared_ptr<Scrubber> scrubber;
};

Logger::Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber)
    : core_(std::make_shared<Core>(spdlog::logger("belfry", std::make_shared<spdlog::sinks::stderr_sink_mt>()), std::move(scrubber))) {
  core_->out.set_level(to_spdlog(lowest));
  core_->out.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
}

Logger::Logger(LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LineSink sink)
    : core_(std::make_shared<Core>(spdlog::logger("belfry", std::make_shared<CallbackSink>(std::move(sink))), std::move(scrubber))) {
  core_->out.set_level(to_spdlog(lowest));
}

Logger silent_logger() {
  return {LogLevel::error, std::make_shared<Scrubber>(), [](LogLevel, const std::string&) {}};
}

Logger Logger::named(std::string_view component) const {
  Logger other = *this;
  other.component_ = component;
  return other;
}

bool Logger::enabled(LogLevel level) const { return core_->out.should_log(to_spdlog(level)); }

void Logger::write(LogLevel level, std::string_view event, LogFields fields) const try {
  if (!core_->out.should_log(to_spdlog(level))) return;
  std::string line;
  if (!component_.empty()) line.append(component_).append(": ");
  // Scrubs before escaping and cutting, after which a secret could not be recognized.
  const auto& scrubber = *core_->scrubber;
  append_event(line, scrubber.scrub(std::string(event)));
  for (const auto& field : fields) {
    line.append(" ").append(field.key).append("=");
    append_value(line, scrubber.scrub(field.value));
  }
  cut(line);
  core_->out.log(to_spdlog(level), fmt::string_view(line));
} catch (const std::bad_alloc&) {
  // The caller continues without the line.
}

}  // namespace belfry::base
