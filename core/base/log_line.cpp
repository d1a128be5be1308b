#include "base/log_line.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/utf8.hpp"

namespace belfry::base {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
    {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}}};
constexpr std::array<std::pair<std::string_view, LogFormat>, 3> kFormats{
    {{"text", LogFormat::text}, {"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}}};

template <class T, std::size_t N>
std::optional<T> named(const std::array<std::pair<std::string_view, T>, N>& all, std::string_view name) {
  const auto* const found = std::ranges::find(all, name, &std::pair<std::string_view, T>::first);
  return found == all.end() ? std::nullopt : std::optional(found->second);
}

struct LevelText {
  const char* priority;
  const char* name;
};

LevelText text_of(LogLevel level) {
  switch (level) {
    case LogLevel::error: return {"<3>", " error "};
    case LogLevel::warn: return {"<4>", " warning "};
    case LogLevel::info: return {"<6>", " info  "};
    case LogLevel::debug: return {"<7>", " debug "};
  }
  std::unreachable();
}

std::string hex(const char* form, std::uint32_t number) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), form, number);
  return out.data();
}

// The escapes of logfmt are those of JSON, which its parsers use for quoted values.
std::string escape(LogFormat format, std::uint32_t point) {
  if (point == '\n') return "\\n";
  if (format == LogFormat::text && point < 0x80) return hex("\\x%02x", point);
  if (point == '\r') return "\\r";
  if (point == '\t') return "\\t";
  return hex("\\u%04x", point);
}

std::string escape_invalid(LogFormat format, char byte) {
  return format == LogFormat::text ? hex("\\x%02x", static_cast<unsigned char>(byte)) : "\\ufffd";
}

// Whether the value needs neither quotes nor escapes.
bool is_bare(std::string_view value) {
  if (value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos) return false;
  while (!value.empty()) {
    const auto length = utf8_length(value);
    if (length == 0 || is_hidden(utf8_code_point(value.substr(0, length)))) return false;
    value.remove_prefix(length);
  }
  return true;
}

class LineBuilder {
  static constexpr std::size_t kAroundValue = 6;  // separators and quotes

 public:
  explicit LineBuilder(LogFormat format) : format_(format) {}

  void component(std::string_view name) {
    if (format_ != LogFormat::text) return field("component", name, false);
    words(name);
    line_ += ": ";
  }

  void event(std::string_view words_of_it) {
    if (format_ != LogFormat::text) return field("event", words_of_it, false);
    words(words_of_it);
  }

  void field(std::string_view key, std::string_view value, bool literal) {
    if (cut_) return;
    const auto whole = key.size() + kAroundValue + (literal ? value.size() : 0);
    if (line_.size() + whole > kMaxLogLine) {
      cut_ = true;
      if (format_ == LogFormat::text) line_ += "...";
      return;
    }
    if (format_ == LogFormat::json) {
      if (!line_.empty()) line_ += ',';
      line_.append("\"").append(key).append("\":");
    } else {
      if (!line_.empty()) line_ += ' ';
      line_.append(key).append("=");
    }
    const bool bare = format_ == LogFormat::json ? literal : is_bare(value);
    if (!bare) line_ += '"';
    append(value, !bare);
    if (!bare) line_ += '"';
  }

  std::string take() {
    if (format_ == LogFormat::logfmt && cut_) line_ += " cut=true";
    if (format_ == LogFormat::json) line_ += cut_ ? ",\"cut\":true}" : "}";
    return std::move(line_);
  }

 private:
  void words(std::string_view text) { append(text, false); }

  void append(std::string_view text, bool quoted) {
    while (!text.empty() && !cut_) {
      const auto length = utf8_length(text);
      const auto character = text.substr(0, std::max<std::size_t>(1, length));
      text.remove_prefix(character.size());
      if (length == 0) {
        add(escape_invalid(format_, character[0]));
      } else if (const auto point = utf8_code_point(character); is_hidden(point)) {
        add(escape(format_, point));
      } else if (quoted && (character == "\"" || character == "\\")) {
        add("\\" + std::string(character));
      } else {
        add(character);
      }
    }
  }

  // Adds a character or an escape, which is never divided.
  void add(std::string_view piece) {
    cut_ = line_.size() + piece.size() > kMaxLogLine;
    line_ += cut_ ? "..." : piece;
  }

  const LogFormat format_;
  std::string line_;
  bool cut_ = false;
};

}  // namespace

std::string_view to_string(LogLevel level) {
  const auto* const found = std::ranges::find(kLevels, level, &std::pair<std::string_view, LogLevel>::second);
  return found->first;
}

std::optional<LogLevel> log_level_named(std::string_view name) { return named(kLevels, name); }
std::optional<LogFormat> log_format_named(std::string_view name) { return named(kFormats, name); }

std::string log_line_start(LogFormat format, LogLevel level, bool journal, Timestamp time) {
  const auto text = text_of(level);
  std::string start = journal ? text.priority : "";
  if (format == LogFormat::text && !journal) start.append(to_rfc3339(time)).append(text.name);
  if (format == LogFormat::logfmt) start.append("time=").append(to_rfc3339(time)).append(" level=").append(to_string(level)).append(" ");
  if (format == LogFormat::json)
    start.append("{\"time\":\"").append(to_rfc3339(time)).append("\",\"level\":\"").append(to_string(level)).append("\",");
  return start;
}

std::string log_line_rest(LogFormat format, const LogRecord& record, const Scrubber& scrubber) {
  LineBuilder line(format);
  if (!record.component.empty()) line.component(record.component);
  // Scrubbed before it is escaped and cut, after which a secret could not be recognized.
  line.event(scrubber.scrub(std::string(record.event)));
  for (const auto fields : {record.context, record.fields})
    for (const auto& field : fields) line.field(field.key, scrubber.scrub(field.value), field.literal);
  return line.take();
}

}  // namespace belfry::base
