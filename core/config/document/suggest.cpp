#include "config/document/suggest.hpp"

#include <algorithm>

namespace belfry::config {
std::string suggestion(std::string_view written, std::span<const std::string_view> known, std::string_view what) {
  if (const auto near = base::closest_word(written, known); !near.empty()) return "; did you mean \"" + std::string(near) + "\"?";
  if (known.empty()) return "; remove it";
  constexpr std::size_t kLimit = 16;
  std::string out = "; " + std::string(what) + ": ";
  for (std::size_t i = 0; i < std::min(known.size(), kLimit); ++i) out += (i > 0 ? ", " : "") + std::string(known[i]);
  return out + (known.size() > kLimit ? ", ..." : "");
}

std::vector<std::string_view> split_words(std::string_view words) {
  std::vector<std::string_view> out;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) out.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

}  // namespace belfry::config
