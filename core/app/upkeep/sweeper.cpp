#include "app/upkeep/sweeper.hpp"

#include "base/run_with_retries.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kBatchSize = 500;
constexpr base::Millis kBatchPause{50};
constexpr base::Millis kSweepInterval{60'000};

}  // namespace

Sweeper::Sweeper(net::Runtime& runtime, store::Store& store, const base::Clock& clock, std::function<base::Millis()> retention)
    : store_(store), clock_(clock), retention_(std::move(retention)), strand_(runtime), timer_(strand_) {}

// An exception ends this sweep, not the ones after it.
void Sweeper::sweep() {
  const auto again = [this](base::Millis after) { strand_.post([this, after] { timer_.arm(after, [this] { sweep(); }); }); };
  const bool asked = base::run_with_retries(
      [&] {
        store_.sweep(clock_.now() - retention_(), kBatchSize, [again](const base::Result<store::SweepResult>& swept) {
          const bool more = swept && swept->removed > 0;
          base::run_with_retries([&] { again(more ? kBatchPause : kSweepInterval); }, [](const auto&) {});
        });
      },
      [](const auto&) {});
  if (!asked) again(kSweepInterval);
}

}  // namespace belfry::app
