// The gateway as a service: starts, monitors, reloads and stops it, and reports all of this to the service manager.
// Thread rule: the thread that handles signals; request_reload() from any.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "app/app.hpp"
#include "app/reload/file_watch.hpp"
#include "app/reload/reloader.hpp"
#include "app/service_manager.hpp"
#include "base/log.hpp"
#include "base/log_writer.hpp"

namespace belfry::app {

class Service {
 public:
  // Returns every problem of a configuration that cannot be loaded, including those of its plugins.
  using Diagnosis = std::function<std::vector<config::Diagnostic>(config::LoadResult)>;

  // `file`: the configuration file; empty: as found by config::configuration_file().
  Service(std::filesystem::path file, Diagnosis diagnosis);

  // False: it could not start; the log and the service manager have the reason.
  [[nodiscard]] bool start();
  // How often to call check_health(); none: never.
  [[nodiscard]] std::optional<base::Millis> health_interval() const;
  // Begins a health probe unless the last one is still in progress. When it completes, the service manager is notified that the gateway is
  // alive, with its status.
  void check_health();
  // Requests a reload, which runs soon on another thread. A configuration with errors changes nothing. `who`: the requester, for the log.
  void request_reload(std::string who, Reloader::Handler handler = {});
  void stop();
  // After stop(); see App.
  [[nodiscard]] bool has_stuck_threads() const { return app_ && app_->has_stuck_threads(); }

  [[nodiscard]] const base::Logger& log() const { return log_; }

 private:
  // Shared with probes that may complete late.
  struct HealthCheck {
    std::atomic<bool> in_progress = false;
    std::atomic<bool> store_fails = false;
  };

  void apply_log_settings(const config::LogSettings& settings);
  void print(const std::vector<config::Diagnostic>& problems);
  [[nodiscard]] bool fail_start(const std::vector<config::Diagnostic>& problems);  // reports them and returns false
  [[nodiscard]] ReloadResult run_reload(const std::string& who);
  [[nodiscard]] ReloadResult load_and_apply(const std::string& who);
  void report(const ReloadResult& result);
  void notify_ready();

  const std::filesystem::path file_;
  const Diagnosis diagnosis_;
  base::SystemClock clock_;
  std::shared_ptr<base::Scrubber> scrubber_ = std::make_shared<base::Scrubber>();
  std::shared_ptr<ReloadReport> reloads_ = std::make_shared<ReloadReport>();
  std::shared_ptr<base::LogWriter> writer_;
  base::Logger log_;
  std::shared_ptr<ServiceManager> manager_;
  std::mutex health_check_mutex_;
  std::shared_ptr<HealthCheck> health_check_ = std::make_shared<HealthCheck>();
  base::SteadyTime next_write_{};
  std::unique_ptr<App> app_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<FileWatch> files_;
};

}  // namespace belfry::app
