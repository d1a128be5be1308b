// The gateway as a service: started, watched, reloaded, stopped, and the service manager told about all of it.
// Thread rule: one thread, that of the signals.
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "app/app.hpp"
#include "app/candidate.hpp"
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
  // Takes the configuration over as it is now. One with errors changes nothing. False: not even the one of before can be started any more.
  [[nodiscard]] bool reload();
  void stop();

  [[nodiscard]] const base::Logger& log() const { return log_; }

 private:
  // Shared with round trips that may come back late.
  struct Watch {
    std::atomic<bool> looking = false;
    std::atomic<bool> store_fails = false;
  };

  [[nodiscard]] base::Result<void> open(config::Settings settings, Legacy legacy);
  [[nodiscard]] bool exchange(Candidate candidate);
  void refuse(const std::vector<config::Problem>& problems);
  [[nodiscard]] bool cannot_start(const std::string& why);  // always false
  void tell_ready();

  CommonOptions common_;
  base::SystemClock clock_;
  Lasting lasting_;
  base::Logger log_;
  std::shared_ptr<ServiceManager> manager_;
  std::shared_ptr<Watch> watch_;
  base::SteadyTime next_write_{};
  std::unique_ptr<App> app_;
};

}  // namespace belfry::app
