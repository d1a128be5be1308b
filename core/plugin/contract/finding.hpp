// A finding about a sink's configuration: its location and one sentence. An error or a warning includes the fix; a note confirms that
// something is in order. A value; the functions are pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belfry::plugin {

struct Finding {
  enum class Severity { error, warning, note };
  Severity severity = Severity::error;
  std::string pointer;  // RFC 6901, relative to the sink's `config`; empty: the configuration as a whole
  std::string text;

  bool operator==(const Finding&) const = default;
};

[[nodiscard]] bool has_error(const std::vector<Finding>& problems);

// Parses the "POINTER<TAB>TEXT\n" lines that a plugin's configure() writes, at most 100 of them. A line without a pointer is all text.
// Pointers and texts are sanitized and cut at 1,000 bytes.
[[nodiscard]] std::vector<Finding> parse_findings(std::string_view lines, Finding::Severity severity);

// The findings from a return code and the lines of configure(). A refusal without any line gives one error that contains the code.
[[nodiscard]] std::vector<Finding> configure_findings(int code, std::string_view lines);

}  // namespace belfry::plugin
