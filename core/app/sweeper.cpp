#include "app/sweeper.hpp"

namespace belfry::app {
namespace {

constexpr std::size_t kAtOnce = 500;
constexpr base::Millis kWhileThereIsMore{50};
constexpr base::Millis kInterval{60'000};

}  // namespace

Sweeper::Sweeper(net::Runtime& runtime, store::Store& store, const base::Clock& clock, std::function<base::Millis()> retention)
    : store_(store), clock_(clock), retention_(std::move(retention)), strand_(runtime), timer_(strand_) {}

void Sweeper::sweep() {
  store_.sweep(clock_.now() - retention_(), kAtOnce, [this](const base::Result<store::SweepResult>& swept) {
    const bool more = swept && swept->removed > 0;
    strand_.post([this, more] { timer_.arm(more ? kWhileThereIsMore : kInterval, [this] { sweep(); }); });
  });
}

}  // namespace belfry::app
