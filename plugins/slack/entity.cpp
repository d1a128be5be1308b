#include "slack/entity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "slack/text.hpp"

namespace belfry::slack {
namespace {

struct Named {
  std::string_view name;
  std::string_view text;
};

constexpr auto kNamed = std::to_array<Named>({
#include "slack/entity_names.inc"
});

std::optional<std::string> named(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kNamed, name, {}, &Named::name);
  return found != kNamed.end() && found->name == name ? std::optional<std::string>(found->text) : std::nullopt;
}

std::optional<std::string> numbered(std::string_view digits) {
  const bool hex = digits.starts_with('x') || digits.starts_with('X');
  if (hex) digits.remove_prefix(1);
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (parsed.ec != std::errc() || value > 0x10FFFF) return std::nullopt;
  // CommonMark 0.31, 2.5: a zero is a replacement character; half a surrogate pair is as little a character.
  const bool is_character = value != 0 && (value < 0xD800 || value > 0xDFFF);
  std::string text;
  append(text, is_character ? value : 0xFFFD);
  return text;
}

}  // namespace

std::string decode_entity(std::string_view reference) {
  if (reference.size() < 3 || !reference.starts_with('&') || !reference.ends_with(';')) return std::string(reference);
  const std::string_view inside = reference.substr(1, reference.size() - 2);
  const auto meant = inside.starts_with('#') ? numbered(inside.substr(1)) : named(inside);
  if (!meant) return std::string(reference);
  // What was written as a reference is no more welcome than the character itself, and a line break would begin a line unseen.
  std::string text = clean(*meant, 4).text;
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace belfry::slack
