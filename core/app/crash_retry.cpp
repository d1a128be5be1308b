#include "app/crash_retry.hpp"

#include <algorithm>
#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kRecheckInterval{10'000};  // how late a pause that began after the last check may be noticed

bool runs(delivery::LaneState state) { return state == delivery::LaneState::open || state == delivery::LaneState::unreachable; }

}  // namespace

void CrashRetry::start() {
  thread_ = std::thread([this] { run(); });
}

void CrashRetry::release(const std::string& sink) {
  parts_.ledger.release(sink, parts_.clock.now());
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

void CrashRetry::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void CrashRetry::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    released_ = false;
    lock.unlock();
    const auto pause = retry_due();
    lock.lock();
    changed_.wait_for(lock, pause, [this] { return stopping_ || released_; });
  }
}

base::Millis CrashRetry::retry_due() {
  auto pause = kRecheckInterval;
  const auto live = parts_.live.get();
  if (!live) return pause;
  const auto now = parts_.clock.now();
  const auto known = parts_.ledger.sinks();
  for (const auto& [name, sink] : live->sinks) {
    if (sink.crashed) {
      const auto crashed = parts_.ledger.find(name, sink.crashed->copy.path.stem().string(), now);
      if (!crashed || crashed->until <= now) {
        parts_.retry(name);
      } else {
        pause = std::min(pause, crashed->until - now);
      }
    } else if (const auto record = known.find(name); record != known.end() && sink.instance) {
      if (now - record->second.until > plugin::kRecoveryTime && runs(sink.lane->status().state)) parts_.ledger.forget(name);
    }
  }
  return std::max(pause, base::Millis(1));
}

}  // namespace belfry::app
