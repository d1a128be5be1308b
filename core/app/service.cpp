#include "app/service.hpp"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <vector>

#include "app/log_problems.hpp"
#include "app/observe/status_line.hpp"
#include "base/run_with_retries.hpp"
#include "config/load.hpp"
#include "config/process_variables.hpp"
#include "config/secrets.hpp"
#include "config/values/diagnostic.hpp"
#include "plugin/inspect/catalogue.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kStatusInterval{5'000};
constexpr base::Millis kWriteInterval{60'000};  // a test commit costs disk I/O, so it is rare
constexpr base::Millis kFirstProbeTimeout{2'000};

std::vector<std::filesystem::path> files_to_watch(const config::Settings& settings) {
  if (!settings.watch || settings.file.empty()) return {};
  return settings.files;
}

}  // namespace

Service::Service(std::filesystem::path file, Diagnosis diagnosis)
    : file_(std::move(file)),
      diagnosis_(std::move(diagnosis)),
      writer_(std::make_shared<base::LogWriter>(STDERR_FILENO, base::line_prefix_for(STDERR_FILENO))),
      log_(base::log_to(writer_, config::effective_log_level({}, config::process_environment()), scrubber_,
                        base::log_format_for(STDERR_FILENO))),
      manager_(std::make_shared<ServiceManager>(scrubber_)) {
  writer_->flush_on_crash();
}

bool Service::start() {
  manager_->status("starting");
  files_ = std::make_unique<FileWatch>([this] { request_reload("changed files"); }, log_);
  files_->record_stamps();
  auto loaded = config::load_configuration(file_, config::process_environment());
  if (const auto* const settings = loaded.readable()) apply_log_settings(settings->log);
  const bool variables_are_good = config::environment_problems(config::process_environment()).empty();
  if (!loaded.settings || !variables_are_good) {
    // The problems are printed as `belfry check` prints them, unless a format is configured.
    if (const auto* const settings = loaded.readable(); settings == nullptr || !settings->log.format)
      log_.change_format(base::LogFormat::text);
    return fail_start(diagnosis_(std::move(loaded)));
  }
  print(loaded.problems);
  config::register_secrets(*loaded.settings, *scrubber_);
  const plugin::InspectSettings inspect{loaded.settings->store.path.parent_path(), {}};
  const auto watched = files_to_watch(*loaded.settings);
  reloader_ = std::make_unique<Reloader>([this](const std::string& who) { return run_reload(who); });
  auto app = App::start(std::move(*loaded.settings),
                        {scrubber_, reloads_, [this](auto answer) { request_reload("the admin API", std::move(answer)); }}, log_);
  if (!app) {
    log_.error("cannot start", {{"why", app.error().message}});
    manager_->status("cannot start: " + app.error().message);
    return false;
  }
  app_ = std::move(*app);
  next_write_ = clock_.steady() + kWriteInterval;
  notify_ready();
  files_->set_files(watched);
  reloader_->start();
  // Private copies of earlier plugin versions.
  if (const auto removed = plugin::remove_unused_copies(inspect); removed > 0)
    log_.debug("removed unused copies of plugins", {{"files", removed}});
  return true;
}

// Replaces a level that was set while running.
void Service::apply_log_settings(const config::LogSettings& settings) {
  log_.change_format(settings.format.value_or(base::log_format_for(STDERR_FILENO)));
  log_.change_level(config::effective_log_level(settings, config::process_environment()));
}

// As text outside the journal, prints in the same form as the commands; each diagnostic includes its severity.
void Service::print(const std::vector<config::Diagnostic>& problems) {
  const bool as_text = log_.format() == base::LogFormat::text && writer_->line_prefix() != base::LinePrefix::priority;
  if (!as_text) return log_problems(log_, problems);
  for (const auto& problem : problems) writer_->write(scrubber_->scrub(problem.to_string()));
}

bool Service::fail_start(const std::vector<config::Diagnostic>& problems) {
  print(problems);
  manager_->status("cannot start: " + config::error_summary(problems));
  return false;
}

// Sends both in one message, so that the service is never shown as ready without a status.
void Service::notify_ready() {
  if (!manager_->enabled()) return;
  const auto found = std::make_shared<std::promise<HealthSnapshot>>();
  auto snapshot = found->get_future();
  const auto fresh = std::make_shared<HealthCheck>();
  {
    // Replaces a probe in progress; `in_progress` keeps another one from replacing this one.
    const std::lock_guard lock(health_check_mutex_);
    fresh->store_fails = health_check_->store_fails.load();
    fresh->in_progress = true;
    health_check_ = fresh;
    app_->probe_health(false, [found](HealthSnapshot now) { found->set_value(std::move(now)); });
  }
  manager_->ready(snapshot.wait_for(kFirstProbeTimeout) == std::future_status::ready ? status_line(snapshot.get()) : "ready");
  fresh->in_progress = false;
}

std::optional<base::Millis> Service::health_interval() const {
  if (!manager_->enabled()) return std::nullopt;
  return std::min(kStatusInterval, manager_->watchdog_interval().value_or(kStatusInterval));
}

void Service::check_health() {
  const std::lock_guard lock(health_check_mutex_);
  const auto current = health_check_;
  if (current->in_progress.exchange(true)) return;
  const bool try_writing = current->store_fails || clock_.steady() >= next_write_;
  if (try_writing) next_write_ = clock_.steady() + kWriteInterval;
  app_->probe_health(try_writing, [current, manager = manager_](const HealthSnapshot& now) {
    manager->ping_watchdog();
    manager->status(status_line(now));
    current->store_fails = !now.writable || !now.stats;
    current->in_progress = false;
  });
}

void Service::request_reload(std::string who, Reloader::Handler handler) { reloader_->request(std::move(who), std::move(handler)); }

// However the reload ends, the service manager is notified that the service is ready again.
ReloadResult Service::run_reload(const std::string& who) {
  const auto ready = [&] {
    base::run_with_retries(
        [&] { notify_ready(); },
        [&](const auto& failure) { log_.error("a step after the reload failed", {{"why", base::exception_message(failure)}}); });
  };
  try {
    auto result = load_and_apply(who);
    ready();
    return result;
  } catch (const std::exception& e) {
    log_.error("the reload failed; the previous configuration is still in use", {{"why", e.what()}});
    ReloadResult result{clock_.now(), false, {{.text = std::string("the reload failed: ") + e.what()}}};
    reloads_->set(result);
    ready();
    return result;
  }
}

ReloadResult Service::load_and_apply(const std::string& who) {
  manager_->reloading("reading the configuration");
  log_.info("reading the configuration", {{"asked_by", who}});
  files_->record_stamps();
  auto loaded = config::load_configuration(file_, config::process_environment());
  const auto watched = loaded.settings ? std::optional(files_to_watch(*loaded.settings)) : std::nullopt;
  const auto log_settings = loaded.settings ? loaded.settings->log : config::LogSettings();
  auto result = app_->reload(std::move(loaded));
  if (result.applied) apply_log_settings(log_settings);
  report(result);
  // The result stands even if a later step fails.
  const auto failed = [&](const auto& failure) {
    log_.error("a step after the reload failed", {{"why", base::exception_message(failure)}});
  };
  if (result.applied && watched) base::run_with_retries([&] { files_->set_files(*watched); }, failed);
  base::run_with_retries([&] { reloads_->set(result); }, failed);
  return result;
}

void Service::report(const ReloadResult& result) {
  log_problems(log_, result.problems);
  if (result.applied) {
    log_.info("the new configuration is in use");
  } else {
    log_.error("the new configuration was refused; the previous one is still in use");
  }
}

void Service::stop() {
  app_->cancel_reload();
  reloader_->stop();
  files_.reset();
  manager_->stopping("stopping: work in flight is finished, the rest is kept");
  log_.info("stopping: work in flight is finished, the rest is kept; a second signal exits at once");
  app_->stop();
  log_.flush_repeats();
  log_.info("stopped");
}

}  // namespace belfry::app
