// What systemd is told about this process (sd_notify): when it is ready, one line for people, and that it is alive. Without
// $NOTIFY_SOCKET nothing is sent.
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
  // What is shown goes through the scrubber.
  explicit ServiceManager(std::shared_ptr<base::Scrubber> scrubber);

  [[nodiscard]] bool listens() const { return listens_; }
  // How often alive() is to be called: half of what the manager waits for. None: it does not watch.
  [[nodiscard]] std::optional<base::Millis> watch_interval() const { return watch_interval_; }

  void ready(std::string line);
  void reloading(std::string line);  // followed by ready()
  void stopping(std::string line);
  void status(std::string line);  // sends nothing when it is what was said last
  void alive();

 private:
  void say(const std::string& state, std::string line);

  std::shared_ptr<base::Scrubber> scrubber_;
  bool listens_ = false;
  std::optional<base::Millis> watch_interval_;
  std::mutex mutex_;
  std::string last_line_;
};

// For the one line of `systemctl status`: no control characters, at most 1,000 bytes of whole characters.
[[nodiscard]] std::string one_line(std::string text);

}  // namespace belfry::app
