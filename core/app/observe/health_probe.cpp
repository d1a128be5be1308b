#include "app/observe/health_probe.hpp"

namespace belfry::app {

HealthProbe::HealthProbe(Parts parts) : parts_(parts), strand_(parts.net), timer_(strand_) {}

void HealthProbe::begin(bool try_writing, std::move_only_function<void(HealthSnapshot)> done) {
  const auto refusals = parts_.metrics.refused_requests();
  try_writing = refusals_.exchange(refusals) != refusals || try_writing;
  auto collect = [this, done = std::move(done)](base::Result<bool> writable) mutable {
    parts_.store.ping([this, writable = std::move(writable), done = std::move(done)](const base::Result<bool>& turns) mutable {
      auto stats = turns ? base::Result<store::Stats>(parts_.store.stats(parts_.clock.now())) : std::unexpected(turns.error());
      HealthSnapshot found{std::move(stats), std::move(writable), parts_.dispatcher.status(), parts_.reloads.refusal()};
      strand_.post([found = std::move(found), done = std::move(done)]() mutable { done(std::move(found)); });
    });
  };
  auto probe = [this, try_writing, collect = std::move(collect)]() mutable {
    if (!try_writing) return collect(true);
    parts_.store.probe([collect = std::move(collect)](base::Result<bool> writable) mutable { collect(std::move(writable)); });
  };
  // Goes through a timer: any thread runs posted work, but timers expire only in a loop that still polls the network.
  strand_.post([this, probe = std::move(probe)]() mutable { timer_.arm(base::Millis(1), std::move(probe)); });
}

}  // namespace belfry::app
