#include "config/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace belfry::config {
namespace {

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

bool is_pattern(std::string_view text) { return text.size() >= 2 && text.starts_with('/') && text.ends_with('/'); }

std::optional<std::string> read_pattern(const Value& written, const Expanded& text, std::string_view otherwise) {
  auto pattern = text.text.substr(1, text.text.size() - 2);
  if (pattern.empty()) {
    written.error("is \"//\", a pattern that fits everything; write what it shall find" + std::string(otherwise));
    return std::nullopt;
  }
  if (std::ranges::any_of(pattern, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
    written.error("holds a control character, which double quotes make of \\b and the like; write the pattern in single quotes");
    return std::nullopt;
  }
  if (const re2::RE2 compiled(pattern, quiet()); !compiled.ok()) {
    const std::string why = text.referenced ? std::string() : " (" + compiled.error() + ")";
    written.error("is " + written.described() + ", which is no pattern" + why + "; write RE2 syntax" + std::string(otherwise));
    return std::nullopt;
  }
  return pattern;
}

bool finds(const std::string& pattern, std::string_view text) {
  const re2::RE2 compiled(pattern, quiet());
  return compiled.ok() && re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled);
}

}  // namespace belfry::config
