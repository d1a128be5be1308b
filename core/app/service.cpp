#include "app/service.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "app/configuration.hpp"
#include "app/findings.hpp"
#include "app/version.hpp"
#include "plugin/catalogue.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kStatusInterval{5'000};
constexpr base::Millis kWriteInterval{60'000};  // a commit costs the disk something, so it is tried now and then only
constexpr base::Millis kFirstLook{2'000};
constexpr base::Millis kLongestExchange{90'000};

// While one gateway makes room for the next nothing can go round in either. Each step of that has a bound; so has this.
class Bridge {
 public:
  explicit Bridge(ServiceManager& manager) {
    const auto interval = manager.watch_interval();
    if (!interval) return;
    thread_ = std::jthread([&manager, interval = *interval](const std::stop_token& over) {
      std::mutex mutex;
      std::condition_variable_any wake_up;
      const auto end = std::chrono::steady_clock::now() + kLongestExchange;
      while (!over.stop_requested() && std::chrono::steady_clock::now() < end) {
        manager.alive();
        std::unique_lock lock(mutex);
        wake_up.wait_for(lock, over, interval, [] { return false; });
      }
    });
  }

 private:
  std::jthread thread_;
};

// Never destroyed: what hangs in a plugin may still touch it when it comes back.
void leave_behind(std::unique_ptr<App> app) {
  static auto* const kLeft = new std::vector<App*>();
  kLeft->push_back(app.release());
}

}  // namespace

Service::Service(CommonOptions common, base::LogLevel lowest)
    : common_(std::move(common)),
      lasting_{clock_.now(), std::make_shared<base::Scrubber>(), std::make_shared<Metrics>(kVersion), std::make_shared<ReloadReport>()},
      log_(lowest, lasting_.scrubber),
      manager_(std::make_shared<ServiceManager>(lasting_.scrubber)),
      watch_(std::make_shared<Watch>()) {}

bool Service::cannot_start(const std::string& why) {
  log_.error("cannot start", {{"why", why}});
  manager_->status("cannot start: " + why);
  return false;
}

bool Service::start() {
  manager_->status("starting");
  auto loaded = load_configuration(common_, process_environment());
  if (!loaded.settings) {
    const auto problems = findings(std::move(loaded));
    print_problems(problems);
    manager_->status("cannot start: " + first_error(problems));
    return false;
  }
  print_problems(loaded.problems);
  learn_secrets(*loaded.settings, *lasting_.scrubber);
  const plugin::InspectSettings inspect{loaded.settings->store.path.parent_path(), {}};
  if (const auto opened = open(std::move(*loaded.settings), {}); !opened) return cannot_start(opened.error().message);
  tell_ready();
  // What earlier versions of a plugin left behind.
  if (const auto removed = plugin::remove_unused_copies(inspect); removed > 0)
    log_.debug("removed unused copies of plugins", {{"files", removed}});
  return true;
}

base::Result<void> Service::open(config::Settings settings, Legacy legacy) {
  auto app = App::start(std::move(settings), lasting_, log_, std::move(legacy));
  if (!app) return std::unexpected(app.error());
  app_ = std::move(*app);
  next_write_ = clock_.steady() + kWriteInterval;
  return {};
}

// In one message, so that nobody sees a service that is ready and says nothing.
void Service::tell_ready() {
  if (!manager_->listens()) return;
  // This takes the place of a look that is under way.
  const bool store_fails = std::exchange(watch_, std::make_shared<Watch>())->store_fails;
  watch_->store_fails = store_fails;
  const auto found = std::make_shared<std::promise<Condition>>();
  auto condition = found->get_future();
  app_->examine(false, [found](Condition now) { found->set_value(std::move(now)); });
  manager_->ready(condition.wait_for(kFirstLook) == std::future_status::ready ? status_line(condition.get()) : "ready");
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

bool Service::reload() {
  manager_->reloading("reading the configuration");
  log_.info("SIGHUP: reading the configuration");
  const Bridge bridge(*manager_);
  auto candidate = read_candidate(common_, {app_->settings(), app_->broken_sinks()}, *lasting_.scrubber, log_);
  if (!candidate) {
    refuse(candidate.error());
  } else if (!exchange(std::move(*candidate))) {
    return false;
  }
  tell_ready();
  return true;
}

void Service::refuse(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) {
    const bool error = problem.severity == config::Problem::Severity::error;
    log_.write(error ? base::LogLevel::error : base::LogLevel::warn, problem.line_text(), {});
  }
  log_.error("the new configuration is refused; the one of before is in use");
  lasting_.metrics->reloaded(false);
  lasting_.reloads->refused(clock_.now(), problems);
}

bool Service::exchange(Candidate candidate) {
  auto before = app_->settings();
  auto [doors, all_ended] = app_->hand_over();
  if (!all_ended) leave_behind(std::move(app_));
  app_.reset();
  doors.add(std::move(candidate.doors));

  // Told beforehand: whoever finds the new gateway there finds this too.
  lasting_.metrics->reloaded(true);
  lasting_.reloads->taken(clock_.now());
  const auto file = candidate.settings.file;
  const auto opened = open(std::move(candidate.settings), {std::move(candidate.plan), std::move(doors)});
  if (opened) {
    log_.info("the new configuration is in use");
    return true;
  }
  refuse({{config::Problem::Severity::error, file, 0, 0, opened.error().message}});
  if (const auto again = open(std::move(before), {}); !again) return cannot_start(again.error().message);
  return true;
}

void Service::stop() {
  manager_->stopping("stopping: what is in flight ends, the rest is kept");
  log_.info("stopping: what is in flight ends, the rest is kept; a second signal ends this at once");
  app_->stop();
  log_.info("stopped");
}

}  // namespace belfry::app
