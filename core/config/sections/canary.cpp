#include <algorithm>

#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

constexpr Range<Millis> kEvery{std::chrono::seconds(10), std::chrono::days(1)};
constexpr std::string_view kToForm = "an e-mail address such as canary@example.com";

// Only what Belfry itself relies on: the sink has the last word.
bool is_address(std::string_view text) {
  const auto at = text.find('@');
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c != '\x7F'; });
  return printable && at != 0 && at != std::string_view::npos && at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos;
}

}  // namespace

void read_canary(const Value& written, const std::vector<SourceSettings>& sources, std::optional<CanarySettings>& out) {
  const Section section(written, kCanaryKeys);
  CanarySettings canary;
  if (const auto value = section.get("every")) assign(canary.every, value->duration(kEvery));
  if (const auto value = section.require("to", "to: canary@example.com")) {
    assign(canary.to, value->text(kToForm));
    if (!canary.to.empty() && !is_address(canary.to)) value->expected(kToForm);
  }
  if (std::ranges::find(sources, CanarySettings::kSource, &SourceSettings::name) != sources.end())
    written.error("needs the name canary for its own source; give sources.canary another name");
  out = std::move(canary);
}

}  // namespace belfry::config
