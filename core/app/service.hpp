// The gateway as a service: started, watched, stopped, and the service manager told about all of it.
// Thread rule: one thread, that of the signals.
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "app/app.hpp"
#include "app/commands/commands.hpp"
#include "app/service_manager.hpp"
#include "base/log.hpp"

namespace belfry::app {

class Service {
 public:
  Service(CommonOptions common, base::LogLevel lowest);

  // False: it could not start; the log and the service manager have been told why.
  [[nodiscard]] bool start();
  // How often look() is to be called; none: never.
  [[nodiscard]] std::optional<base::Millis> look_interval() const;
  // Begins a round trip through the gateway, unless the last one is still on its way. When it comes back, the service manager hears that
  // the gateway is alive, and how it is.
  void look();
  void reload();
  void stop();

  [[nodiscard]] const base::Logger& log() const { return log_; }

 private:
  // Shared with round trips that may come back late.
  struct Watch {
    std::atomic<bool> looking = false;
    std::atomic<bool> store_fails = false;
  };

  void cannot_start(const std::string& why);

  CommonOptions common_;
  std::shared_ptr<base::Scrubber> scrubber_;
  base::Logger log_;
  std::shared_ptr<ServiceManager> manager_;
  std::shared_ptr<Watch> watch_;
  base::SystemClock clock_;
  base::SteadyTime next_write_{};
  std::unique_ptr<App> app_;
};

}  // namespace belfry::app
