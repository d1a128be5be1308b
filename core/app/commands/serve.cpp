#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <iostream>

#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/service.hpp"
#include "app/variables.hpp"
#include "base/insist.hpp"

extern "C" void __gcov_dump() __attribute__((weak));  // of a build that measures coverage

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

// A core file would hold secrets and what people were told. Not PR_SET_DUMPABLE: that takes /proc and debuggers away as well.
void leave_no_core_file() {
  constexpr rlimit kNone{0, 0};
  if (!wants_core_files(process_environment()).value_or(false)) ::setrlimit(RLIMIT_CORE, &kNone);
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

// Until SIGTERM or SIGINT. What is thrown costs one look or one reload, not the gateway.
void run_until_the_end(Service& service, const sigset_t& signals) {
  for (;;) {
    const auto signal = next_signal(signals, service.look_interval());
    if (signal && signal != SIGHUP) return;
    base::insist(
        [&] {
          if (signal == SIGHUP) service.reload("SIGHUP");
          // After a signal too: many of them must not keep it from looking.
          if (service.look_interval()) service.look();
        },
        [&](const auto& failure) { service.log().error("a signal could not be dealt with", {{"why", base::what_of(failure)}}); });
  }
}

// The second signal ends the process at once: nothing is lost by that, the store is always in order.
void exit_on_next_signal(const sigset_t& signals) {
  const auto exit_now = [](int) {
    base::LogWriter::flush_from_signal();
    _exit(1);
  };
  std::signal(SIGTERM, exit_now);
  std::signal(SIGINT, exit_now);
  sigset_t without_hup = signals;
  sigdelset(&without_hup, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &without_hup, nullptr);
}

int serve(const CommonOptions& common) {
  const auto signals = block_signals();
  leave_no_core_file();
  Service service(common);
  if (!service.start()) return 1;
  run_until_the_end(service, signals);
  exit_on_next_signal(signals);
  service.stop();
  // Everything is stored and closed. What a plugin's thread may still use stays until the process is gone.
  if (service.has_left_threads()) _exit(0);
  return 0;
}

// Past the destructors of plugins, which could still crash what has ended in order.
void leave(int status) {
  base::LogWriter::flush_from_signal();
  std::cout.flush();
  std::cerr.flush();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (__gcov_dump != nullptr) __gcov_dump();
  ::_exit(status);
#else
  static_cast<void>(status);
#endif
}

}  // namespace

int serve_command(const CommonOptions& common) {
  const int status = serve(common);
  leave(status);
  return status;
}

}  // namespace belfry::app
