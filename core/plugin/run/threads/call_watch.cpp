#include "plugin/run/threads/call_watch.hpp"

#include <pthread.h>

#include "base/run_with_retries.hpp"

namespace belfry::plugin {

CallWatch::CallWatch(const base::Clock& clock, base::Logger log, base::Millis slow, RoundHandler on_round)
    : clock_(clock), log_(std::move(log)), slow_(slow), on_round_(std::move(on_round)), thread_([this] { watch(); }) {
  ::pthread_setname_np(thread_.native_handle(), "plugin-watch");
}

void CallWatch::begin(Call& call, std::string_view name, base::Millis limit) {
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  call.name = name;
  call.limit = limit;
  call.began = now;
  call.thread = net::this_thread_id();
  call.slow = call.overdue = call.overdue_reported = false;
  calls_.insert(&call);
  if (sleeps_) changed_.notify_one();
}

CallWatch::Ended CallWatch::end(Call& call) {
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  calls_.erase(&call);
  call.name = {};
  return {std::chrono::duration_cast<base::Millis>(now - call.began), call.overdue || call.overdue_reported};
}

void CallWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void CallWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (calls_.empty()) {
      sleeps_ = true;
      changed_.wait(lock, [this] { return stopped_ || !calls_.empty(); });
      sleeps_ = false;
    }
    changed_.wait_for(lock, kRound, [this] { return stopped_; });
    if (!stopped_) round(clock_.steady());
  }
}

// A failed step (out of memory or threads) is retried in the next round.
template <class Step>
void CallWatch::run_guarded(Step step) noexcept {
  constexpr auto kBetweenLines = std::chrono::minutes(1);
  try {
    step();
  } catch (...) {
    const auto failure = std::current_exception();
    try {
      const auto now = clock_.steady();
      if (now < next_line_) return;
      log_.error("watching the plugins failed; trying again", {{"error", base::exception_message(failure)}});
      next_line_ = now + kBetweenLines;
    } catch (...) {
      // No memory for a line either.
    }
  }
}

void CallWatch::report(Call& call, base::SteadyTime now, base::Millis slow) {
  const auto age = now - call.began;
  if (!call.slow && age >= slow) {
    call.on_slow();
    call.slow = true;
  }
  if (!call.overdue && age >= call.limit) {
    call.on_overdue();
    call.overdue = true;
  }
}

void CallWatch::round(base::SteadyTime now) {
  run_guarded([&] { on_round_(calls_, now); });
  for (Call* call : calls_) run_guarded([&] { report(*call, now, slow_); });
}

}  // namespace belfry::plugin
