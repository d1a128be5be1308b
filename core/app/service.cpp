#include "app/service.hpp"

#include <algorithm>
#include <future>

#include "app/configuration.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kStatusInterval{5'000};
constexpr base::Millis kWriteInterval{60'000};  // a commit costs the disk something, so it is tried now and then only
constexpr base::Millis kFirstLook{2'000};

}  // namespace

Service::Service(CommonOptions common, base::LogLevel lowest)
    : common_(std::move(common)),
      scrubber_(std::make_shared<base::Scrubber>()),
      log_(lowest, scrubber_),
      manager_(std::make_shared<ServiceManager>(scrubber_)),
      watch_(std::make_shared<Watch>()) {}

void Service::cannot_start(const std::string& why) { manager_->status("cannot start: " + why); }

bool Service::start() {
  manager_->status("starting");
  auto loaded = load_configuration(common_);
  print_problems(loaded.problems);
  if (!loaded.settings) {
    cannot_start(first_error(loaded.problems));
    return false;
  }
  learn_secrets(*loaded.settings, *scrubber_);
  auto app = App::start(std::move(*loaded.settings), scrubber_, log_);
  if (!app) {
    log_.error("cannot start", {{"why", app.error().message}});
    cannot_start(app.error().message);
    return false;
  }
  app_ = std::move(*app);
  next_write_ = clock_.steady() + kWriteInterval;

  if (!manager_->listens()) return true;
  // Told in one message with READY=1, so that nobody sees a service that is ready and says nothing.
  const auto found = std::make_shared<std::promise<Condition>>();
  auto condition = found->get_future();
  app_->examine(false, [found](Condition now) { found->set_value(std::move(now)); });
  manager_->ready(condition.wait_for(kFirstLook) == std::future_status::ready ? status_line(condition.get()) : "ready");
  return true;
}

std::optional<base::Millis> Service::look_interval() const {
  if (!manager_->listens()) return std::nullopt;
  return std::min(kStatusInterval, manager_->watch_interval().value_or(kStatusInterval));
}

void Service::look() {
  if (watch_->looking.exchange(true)) return;
  const bool try_writing = watch_->store_fails || clock_.steady() >= next_write_;
  if (try_writing) next_write_ = clock_.steady() + kWriteInterval;
  app_->examine(try_writing, [watch = watch_, manager = manager_](const Condition& now) {
    manager->alive();
    manager->status(status_line(now));
    watch->store_fails = !now.writing || !now.stats;
    watch->looking = false;
  });
}

void Service::reload() {
  manager_->reloading("reading the configuration");
  log_.warn("SIGHUP: this version reads its configuration at start only; restart it to change the configuration");
  manager_->ready("the configuration is read at start only; restart to change it");
}

void Service::stop() {
  manager_->stopping("stopping: what is in flight ends, the rest is kept");
  log_.info("stopping: what is in flight ends, the rest is kept; a second signal ends this at once");
  app_->stop();
  log_.info("stopped");
}

}  // namespace belfry::app
