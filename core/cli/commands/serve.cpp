#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>
#include <iterator>

#include "app/service.hpp"
#include "base/run_with_retries.hpp"
#include "cli/commands/commands.hpp"
#include "cli/start_check.hpp"
#include "config/load.hpp"
#include "config/process_variables.hpp"
#include "dryrun/configuration_check.hpp"

extern "C" void __gcov_dump() __attribute__((weak));  // only in builds that measure coverage

namespace belfry::cli {
namespace {

// The main thread waits for signals; every other thread inherits the blocked mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A core file would contain secrets and messages. PR_SET_DUMPABLE would also take /proc and debuggers away.
void disable_core_files() {
  constexpr rlimit kNone{0, 0};
  if (!config::core_files_enabled(config::process_environment()).value_or(false)) ::setrlimit(RLIMIT_CORE, &kNone);
}

// The next signal; none if `timeout` expires.
std::optional<int> next_signal(const sigset_t& signals, std::optional<base::Millis> timeout) {
  if (!timeout) {
    int signal = 0;
    sigwait(&signals, &signal);
    return signal;
  }
  const timespec wait{static_cast<time_t>(timeout->count() / 1000), static_cast<long>(timeout->count() % 1000) * 1'000'000};
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

// Runs until SIGTERM or SIGINT. An exception costs one health check or one reload, not the gateway.
void run_until_stopped(app::Service& service, const sigset_t& signals) {
  for (;;) {
    const auto signal = next_signal(signals, service.health_interval());
    if (signal && signal != SIGHUP) return;
    base::run_with_retries(
        [&] {
          if (signal == SIGHUP) service.request_reload("SIGHUP");
          // After a signal, too: a stream of signals must not suppress the health checks.
          if (service.health_interval()) service.check_health();
        },
        [&](const auto& failure) { service.log().error("a signal could not be handled", {{"why", base::exception_message(failure)}}); });
  }
}

// A second signal ends the process at once. Nothing is lost by that: the store is always consistent.
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
  disable_core_files();
  app::Service service(common.config, [](config::LoadResult loaded) {
    std::ranges::move(machine_problems(loaded), std::back_inserter(loaded.problems));
    return dryrun::check_configuration(std::move(loaded));
  });
  if (!service.start()) return 1;
  run_until_stopped(service, signals);
  exit_on_next_signal(signals);
  service.stop();
  // Everything is stored and closed, but a stuck plugin thread may still use objects here, so they are not destroyed.
  if (service.has_stuck_threads()) _exit(0);
  return 0;
}

// Skips the destructors of plugins, which could still crash after an orderly shutdown.
void exit_process(int status) {
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
  exit_process(status);
  return status;
}

}  // namespace belfry::cli
