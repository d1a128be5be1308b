#include "cli/terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

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

}  // namespace belfry::cli
