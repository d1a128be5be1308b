#include "app/examination.hpp"

namespace belfry::app {

Examination::Examination(Parts parts) : parts_(parts), strand_(parts.net), timer_(strand_) {}

void Examination::begin(bool try_writing, std::move_only_function<void(Condition)> done) {
  const auto refusals = parts_.metrics.refusals();
  try_writing = refusals_.exchange(refusals) != refusals || try_writing;
  auto ask = [this, done = std::move(done)](base::Result<bool> writing) mutable {
    parts_.store.ping([this, writing = std::move(writing), done = std::move(done)](const base::Result<bool>& turns) mutable {
      auto stats = turns ? base::Result<store::Stats>(parts_.store.stats(parts_.clock.now())) : std::unexpected(turns.error());
      Condition found{std::move(stats), std::move(writing), parts_.dispatcher.status(), parts_.reloads.refusal()};
      strand_.post([found = std::move(found), done = std::move(done)]() mutable { done(std::move(found)); });
    });
  };
  auto first = [this, try_writing, ask = std::move(ask)]() mutable {
    if (!try_writing) return ask(true);
    parts_.store.probe([ask = std::move(ask)](base::Result<bool> writing) mutable { ask(std::move(writing)); });
  };
  // A timer, since any thread runs what is posted, but only a loop that still waits for the network lets timers expire.
  strand_.post([this, first = std::move(first)]() mutable { timer_.arm(base::Millis(1), std::move(first)); });
}

}  // namespace belfry::app
