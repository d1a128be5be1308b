#include "api/web/fields.hpp"

#include <algorithm>
#include <optional>

#include "base/utf8.hpp"
#include "net/http.hpp"
#include "render/escape.hpp"

namespace belfry::api::web {
namespace {

// None: malformed.
std::optional<std::string> form_decoded(std::string_view text) {
  auto out = net::form_decode(text);
  if (!out || out->contains('\0') || !base::is_utf8(*out)) return std::nullopt;
  return out;
}

std::string without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

}  // namespace

base::Result<Fields> Fields::parse(std::string_view encoded) {
  Fields out;
  while (!encoded.empty()) {
    const auto part = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), part.size() + 1));
    if (part.empty()) continue;
    if (out.list_.size() == kMaxFields)
      return base::fail(base::ErrorCode::invalid,
                        "the form has more than " + std::to_string(kMaxFields) + " fields; submit fewer at a time");
    const auto equals = std::min(part.find('='), part.size());
    auto name = form_decoded(part.substr(0, equals));
    auto value = form_decoded(part.substr(std::min(part.size(), equals + 1)));
    if (!name || !value)
      return base::fail(base::ErrorCode::invalid, "the address or the form is not percent-encoded UTF-8 text; open the page again");
    out.list_.emplace_back(*std::move(name), *std::move(value));
  }
  return out;
}

std::string Fields::text(std::string_view name) const {
  const auto found = std::ranges::find(list_, name, &std::pair<std::string, std::string>::first);
  return found == list_.end() ? std::string() : found->second;
}

std::string Fields::get(std::string_view name) const { return without_blanks(text(name)); }

std::vector<std::string> Fields::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : list_)
    if (key == name) out.push_back(value);
  return out;
}

void Fields::set(std::string name, std::string value) {
  std::erase_if(list_, [&](const auto& field) { return field.first == name; });
  if (!value.empty()) list_.emplace_back(std::move(name), std::move(value));
}

std::string Fields::encode() const {
  std::string out;
  for (const auto& [name, value] : list_)
    out += (out.empty() ? "" : "&") + render::percent_encode(name) + "=" + render::percent_encode(value);
  return out;
}

std::string address(std::string_view path, const Fields& fields) {
  const auto encoded = fields.encode();
  return std::string(path) + (encoded.empty() ? "" : "?" + encoded);
}

}  // namespace belfry::api::web
