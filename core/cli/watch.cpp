#include "cli/watch.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "cli/local_time.hpp"
#include "cli/text_layout.hpp"

namespace belfry::cli {
namespace {

constexpr std::string_view kClearScreen = "\x1b[2J";
constexpr std::string_view kToTop = "\x1b[H";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

std::string redraw(const std::string& block, const OutputStyle& style) {
  std::string out(kToTop);
  auto rows = style.height > 0 ? style.height - 1 : SIZE_MAX;  // the last one is the cursor's
  for (std::size_t from = 0; from < block.size();) {
    const auto end = std::min(block.find('\n', from), block.size());
    const auto line = std::string_view(block).substr(from, end - from);
    const auto taken = style.width == 0 ? 1 : std::max<std::size_t>(1, (display_width(line) + style.width - 1) / style.width);
    if (taken > rows) break;
    rows -= taken;
    out.append(line).append(kClearLine).append("\n");
    from = end + 1;
  }
  return out.append(kClearBelow);
}

}  // namespace

void WatchOutput::show(const std::string& block, const OutputStyle& style, base::Timestamp now) {
  if (style.terminal) {
    out_ << (first_ ? kClearScreen : "") << redraw(block, style);
  } else {
    out_ << "---- " << local_time(now) << "\n" << block;
  }
  out_ << std::flush;
  first_ = false;
}

}  // namespace belfry::cli
