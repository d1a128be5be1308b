// Questions to a person at the terminal of standard input.
#pragma once
#include <optional>
#include <string>

namespace belfry::app {

[[nodiscard]] bool is_terminal();

// The answer without white space around it; none at the end of input.
[[nodiscard]] std::optional<std::string> ask(const std::string& question);

// The same, not shown while it is typed; the terminal is as before afterwards, also when a signal ends the process.
[[nodiscard]] std::optional<std::string> ask_hidden(const std::string& question);

}  // namespace belfry::app
