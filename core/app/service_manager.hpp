// Notifications to systemd (sd_notify(3)): readiness, a one-line status, and watchdog pings. Sends nothing without $NOTIFY_SOCKET.
// Thread rule: any thread.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace belfry::app {

class ServiceManager {
 public:
  // Every line passes through the scrubber.
  explicit ServiceManager(std::shared_ptr<base::Scrubber> scrubber);

  [[nodiscard]] bool enabled() const { return enabled_; }
  // How often to call ping_watchdog(): half of the watchdog timeout. None: there is no watchdog.
  [[nodiscard]] std::optional<base::Millis> watchdog_interval() const { return watchdog_interval_; }

  void ready(std::string line);
  void reloading(std::string line);  // must be followed by ready()
  void stopping(std::string line);
  void status(std::string line);  // sends nothing if the line has not changed
  void ping_watchdog();

 private:
  void send(const std::string& state, std::string line);

  std::shared_ptr<base::Scrubber> scrubber_;
  bool enabled_ = false;
  std::optional<base::Millis> watchdog_interval_;
  std::mutex mutex_;
  std::string last_line_;
};

// For the status line of `systemctl status`: no control characters, at most 1,000 bytes, cut between characters.
[[nodiscard]] std::string one_line(std::string text);

}  // namespace belfry::app
