// Collects the problems of one configuration: of its main file and of its included files.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/values/settings.hpp"

namespace belfry::config {

// A location in a file. Line and column count from 1, columns in bytes. Line 0: no particular location.
struct Mark {
  int line = 0;
  int column = 0;
  int file = 0;  // index in the Report; 0 is the main file
  bool operator==(const Mark&) const = default;
};

class Report {
 public:
  explicit Report(std::string file) : files_{std::move(file)} {}

  // Returns the index of the file for Mark::file.
  [[nodiscard]] int add_file(std::string file);

  void error(Mark at, std::string text) { add(Diagnostic::Severity::error, at, std::move(text)); }
  void warning(Mark at, std::string text) { add(Diagnostic::Severity::warning, at, std::move(text)); }

  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] const std::string& file(int number = 0) const { return files_.at(static_cast<std::size_t>(number)); }
  [[nodiscard]] Location location(Mark at) const { return {file(at.file), at.line, at.column}; }
  // "belfry.yaml:12:5"
  [[nodiscard]] std::string location_text(Mark at) const;
  // The location of `at` in a message about `from`: "line 12", or "belfry.yaml:12" when it is in another file.
  [[nodiscard]] std::string relative_location(Mark from, Mark at) const;
  // Adds the cost of a pattern (pattern.hpp) and returns the total for this configuration.
  [[nodiscard]] std::size_t add_pattern_cost(std::size_t cost) { return pattern_cost_ += cost; }
  // Returns the problems, ordered by location, and clears the report.
  [[nodiscard]] std::vector<Diagnostic> take();

 private:
  void add(Diagnostic::Severity severity, Mark at, std::string text);

  std::vector<std::string> files_;
  std::size_t errors_ = 0;
  std::size_t pattern_cost_ = 0;
  std::vector<Diagnostic> problems_;
};

// Returns `text` in quotes for a one-line message: control characters replaced by spaces, truncated after 60 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace belfry::config
