// Tries sinks again whose plugins have taken the gateway down: each after its pause, or at once when a person releases it. A thread of its
// own, because a try blocks while plugins are looked at and opened.
// Thread rule: start and stop from one thread, the rest from any.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "app/live.hpp"
#include "base/clock.hpp"
#include "plugin/crash_ledger.hpp"

namespace belfry::app {

class CrashRetry {
 public:
  struct Parts {
    plugin::CrashLedger& ledger;
    const base::Clock& clock;
    const Published<Live>& live;
    std::function<void(const std::string&)> retry;  // on the thread of this; blocks
  };
  explicit CrashRetry(Parts parts) : parts_(std::move(parts)) {}
  ~CrashRetry() { stop(); }
  CrashRetry(const CrashRetry&) = delete;
  CrashRetry& operator=(const CrashRetry&) = delete;

  void start();
  // A person says that the sink is to be tried now.
  void release(const std::string& sink);
  void stop();

 private:
  void run();
  // Tries what is due; returns how long nothing else will be.
  [[nodiscard]] base::Millis look();

  const Parts parts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::app
