#include "app/service.hpp"

#include <unistd.h>

#include <algorithm>
#include <future>
#include <vector>

#include "app/configuration.hpp"
#include "app/findings.hpp"
#include "app/variables.hpp"
#include "base/insist.hpp"
#include "plugin/catalogue.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kStatusInterval{5'000};
constexpr base::Millis kWriteInterval{60'000};  // a commit costs the disk something, so it is tried now and then only
constexpr base::Millis kFirstLook{2'000};

std::vector<std::filesystem::path> to_watch(const config::Settings& settings) {
  if (!settings.watch || settings.file.empty()) return {};
  return settings.files;
}

}  // namespace

Service::Service(CommonOptions common)
    : common_(std::move(common)),
      writer_(std::make_shared<base::LogWriter>(STDERR_FILENO, base::line_start_for(STDERR_FILENO))),
      log_(base::log_to(writer_, log_level(process_environment()).value_or(base::LogLevel::info), scrubber_)),
      manager_(std::make_shared<ServiceManager>(scrubber_)) {
  writer_->flush_on_crash();
}

bool Service::start() {
  manager_->status("starting");
  files_ = std::make_unique<FileWatch>([this] { reload("changed files"); }, log_);
  files_->about_to_read();
  auto loaded = load_configuration(common_, process_environment());
  const bool variables_are_good = environment_problems(process_environment()).empty();
  if (!loaded.settings || !variables_are_good) return cannot_start(findings(std::move(loaded)));
  print(loaded.problems);
  learn_secrets(*loaded.settings, *scrubber_);
  const plugin::InspectSettings inspect{loaded.settings->store.path.parent_path(), {}};
  const auto watched = to_watch(*loaded.settings);
  reloader_ = std::make_unique<Reloader>([this](const std::string& who) { return reload_now(who); });
  auto app = App::start(std::move(*loaded.settings),
                        {scrubber_, reloads_, [this](auto answer) { reload("the admin API", std::move(answer)); }}, log_);
  if (!app) {
    log_.error("cannot start", {{"why", app.error().message}});
    manager_->status("cannot start: " + app.error().message);
    return false;
  }
  app_ = std::move(*app);
  next_write_ = clock_.steady() + kWriteInterval;
  tell_ready();
  files_->follow(watched);
  reloader_->start();
  // What earlier versions of a plugin left behind.
  if (const auto removed = plugin::remove_unused_copies(inspect); removed > 0)
    log_.debug("removed unused copies of plugins", {{"files", removed}});
  return true;
}

// On a terminal as every command prints them; each names its level by itself.
void Service::print(const std::vector<config::Problem>& problems) {
  if (writer_->line_start() == base::LineStart::priority) return log_problems(log_, problems);
  for (const auto& problem : problems) writer_->write(scrubber_->scrub(problem.line_text()));
}

bool Service::cannot_start(const std::vector<config::Problem>& problems) {
  print(problems);
  manager_->status("cannot start: " + first_error(problems));
  return false;
}

// In one message, so that nobody sees a service that is ready and says nothing.
void Service::tell_ready() {
  if (!manager_->listens()) return;
  const auto found = std::make_shared<std::promise<Condition>>();
  auto condition = found->get_future();
  const auto fresh = std::make_shared<Watch>();
  {
    // This takes the place of a look that is under way, and none takes its own.
    const std::lock_guard lock(watch_mutex_);
    fresh->store_fails = watch_->store_fails.load();
    fresh->looking = true;
    watch_ = fresh;
    app_->examine(false, [found](Condition now) { found->set_value(std::move(now)); });
  }
  manager_->ready(condition.wait_for(kFirstLook) == std::future_status::ready ? status_line(condition.get()) : "ready");
  fresh->looking = false;
}

std::optional<base::Millis> Service::look_interval() const {
  if (!manager_->listens()) return std::nullopt;
  return std::min(kStatusInterval, manager_->watch_interval().value_or(kStatusInterval));
}

void Service::look() {
  const std::lock_guard lock(watch_mutex_);
  const auto current = watch_;
  if (current->looking.exchange(true)) return;
  const bool try_writing = current->store_fails || clock_.steady() >= next_write_;
  if (try_writing) next_write_ = clock_.steady() + kWriteInterval;
  app_->examine(try_writing, [current, manager = manager_](const Condition& now) {
    manager->alive();
    manager->status(status_line(now));
    current->store_fails = !now.writing || !now.stats;
    current->looking = false;
  });
}

void Service::reload(std::string who, Reloader::Handler handler) { reloader_->ask(std::move(who), std::move(handler)); }

// However it ends, the manager hears that the service is ready again.
Verdict Service::reload_now(const std::string& who) {
  const auto ready = [&] {
    base::insist([&] { tell_ready(); }, [&](const auto& failure) { log_.error("after the reload", {{"why", base::what_of(failure)}}); });
  };
  try {
    auto verdict = read_again(who);
    ready();
    return verdict;
  } catch (const std::exception& e) {
    log_.error("the reload failed; the configuration of before is in use", {{"why", e.what()}});
    Verdict verdict{clock_.now(), false, {{.text = std::string("the reload failed: ") + e.what()}}};
    reloads_->set(verdict);
    ready();
    return verdict;
  }
}

Verdict Service::read_again(const std::string& who) {
  manager_->reloading("reading the configuration");
  log_.info("reading the configuration", {{"asked_by", who}});
  files_->about_to_read();
  auto loaded = load_configuration(common_, process_environment());
  const auto watched = loaded.settings ? std::optional(to_watch(*loaded.settings)) : std::nullopt;
  auto verdict = app_->reload(std::move(loaded));
  report(verdict);
  // The verdict holds whatever becomes of what follows.
  const auto failed = [&](const auto& failure) { log_.error("after the reload", {{"why", base::what_of(failure)}}); };
  if (verdict.taken && watched) base::insist([&] { files_->follow(*watched); }, failed);
  base::insist([&] { reloads_->set(verdict); }, failed);
  return verdict;
}

void Service::report(const Verdict& verdict) {
  log_problems(log_, verdict.problems);
  if (verdict.taken) {
    log_.info("the new configuration is in use");
  } else {
    log_.error("the new configuration is refused; the one of before is in use");
  }
}

void Service::stop() {
  app_->abandon_reload();
  reloader_->stop();
  files_.reset();
  manager_->stopping("stopping: what is in flight ends, the rest is kept");
  log_.info("stopping: what is in flight ends, the rest is kept; a second signal ends this at once");
  app_->stop();
  log_.info("stopped");
}

}  // namespace belfry::app
