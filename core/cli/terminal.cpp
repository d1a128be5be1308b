#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/utf8.hpp"

namespace belfry::cli {
namespace {

constexpr int kFatalSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

termios saved{};  // restored by the signal handler

void restore_and_raise(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

class EchoOff {
 public:
  EchoOff() {
    if (::tcgetattr(STDIN_FILENO, &saved) != 0) return;
    for (const int signal : kFatalSignals) std::signal(signal, restore_and_raise);
    auto hidden = saved;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    active_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~EchoOff() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
    for (const int signal : kFatalSignals) std::signal(signal, SIG_DFL);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  bool active_ = false;
};

std::optional<std::string> answer() {
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  constexpr const char* kSpace = " \t\r";
  const auto begin = line.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(kSpace) - begin + 1);
}

constexpr std::size_t kDefaultWidth = 80;
constexpr std::size_t kDefaultHeight = 24;

std::string hexadecimal(const char* form, unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), form, value);
  return text.data();
}

std::string escape_in_text(std::uint32_t point) {
  switch (point) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return point < 0x80 ? hexadecimal("\\x%02x", point) : hexadecimal("\\u{%x}", point);
  }
}

// JSON text has no control character within strings; between them it has line breaks.
std::string escape_in_json(std::uint32_t point) {
  if (point == '\n') return "\n";
  if (point < 0x10000) return hexadecimal("\\u%04x", point);
  const auto offset = point - 0x10000;
  return hexadecimal("\\u%04x", 0xD800 + (offset >> 10U)) + hexadecimal("\\u%04x", 0xDC00 + (offset & 0x3FFU));
}

std::string with_escapes(std::string_view text, std::string (*escape)(std::uint32_t)) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = base::utf8_length(text);
    if (length == 0) {
      out += hexadecimal("\\x%02x", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    const auto character = text.substr(0, length);
    const auto point = base::utf8_code_point(character);
    out += base::is_hidden(point) ? escape(point) : std::string(character);
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace

bool is_terminal() { return ::isatty(STDIN_FILENO) == 1; }

std::optional<std::string> ask(const std::string& question) {
  std::cout << question << std::flush;
  return answer();
}

std::optional<std::string> ask_hidden(const std::string& question) {
  const EchoOff hidden;  // before the prompt, since typing may begin as soon as it appears
  std::cout << question << std::flush;
  return answer();
}

OutputStyle output_style() {
  OutputStyle style;
  style.terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!style.terminal) return style;
  const auto* const no_colour = std::getenv("NO_COLOR");  // no-color.org: set and not empty
  const auto* const kind = std::getenv("TERM");
  style.colour = (no_colour == nullptr || *no_colour == '\0') && kind != nullptr && std::string_view(kind) != "dumb";
  winsize size{};
  const bool has_size = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  style.width = has_size && size.ws_col > 0 ? size.ws_col : kDefaultWidth;
  style.height = has_size && size.ws_row > 0 ? size.ws_row : kDefaultHeight;
  return style;
}

std::string coloured(std::string_view text, Colour colour, const OutputStyle& style) {
  if (!style.colour || colour == Colour::none) return std::string(text);
  const auto* const code = colour == Colour::bold ? "1" : colour == Colour::red ? "31" : colour == Colour::yellow ? "33" : "32";
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

std::string visible(std::string_view text) { return with_escapes(text, escape_in_text); }

std::string visible_json(std::string_view text) { return with_escapes(text, escape_in_json); }

}  // namespace belfry::cli
