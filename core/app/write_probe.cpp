#include "app/write_probe.hpp"

#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kProbesApart{1'000};
constexpr base::Millis kAnswersApart{100};

}  // namespace

WriteProbe::WriteProbe(Parts parts) : parts_(parts), strand_(parts.net), timer_(strand_) {}

void WriteProbe::ask(Answer answer) {
  strand_.post([this, answer = std::move(answer)]() mutable {
    waiting_.push_back(std::move(answer));
    look();
  });
}

void WriteProbe::look() {
  if (under_way_ || armed_ || waiting_.empty()) return;
  if (!last_ || age() >= kProbesApart) return begin();
  const bool refused_since = refusals_ != parts_.metrics.refusals();
  const auto wait = refused_since ? kProbesApart - age() : std::chrono::ceil<base::Millis>(next_answer_ - parts_.clock.steady());
  if (wait <= base::Millis(0)) return found(base::Result<bool>(*last_));
  armed_ = true;
  timer_.arm(wait, [this] {
    armed_ = false;
    look();
  });
}

base::Result<bool> WriteProbe::known() {
  strand_.post([this] {
    if (!under_way_ && !armed_ && (!last_ || age() >= kProbesApart)) begin();
  });
  const std::lock_guard lock(mutex_);
  return known_;
}

base::Millis WriteProbe::age() const { return std::chrono::duration_cast<base::Millis>(parts_.clock.steady() - begun_at_); }

void WriteProbe::begin() {
  under_way_ = true;
  begun_at_ = parts_.clock.steady();
  refusals_ = parts_.metrics.refusals();
  parts_.store.probe([this](const base::Result<bool>& result) {
    strand_.post([this, result] {
      under_way_ = false;
      found(result);
    });
  });
}

void WriteProbe::found(const base::Result<bool>& result) {
  last_ = result;
  next_answer_ = parts_.clock.steady() + kAnswersApart;
  {
    const std::lock_guard lock(mutex_);
    known_ = result;
  }
  for (auto& answer : std::exchange(waiting_, {})) answer(result);
}

}  // namespace belfry::app
