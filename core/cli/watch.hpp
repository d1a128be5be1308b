// Output that is redrawn repeatedly, as by `belfry status --watch`.
// Thread rule: one thread. Ownership: the stream outlives it.
#pragma once
#include <iosfwd>
#include <string>

#include "base/clock.hpp"
#include "cli/terminal.hpp"

namespace belfry::cli {

class WatchOutput {
 public:
  explicit WatchOutput(std::ostream& out) : out_(out) {}

  // On a terminal: replaces the previous block, and leaves out lines that do not fit the height of the terminal. Else: appends the block
  // after a line with the time. `block` ends in a line break.
  void show(const std::string& block, const OutputStyle& style, base::Timestamp now);

 private:
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace belfry::cli
