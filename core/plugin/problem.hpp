// A finding about a sink's configuration: where in it, and one sentence that says what to write instead; a note says what is in order.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belfry::plugin {

struct Problem {
  enum class Severity { error, warning, note };
  Severity severity = Severity::error;
  std::string pointer;  // RFC 6901, within the sink's `config`; empty: the config as a whole
  std::string text;

  bool operator==(const Problem&) const = default;
};

[[nodiscard]] bool has_error(const std::vector<Problem>& problems);

// The "POINTER<TAB>TEXT\n" lines of a plugin's configure(). Without a pointer the whole line is the text.
[[nodiscard]] std::vector<Problem> parse_problems(std::string_view lines, Problem::Severity severity);

// What configure() said: its return code and its lines. Refusing without a word gives one problem that says so.
[[nodiscard]] std::vector<Problem> configure_problems(int code, std::string_view lines);

}  // namespace belfry::plugin
