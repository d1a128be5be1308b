#include "app/observe/write_probe.hpp"

#include <utility>

#include "base/run_with_retries.hpp"

namespace belfry::app {
namespace {

constexpr base::Millis kMinProbeInterval{1'000};
constexpr base::Millis kMinAnswerInterval{100};

}  // namespace

WriteProbe::WriteProbe(Parts parts) : parts_(std::move(parts)), strand_(parts_.net), timer_(strand_), timeout_timer_(strand_) {}

void WriteProbe::request(Answer answer) {
  strand_.post([this, answer = std::move(answer)]() mutable {
    waiting_.push_back(std::move(answer));
    advance();
  });
}

void WriteProbe::advance() {
  if (probing_ || armed_ || waiting_.empty()) return;
  if (!last_ || age() >= kMinProbeInterval) return start_probe();
  const bool refused_since = refusals_ != parts_.metrics.refused_requests();
  const auto wait = refused_since ? kMinProbeInterval - age() : std::chrono::ceil<base::Millis>(next_answer_ - parts_.clock.steady());
  if (wait <= base::Millis(0)) return on_result(base::Result<bool>(*last_));
  timer_.arm(wait, [this] {
    armed_ = false;
    advance();
  });
  armed_ = true;  // after arm(), which may throw
}

base::Result<bool> WriteProbe::last_result() {
  strand_.post([this] {
    if (!probing_ && !armed_ && (!last_ || age() >= kMinProbeInterval)) start_probe();
  });
  const std::lock_guard lock(mutex_);
  return last_result_;
}

base::Millis WriteProbe::age() const { return std::chrono::duration_cast<base::Millis>(parts_.clock.steady() - started_at_); }

// However a probe fails, requests get an answer: an exception counts as a failure, and a result that does not arrive as a timeout.
void WriteProbe::start_probe() {
  const auto number = ++probes_;
  started_at_ = parts_.clock.steady();
  refusals_ = parts_.metrics.refused_requests();
  try {
    timeout_timer_.arm(parts_.timeout, [this, number] {
      on_probed(number, base::fail(base::ErrorCode::timeout, "no answer within " + base::to_string(parts_.timeout)));
    });
    probing_ = true;
    parts_.probe([this, number](const base::Result<bool>& result) { strand_.post([this, number, result] { on_probed(number, result); }); });
  } catch (...) {
    const auto failure = std::current_exception();
    on_probed(number, base::fail(std::string("the check failed: ") + base::exception_message(failure)));
  }
}

void WriteProbe::on_probed(std::uint64_t number, const base::Result<bool>& result) {
  if (number != probes_) return;
  probing_ = false;
  ++probes_;
  timeout_timer_.cancel();
  on_result(result);
}

void WriteProbe::on_result(const base::Result<bool>& result) {
  last_ = result;
  next_answer_ = parts_.clock.steady() + kMinAnswerInterval;
  {
    const std::lock_guard lock(mutex_);
    last_result_ = result;
  }
  // An answer that throws is dropped, which sends 500; the others still get theirs.
  for (auto& answer : std::exchange(waiting_, {})) {
    try {
      answer(result);
    } catch (...) {
      continue;
    }
  }
}

}  // namespace belfry::app
