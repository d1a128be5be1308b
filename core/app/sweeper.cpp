#include "app/sweeper.hpp"

#include "base/insist.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kAtOnce = 500;
constexpr base::Millis kWhileThereIsMore{50};
constexpr base::Millis kSweepInterval{60'000};

}  // namespace

Sweeper::Sweeper(net::Runtime& runtime, store::Store& store, const base::Clock& clock, std::function<base::Millis()> retention)
    : store_(store), clock_(clock), retention_(std::move(retention)), strand_(runtime), timer_(strand_) {}

// An exception costs this sweep, not those after it.
void Sweeper::sweep() {
  const auto again = [this](base::Millis after) { strand_.post([this, after] { timer_.arm(after, [this] { sweep(); }); }); };
  const bool asked = base::insist(
      [&] {
        store_.sweep(clock_.now() - retention_(), kAtOnce, [again](const base::Result<store::SweepResult>& swept) {
          const bool more = swept && swept->removed > 0;
          base::insist([&] { again(more ? kWhileThereIsMore : kSweepInterval); }, [](const auto&) {});
        });
      },
      [](const auto&) {});
  if (!asked) again(kSweepInterval);
}

}  // namespace belfry::app
