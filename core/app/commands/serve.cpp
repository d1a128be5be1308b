#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "app/app.hpp"
#include "app/commands/commands.hpp"
#include "app/configuration.hpp"
#include "app/findings.hpp"
#include "plugin/catalogue.hpp"

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

// Until SIGTERM or SIGINT.
void wait_for_the_end(const sigset_t& signals, const base::Logger& log) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return;
    log.warn("SIGHUP: this version reads its configuration at start only; restart it to change the configuration");
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
  auto loaded = load_configuration(common);
  if (!loaded.settings) {
    print_problems(findings(std::move(loaded)));
    return 1;
  }
  print_problems(loaded.problems);
  const plugin::InspectSettings inspect{loaded.settings->store.path.parent_path(), {}};

  const auto scrubber = std::make_shared<base::Scrubber>();
  learn_secrets(*loaded.settings, *scrubber);
  const base::Logger log(log_level(), scrubber);
  auto app = App::start(std::move(*loaded.settings), scrubber, log);
  if (!app) {
    log.error("cannot start", {{"why", app.error().message}});
    return 1;
  }
  sd_notify(0, "READY=1");
  // What earlier versions of a plugin left behind.
  if (const auto removed = plugin::remove_unused_copies(inspect); removed > 0)
    log.debug("removed unused copies of plugins", {{"files", removed}});

  wait_for_the_end(signals, log);
  sd_notify(0, "STOPPING=1");
  log.info("stopping: what is in flight ends, the rest is kept; a second signal ends this at once");
  exit_on_next_signal(signals);
  (*app)->stop();
  log.info("stopped");
  return 0;
}

}  // namespace belfry::app
