#include "app/terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace belfry::app {
namespace {

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

termios shown{};  // what a signal puts back

void put_back_and_end(int signal) {
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

class Hidden {
 public:
  Hidden() {
    if (::tcgetattr(STDIN_FILENO, &shown) != 0) return;
    for (const int signal : kEnding) std::signal(signal, put_back_and_end);
    auto hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    active_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~Hidden() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    for (const int signal : kEnding) std::signal(signal, SIG_DFL);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

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
  const Hidden hidden;  // before the question, which invites to type
  std::cout << question << std::flush;
  return answer();
}

}  // namespace belfry::app
