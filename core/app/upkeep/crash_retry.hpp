// Retries sinks whose plugins have crashed the gateway: each after its pause, or at once when it is released. A retry that fails or throws
// leaves its sink parked, and is repeated after a pause that doubles with each failure. Uses its own thread, because a retry blocks while
// the plugin is inspected and opened.
// Thread rule: start and stop from one thread, the rest from any.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "app/live/live_config.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "plugin/run/crash/crash_ledger.hpp"

namespace belfry::app {

class CrashRetry {
 public:
  struct Parts {
    plugin::CrashLedger& ledger;
    const base::Clock& clock;
    const Published<LiveConfig>& live;
    std::function<base::Result<void>(const std::string&)> retry;  // called on the retry thread; blocks. The error: it stays parked
  };
  CrashRetry(Parts parts, base::Logger log) : parts_(std::move(parts)), log_(std::move(log)) {}
  ~CrashRetry() { stop(); }
  CrashRetry(const CrashRetry&) = delete;
  CrashRetry& operator=(const CrashRetry&) = delete;

  void start();
  // Retries the sink now, at the request of an administrator.
  void release(const std::string& sink);
  void stop();

 private:
  // A sink whose last retry failed.
  struct Postponed {
    unsigned failures = 0;
    base::SteadyTime until{};
  };

  void run();
  [[nodiscard]] base::Millis retry_due_guarded() noexcept;
  // Retries the sinks that are due; returns the time until the next check.
  [[nodiscard]] base::Millis retry_due();
  void retry(const std::string& name);
  [[nodiscard]] base::Millis time_until_retry(const std::string& name, const OpenSink& sink) const;

  const Parts parts_;
  const base::Logger log_;
  std::map<std::string, Postponed> postponed_;  // by sink; on the retry thread only
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> released_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::app
