#include "markdown/cost.hpp"

#include <algorithm>
#include <cstddef>

namespace belfry::markdown {
namespace {

constexpr std::size_t kMaxBytes = 128UL * 1024;

// Text written by people stays below a tenth of each limit.
constexpr std::size_t kMaxContainerLines = 1'000'000;  // each line is matched against every open container
constexpr std::size_t kMaxCells = 65'536;              // rows are padded to the width of their table
constexpr std::size_t kMaxHeadingBytes = 4'000'000;    // each delimiter row scans the paragraph above it again
constexpr std::size_t kMaxReferenceBytes = 8'000'000;  // each use of a reference copies its URL

// Upper bound on the containers that a line opens or continues: quote marks, bullets and numbers at its start.
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
  if (text.size() > kMaxBytes) return false;
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
  return lines * containers <= kMaxContainerLines && (delimiters == 0 || lines * columns <= kMaxCells) &&
         delimiters * text.size() <= kMaxHeadingBytes && references * longest <= kMaxReferenceBytes;
}

}  // namespace belfry::markdown
