#include "markdown/work.hpp"

#include <algorithm>
#include <cstddef>

namespace belfry::markdown {
namespace {

constexpr std::size_t kLongest = 128UL * 1024;

// What a person writes stays below a tenth of each.
constexpr std::size_t kMostContainerLines = 1'000'000;  // a line is held against each open container
constexpr std::size_t kMostCells = 65'536;              // rows are filled up to the width of their table
constexpr std::size_t kMostHeadingBytes = 4'000'000;    // each delimiter row reads the paragraph above it again
constexpr std::size_t kMostReferenceBytes = 8'000'000;  // each use of a reference copies its address

// Quote marks, bullets and numbers that a line could begin with.
std::size_t markers(std::string_view line) {
  std::size_t count = 0;
  for (const char c : line) {
    if (std::string_view(">-+*.)").contains(c)) {
      ++count;
    } else if (c != ' ' && c != '\t' && (c < '0' || c > '9')) {
      break;
    }
  }
  return count;
}

bool may_delimit(std::string_view line) { return line.contains('-') && line.find_first_not_of("-:| \t>") == std::string_view::npos; }

}  // namespace

bool is_affordable(std::string_view text) {
  if (text.size() > kLongest) return false;
  const auto references = text.contains("]:") ? static_cast<std::size_t>(std::ranges::count(text, '[')) : 0;
  std::size_t lines = 0, containers = 0, columns = 0, delimiters = 0, longest = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++lines;
    containers = std::max(containers, markers(line));
    columns = std::max(columns, static_cast<std::size_t>(std::ranges::count(line, '|')) + 1);
    longest = std::max(longest, line.size());
    if (may_delimit(line)) ++delimiters;
  }
  return lines * containers <= kMostContainerLines && (delimiters == 0 || lines * columns <= kMostCells) &&
         delimiters * text.size() <= kMostHeadingBytes && references * longest <= kMostReferenceBytes;
}

}  // namespace belfry::markdown
