// Problems of a configuration, each with its location in a file.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belfry::config {

// One problem: "FILE:LINE:COLUMN: error: the fault; the fix". A note confirms that a check passed, or adds information.
struct Diagnostic {
  enum class Severity { error, warning, note };
  Severity severity = Severity::error;
  std::string file;
  int line = 0;    // from 1; 0: no particular location
  int column = 0;  // from 1, in bytes
  std::string text;

  [[nodiscard]] std::string to_string() const;
  bool operator==(const Diagnostic&) const = default;
};

[[nodiscard]] std::string_view name_of(Diagnostic::Severity severity);  // "error"

// Sorts by file, line and column, and removes duplicates.
void sort_by_location(std::vector<Diagnostic>& problems);

[[nodiscard]] bool has_error(const std::vector<Diagnostic>& problems);

// Summarizes the problems in one line: the first error, and the number of further errors. Empty when there is no error.
[[nodiscard]] std::string error_summary(const std::vector<Diagnostic>& problems);

}  // namespace belfry::config
