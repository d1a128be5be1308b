// The section log.
#include "config/sections/sections.hpp"

namespace belfry::config {

void read_log(const Value& written, LogSettings& out) {
  constexpr std::string_view kFormats = "auto, text, logfmt or json";
  constexpr std::string_view kLevels = "debug, info, warn or error";
  const Section section(written, kLogKeys);
  if (const auto value = section.get("format")) {
    const auto name = value->expanded(kFormats);
    out.format = name ? base::log_format_named(name->text) : std::nullopt;
    if (name && !out.format && name->text != "auto") value->expected(kFormats);
  }
  if (const auto value = section.get("level")) {
    const auto name = value->expanded(kLevels);
    out.level = name ? base::log_level_named(name->text) : std::nullopt;
    if (name && !out.level) value->expected(kLevels);
  }
}

}  // namespace belfry::config
