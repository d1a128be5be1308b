#include "app/upkeep/clock_watch.hpp"

#include <future>

namespace belfry::app {
namespace {

constexpr base::Millis kClockCheckInterval{500};

template <class T, class Call>
base::Result<T> wait_for_answer(Call call) {
  const auto promise = std::make_shared<std::promise<base::Result<T>>>();
  auto future = promise->get_future();
  call([promise](base::Result<T> result) { promise->set_value(std::move(result)); });
  return future.get();
}

base::ClockResumption resume_from(base::GatewayClock& clock, const store::StoredClock& kept, const std::string& boot) {
  const auto at = base::GatewayClock::read_clocks();
  const auto resumed = base::resume_clock(kept.mark, kept.newest, boot, at);
  clock.set(resumed.time, at, (kept.mark ? kept.mark->wall_offset : base::Millis(0)) + resumed.step);
  return resumed;
}

}  // namespace

base::Result<std::optional<base::ClockResumption>> resume_clock(base::GatewayClock& clock, store::Store& store) {
  const auto kept = wait_for_answer<store::StoredClock>([&](auto handler) { store.clock(std::move(handler)); });
  if (!kept && kept.error().code == base::ErrorCode::unavailable) return std::nullopt;
  if (!kept) return std::unexpected(kept.error());
  const auto boot = base::boot_id();
  const auto resumed = resume_from(clock, *kept, boot);
  const auto moved = wait_for_answer<std::size_t>([&](auto handler) { store.save_clock(clock.checkpoint(boot), std::move(handler)); });
  // If the store cannot be written now, the guard saves the clock later.
  if (!moved && moved.error().code != base::ErrorCode::unavailable) return std::unexpected(moved.error());
  return resumed;
}

ClockGuard::ClockGuard(Parts parts, const std::optional<base::ClockResumption>& resumed, const base::Logger& log)
    : parts_(parts),
      log_(log.named("clock")),
      boot_id_(base::boot_id()),
      strand_(parts.net),
      timer_(strand_),
      resumed_(resumed),
      watch_(resumed ? resumed->unaccounted : base::Millis(0), parts.clock.steady()) {}

void ClockGuard::start() {
  strand_.post([this] {
    if (resumed_) resumed(*resumed_);
    check();
  });
}

void ClockGuard::resumed(const base::ClockResumption& from) {
  resumed_ = from;
  watch_ = ClockWatch(from.unaccounted, parts_.clock.steady());
  if (from.step.count() != 0) report_step(from.step, "while the gateway was off");
}

// While the store was unusable nothing was leased or accepted, so hardly any timestamp of the provisional clock is in use. The two clocks
// differ only if the wall clock was ever set.
void ClockGuard::resume() {
  parts_.store.clock([this](base::Result<store::StoredClock> kept) {
    if (!kept) return;
    strand_.post([this, kept = std::move(*kept)] {
      if (resumed_) return;
      resumed(resume_from(parts_.clock, kept, boot_id_));
      save();
      wake_lanes();
    });
  });
}

void ClockGuard::check() {
  timer_.arm(kClockCheckInterval, [this] { check(); });
  if (!resumed_) return resume();
  const auto action = watch_.observe(parts_.clock.step(), parts_.clock.steady());
  if (action.adopt.count() != 0) adopt(action.adopt);
  if (action.save) save();
  if (action.account.count() != 0) account_for(action.account);
}

void ClockGuard::adopt(base::Millis step) {
  parts_.clock.adopt(step);
  report_step(step, "while the gateway was running");
}

void ClockGuard::save() {
  parts_.store.save_clock(parts_.clock.checkpoint(boot_id_), [this](const base::Result<std::size_t>& moved) {
    if (moved && *moved == 0) return;
    strand_.post([this, failed = !moved] { failed ? watch_.save_failed(parts_.clock.steady()) : wake_lanes(); });
  });
}

// The machine was off for longer than was counted, and the wall clock that shows this has not been set since.
void ClockGuard::account_for(base::Millis passed) {
  log_.warn("the machine was off for longer than was counted at the start; waiting deliveries are aged by the difference",
            {{"by", passed}});
  parts_.store.age_deliveries(passed, resumed_->time, [this, passed](const base::Result<std::size_t>& aged) {
    strand_.post([this, passed, failed = !aged] { failed ? watch_.account_failed(passed) : wake_lanes(); });
  });
}

void ClockGuard::report_step(base::Millis step, std::string_view when) const {
  parts_.metrics.clock_stepped();
  log_.warn("the wall clock was set; durations are unaffected, times of day follow it",
            {{"by", std::chrono::abs(step)}, {"direction", step < base::Millis(0) ? "back" : "forward"}, {"when", when}});
}

void ClockGuard::wake_lanes() {
  std::vector<std::string> sinks;
  for (const auto& lane : parts_.dispatcher.status()) sinks.push_back(lane.sink);
  parts_.dispatcher.notify(sinks);
}

}  // namespace belfry::app
