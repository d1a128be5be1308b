#include "app/upkeep/crash_retry.hpp"

#include <algorithm>
#include <utility>

#include "base/run_with_retries.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kRecheckInterval{10'000};  // how late a pause that began after the last check may be noticed

// After a retry that failed without a crash. The pauses of the ledger apply to crashes, and its counts decide when a delivery is given up.
base::Millis pause_after(unsigned failures) {
  constexpr unsigned kMaxDoublings = 10;
  return std::min<base::Millis>(plugin::kFirstCrashPause * (1U << std::min(failures, kMaxDoublings)), plugin::kMaxCrashPause);
}

bool runs(delivery::LaneState state) { return state == delivery::LaneState::open || state == delivery::LaneState::unreachable; }

}  // namespace

void CrashRetry::start() {
  thread_ = std::thread([this] { run(); });
}

void CrashRetry::release(const std::string& sink) {
  parts_.ledger.release(sink, parts_.clock.now());
  const std::lock_guard lock(mutex_);
  released_.insert(sink);
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
    for (const auto& sink : released_) postponed_.erase(sink);
    released_.clear();
    lock.unlock();
    const auto pause = retry_due_guarded();
    lock.lock();
    changed_.wait_for(lock, pause, [this] { return stopping_ || !released_.empty(); });
  }
}

// An exception on this thread would end the process, and with it the sinks that work.
base::Millis CrashRetry::retry_due_guarded() noexcept {
  try {
    return retry_due();
  } catch (...) {
    const auto failure = std::current_exception();
    base::run_with_retries(
        [&] { log_.error("retrying the crashed sinks was interrupted; trying again", {{"why", base::exception_message(failure)}}); },
        [](const auto&) {});
    return kRecheckInterval;
  }
}

base::Millis CrashRetry::retry_due() {
  auto pause = kRecheckInterval;
  const auto live = parts_.live.get();
  if (!live) return pause;
  std::erase_if(postponed_, [&](const auto& entry) {
    const auto found = live->sinks.find(entry.first);
    return found == live->sinks.end() || !found->second.crashed;
  });
  const auto now = parts_.clock.now();
  const auto known = parts_.ledger.sinks();
  for (const auto& [name, sink] : live->sinks) {
    if (sink.crashed) {
      if (const auto left = time_until_retry(name, sink); left > base::Millis(0)) {
        pause = std::min(pause, left);
      } else {
        retry(name);
      }
    } else if (const auto record = known.find(name); record != known.end() && sink.instance) {
      if (now - record->second.until > plugin::kRecoveryTime && runs(sink.lane->status().state)) parts_.ledger.forget(name);
    }
  }
  return std::max(pause, base::Millis(1));
}

base::Millis CrashRetry::time_until_retry(const std::string& name, const OpenSink& sink) const {
  const auto now = parts_.clock.now();
  const auto crashed = parts_.ledger.find(name, sink.crashed->copy.path.stem().string(), now);
  const auto by_ledger = crashed ? crashed->until - now : base::Millis(0);
  const auto postponed = postponed_.find(name);
  if (postponed == postponed_.end()) return by_ledger;
  return std::max(by_ledger, std::chrono::ceil<base::Millis>(postponed->second.until - parts_.clock.steady()));
}

// Plans the next try first, so that it is known however this one fails.
void CrashRetry::retry(const std::string& name) {
  auto& postponed = postponed_[name];
  const auto pause = pause_after(postponed.failures);
  postponed = {postponed.failures + 1, parts_.clock.steady() + pause};
  std::string why;
  try {
    const auto retried = parts_.retry(name);
    if (retried) {
      postponed_.erase(name);
      return;
    }
    why = retried.error().message;
  } catch (...) {
    why = std::string("an exception: ") + base::exception_message(std::current_exception());
  }
  log_.error("a sink cannot be retried and stays parked",
             {{"sink", name}, {"why", "retry: sinks." + name + ": " + why}, {"next_try_in", pause}});
}

}  // namespace belfry::app
