// Collects the problems of one configuration: of its main file, and of those that it includes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace belfry::config {

// A place in a file; line and column count from 1, columns in bytes. Line 0: no particular place.
struct Mark {
  int line = 0;
  int column = 0;
  int file = 0;  // as the report counts them; 0 is the main one
  bool operator==(const Mark&) const = default;
};

class Report {
 public:
  explicit Report(std::string file) : files_{std::move(file)} {}

  // Of the marks in one more file.
  [[nodiscard]] int add_file(std::string file);

  void error(Mark at, std::string text) { add(Problem::Severity::error, at, std::move(text)); }
  void warning(Mark at, std::string text) { add(Problem::Severity::warning, at, std::move(text)); }

  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] const std::string& file(int number = 0) const { return files_.at(static_cast<std::size_t>(number)); }
  [[nodiscard]] Position position(Mark at) const { return {file(at.file), at.line, at.column}; }
  // "belfry.yaml:12:5"
  [[nodiscard]] std::string place(Mark at) const;
  // The same for a message about `from`: "line 12", or "belfry.yaml:12" when that is another file.
  [[nodiscard]] std::string line_seen_from(Mark from, Mark at) const;
  // What the patterns of this configuration weigh so far, with this one (pattern.hpp).
  [[nodiscard]] std::size_t add_pattern_weight(std::size_t weight) { return pattern_weight_ += weight; }
  // Ordered by place.
  [[nodiscard]] std::vector<Problem> take();

 private:
  void add(Problem::Severity severity, Mark at, std::string text);

  std::vector<std::string> files_;
  std::size_t errors_ = 0;
  std::size_t pattern_weight_ = 0;
  std::vector<Problem> problems_;
};

// `text` in quotes, fit for one line of a message: control characters replaced, cut after 60 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace belfry::config
