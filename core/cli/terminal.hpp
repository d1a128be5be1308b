// Prompts on the terminal of standard input.
#pragma once
#include <optional>
#include <string>

namespace belfry::cli {

[[nodiscard]] bool is_terminal();

// The answer without surrounding white space; none at the end of input.
[[nodiscard]] std::optional<std::string> ask(const std::string& question);

// The same without echo. The terminal is restored afterwards, even if a signal ends the process.
[[nodiscard]] std::optional<std::string> ask_hidden(const std::string& question);

}  // namespace belfry::cli
