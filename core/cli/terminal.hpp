// The terminal of a command: prompts on standard input, and text that is safe to write to standard output.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace belfry::cli {

[[nodiscard]] bool is_terminal();

// The answer without surrounding white space; none at the end of input.
[[nodiscard]] std::optional<std::string> ask(const std::string& question);

// The same without echo. The terminal is restored afterwards, even if a signal ends the process.
[[nodiscard]] std::optional<std::string> ask_hidden(const std::string& question);

// How text is written: plain and unlimited unless standard output is a terminal.
struct OutputStyle {
  bool terminal = false;
  bool colour = false;     // only on a terminal, and without NO_COLOR
  std::size_t width = 0;   // columns; 0: no limit
  std::size_t height = 0;  // lines; 0: no limit
};

[[nodiscard]] OutputStyle output_style();

enum class Colour { none, bold, red, yellow, green };

// `text` between the escape sequences of its colour, if the style has colours.
[[nodiscard]] std::string coloured(std::string_view text, Colour colour, const OutputStyle& style);

// Untrusted text on one line, with nothing that a terminal interprets: control characters (C0, DEL, C1), line and paragraph separators,
// bidirectional controls, other invisible format characters and invalid UTF-8 are written as \n, \t, \x1b or \u{202e}.
[[nodiscard]] std::string visible(std::string_view text);

// JSON text as nlohmann::json writes it, with such characters within strings written as \u202e: the same document.
[[nodiscard]] std::string visible_json(std::string_view text);

}  // namespace belfry::cli
