#include "cli/stop_signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace belfry::cli {
namespace {

sigset_t stop_set() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const auto set = stop_set();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  file_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopSignals::~StopSignals() {
  signalfd_siginfo signal{};
  while (::read(file_, &signal, sizeof signal) == sizeof signal) continue;
  ::close(file_);
  const auto set = stop_set();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

bool StopSignals::wait(base::Millis timeout) {
  pollfd signal{.fd = file_, .events = POLLIN, .revents = 0};
  if (!received_) received_ = ::poll(&signal, 1, static_cast<int>(timeout.count())) > 0;
  return received_;
}

}  // namespace belfry::cli
