#include "app/observe/write_probe.hpp"

#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kMinProbeInterval{1'000};
constexpr base::Millis kMinAnswerInterval{100};

}  // namespace

WriteProbe::WriteProbe(Parts parts) : parts_(parts), strand_(parts.net), timer_(strand_) {}

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
  armed_ = true;
  timer_.arm(wait, [this] {
    armed_ = false;
    advance();
  });
}

base::Result<bool> WriteProbe::last_result() {
  strand_.post([this] {
    if (!probing_ && !armed_ && (!last_ || age() >= kMinProbeInterval)) start_probe();
  });
  const std::lock_guard lock(mutex_);
  return last_result_;
}

base::Millis WriteProbe::age() const { return std::chrono::duration_cast<base::Millis>(parts_.clock.steady() - started_at_); }

void WriteProbe::start_probe() {
  probing_ = true;
  started_at_ = parts_.clock.steady();
  refusals_ = parts_.metrics.refused_requests();
  parts_.store.probe([this](const base::Result<bool>& result) {
    strand_.post([this, result] {
      probing_ = false;
      on_result(result);
    });
  });
}

void WriteProbe::on_result(const base::Result<bool>& result) {
  last_ = result;
  next_answer_ = parts_.clock.steady() + kMinAnswerInterval;
  {
    const std::lock_guard lock(mutex_);
    last_result_ = result;
  }
  for (auto& answer : std::exchange(waiting_, {})) answer(result);
}

}  // namespace belfry::app
