#include <unistd.h>

#include <csignal>
#include <ctime>

#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/service.hpp"

namespace belfry::app {
namespace {

// Signals are waited for on the main thread; every other thread inherits the block.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

base::LogLevel log_level() {
  const auto wanted = process_environment().variable("BELFRY_LOG").value_or("info");
  if (wanted == "debug") return base::LogLevel::debug;
  if (wanted == "warn") return base::LogLevel::warn;
  if (wanted == "error") return base::LogLevel::error;
  return base::LogLevel::info;
}

// The next signal; none when `most` is over.
std::optional<int> next_signal(const sigset_t& signals, std::optional<base::Millis> most) {
  if (!most) {
    int signal = 0;
    sigwait(&signals, &signal);
    return signal;
  }
  const timespec wait{static_cast<time_t>(most->count() / 1000), static_cast<long>(most->count() % 1000) * 1'000'000};
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

// Until SIGTERM or SIGINT.
void run_until_the_end(Service& service, const sigset_t& signals) {
  for (;;) {
    const auto signal = next_signal(signals, service.look_interval());
    if (signal == SIGHUP) {
      service.reload("SIGHUP");
    } else if (signal) {
      return;
    }
    // After a signal too: many of them must not keep it from looking.
    if (service.look_interval()) service.look();
  }
}

// The second signal ends the process at once: nothing is lost by that, the store is always in order.
void exit_on_next_signal(const sigset_t& signals) {
  const auto exit_now = [](int) { _exit(1); };
  std::signal(SIGTERM, exit_now);
  std::signal(SIGINT, exit_now);
  sigset_t without_hup = signals;
  sigdelset(&without_hup, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &without_hup, nullptr);
}

}  // namespace

int serve_command(const CommonOptions& common) {
  const auto signals = block_signals();
  Service service(common, log_level());
  if (!service.start()) return 1;
  run_until_the_end(service, signals);
  exit_on_next_signal(signals);
  service.stop();
  return 0;
}

}  // namespace belfry::app
