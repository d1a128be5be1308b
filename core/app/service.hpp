// The gateway as a service: started, watched, reloaded, stopped, and the service manager told about all of it.
// Thread rule: one thread, that of the signals; reload() from any.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "app/app.hpp"
#include "app/commands/commands.hpp"
#include "app/file_watch.hpp"
#include "app/reloader.hpp"
#include "app/service_manager.hpp"
#include "base/log.hpp"
#include "base/log_writer.hpp"

namespace belfry::app {

class Service {
 public:
  explicit Service(CommonOptions common);

  // False: it could not start; the log and the service manager have been told why.
  [[nodiscard]] bool start();
  // How often look() is to be called; none: never.
  [[nodiscard]] std::optional<base::Millis> look_interval() const;
  // Begins a round trip through the gateway, unless the last one is still on its way. When it comes back, the service manager hears that
  // the gateway is alive, and how it is.
  void look();
  // Has the configuration read again, soon and on another thread. One with errors changes nothing.
  void reload(std::string who, Reloader::Handler handler = {});
  void stop();
  // After stop(), see App.
  [[nodiscard]] bool has_left_threads() const { return app_ && app_->has_left_threads(); }

  [[nodiscard]] const base::Logger& log() const { return log_; }

 private:
  // Shared with round trips that may come back late.
  struct Watch {
    std::atomic<bool> looking = false;
    std::atomic<bool> store_fails = false;
  };

  void print(const std::vector<config::Problem>& problems);
  [[nodiscard]] bool cannot_start(const std::vector<config::Problem>& problems);  // says so; false
  [[nodiscard]] Verdict reload_now(const std::string& who);
  [[nodiscard]] Verdict read_again(const std::string& who);
  void report(const Verdict& verdict);
  void tell_ready();

  CommonOptions common_;
  base::SystemClock clock_;
  std::shared_ptr<base::Scrubber> scrubber_ = std::make_shared<base::Scrubber>();
  std::shared_ptr<ReloadReport> reloads_ = std::make_shared<ReloadReport>();
  std::shared_ptr<base::LogWriter> writer_;
  base::Logger log_;
  std::shared_ptr<ServiceManager> manager_;
  std::mutex watch_mutex_;
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  base::SteadyTime next_write_{};
  std::unique_ptr<App> app_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<FileWatch> files_;
};

}  // namespace belfry::app
