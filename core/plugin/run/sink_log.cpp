#include "plugin/run/sink_log.hpp"

#include <belfry/plugin.h>

#include "plugin/contract/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxViolationText = 500;

base::LogLevel level_of(std::uint32_t level) {
  switch (level) {
    case BELFRY_LOG_DEBUG: return base::LogLevel::debug;
    case BELFRY_LOG_WARN: return base::LogLevel::warn;
    case BELFRY_LOG_ERROR: return base::LogLevel::error;
    default: return base::LogLevel::info;
  }
}

}  // namespace

SinkLog::SinkLog(const InstanceParts& parts, std::string sink) : parts_(parts), sink_(std::move(sink)), log_(parts.log.named("plugin")) {}

void SinkLog::write(std::uint32_t level, std::string_view line) {
  const auto admission = line_limiter_.admit(parts_.clock.steady());
  if (admission.flood_begins) violation("log_flood", "more than 20 log lines a second; the rest is dropped and counted");
  if (!admission.pass) return;
  if (admission.dropped != 0) log_.warn("log lines of the plugin were dropped", {{"sink", sink_}, {"lines", admission.dropped}});
  if (line.size() > BELFRY_MAX_LOG_LINE_BYTES) violation("bad_argument", "a log line is over 4,096 bytes; the rest is cut off");
  // Scrubbed before line breaks are removed, or a secret of several lines would no longer match.
  const std::string read(line.substr(0, std::size_t{2} * BELFRY_MAX_LOG_LINE_BYTES));
  log_.write(level_of(level), clean_text(parts_.scrubber->scrub(read), BELFRY_MAX_LOG_LINE_BYTES), {{"sink", sink_}});
}

void SinkLog::violation(std::string_view kind, std::string_view what) {
  parts_.metrics.violation(sink_, kind);
  if (!violation_limiter_.admit(parts_.clock.steady()).pass) return;
  const auto text = clean_text(parts_.scrubber->scrub(std::string(what)), kMaxViolationText);
  log_.warn("plugin violation", {{"sink", sink_}, {"kind", kind}, {"what", text}});
}

}  // namespace belfry::plugin
