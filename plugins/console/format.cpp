#include "console/format.hpp"

#include <algorithm>
#include <string_view>

namespace belfry::console {
namespace {

using nlohmann::json;

constexpr std::string_view kMasked = "(sensitive)";

bool needs_escape(char32_t c) {
  const auto in = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  return c < 0x20 || in(0x7F, 0x9F) || c == 0x61C || in(0x200E, 0x200F) || in(0x2028, 0x202E) || in(0x2066, 0x2069);
}

void append_escaped(std::string& out, char32_t c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += c < 0x100 ? "\\x" : "\\u";
  for (int shift = c < 0x100 ? 4 : 12; shift >= 0; shift -= 4) out += kDigits[(c >> shift) & 0xF];
}

// Escapes unsafe characters of valid UTF-8. `lines`: keep line breaks and tabs.
std::string visible(std::string_view text, bool lines) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = std::min<std::size_t>(lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, text.size() - at);
    char32_t value = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
    const bool stays = lines && (value == '\n' || value == '\t');
    if (needs_escape(value) && !stays) {
      append_escaped(out, value);
    } else {
      out += text.substr(at, bytes);
    }
    at += bytes;
  }
  return out;
}

std::string indented(std::string_view text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out + "\n";
}

std::string item_text(const Item& item, bool masked) {
  if (masked) return indented(kMasked);
  std::string out = indented(visible(item.title, false)) + indented(visible(item.body, true));
  for (const Action& action : item.actions) out += indented("[" + visible(action.label, false) + "] " + visible(action.url, false));
  return out;
}

void mask(json& document) {
  for (json& item : document["items"]) {
    for (const char* key : {"title", "title_markdown", "body", "body_markdown", "actions", "labels", "data"}) item[key] = kMasked;
  }
}

}  // namespace

std::string as_text(const Message& message) {
  const Destination destination = message.destination();
  std::string out = "To " + visible(destination.address.empty() ? "(no address)" : destination.address, false);
  if (destination.audience == Audience::shared) out += " (shared)";
  out += ", delivery " + visible(message.delivery_id(), false);
  if (message.possible_duplicate()) out += ", may be a repeat";
  out += "\n";
  if (!message.note().empty()) out += indented(visible(message.note(), false));
  for (const Item& item : message.items()) out += item_text(item, message.sensitive());
  return out + "\n";
}

std::string as_json(const Message& message) {
  json document = message.document();
  if (message.sensitive()) mask(document);
  // ensure_ascii escapes everything that a terminal could interpret.
  return document.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace belfry::console
