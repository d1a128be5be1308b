#include "base/closest_word.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace belfry::base {
namespace {

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Optimal string alignment: Levenshtein distance in which two swapped neighbors count as one slip.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string_view closest_word(std::string_view written, std::span<const std::string_view> known) {
  constexpr std::size_t kMaxLength = 64;
  if (written.size() > kMaxLength) return {};
  const auto wanted = folded(written);
  std::string_view best;
  std::size_t best_distance = std::min<std::size_t>(2, wanted.size() / 3 + 1) + 1;
  for (const auto word : known) {
    if (word.size() > kMaxLength) continue;
    const auto slips = distance(wanted, folded(word));
    if (slips < best_distance && slips < word.size()) {
      best = word;
      best_distance = slips;
    }
  }
  return best;
}

}  // namespace belfry::base
