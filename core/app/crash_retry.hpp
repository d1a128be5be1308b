// Retries sinks whose plugins have crashed the gateway: each after its pause, or at once when it is released. Uses its own thread, because
// a retry blocks while the plugin is inspected and opened.
// Thread rule: start and stop from one thread, the rest from any.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "app/live_config.hpp"
#include "base/clock.hpp"
#include "plugin/run/crash_ledger.hpp"

namespace belfry::app {

class CrashRetry {
 public:
  struct Parts {
    plugin::CrashLedger& ledger;
    const base::Clock& clock;
    const Published<LiveConfig>& live;
    std::function<void(const std::string&)> retry;  // called on the retry thread; blocks
  };
  explicit CrashRetry(Parts parts) : parts_(std::move(parts)) {}
  ~CrashRetry() { stop(); }
  CrashRetry(const CrashRetry&) = delete;
  CrashRetry& operator=(const CrashRetry&) = delete;

  void start();
  // Retries the sink now, at the request of an administrator.
  void release(const std::string& sink);
  void stop();

 private:
  void run();
  // Retries the sinks that are due; returns the time until the next check.
  [[nodiscard]] base::Millis retry_due();

  const Parts parts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::app
