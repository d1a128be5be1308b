#include "core/store/store_fixture.hpp"

namespace belfry::store {

base::Result<Finished> StoreTest::deliver(base::Timestamp now, model::Outcome outcome, Disposition next) {
  const auto lease = calls_.lease(now, 1);
  if (!lease || lease->leased.empty()) return base::fail("nothing to lease");
  const auto attempt = calls_.begin(lease->leased[0].claim, now);
  if (!attempt) return std::unexpected(attempt.error());
  return calls_.finish(finish_of(lease->leased[0], *attempt, std::move(outcome), std::move(next), now));
}

INSTANTIATE_TEST_SUITE_P(Every, StoreTest,
                         testing::Values(Factory{"memory", [](const auto&, const auto& clock) { return open_memory(clock); }},
                                         Factory{"sqlite",
                                                 [](const auto& directory, const auto& clock) {
                                                   return open_sqlite(directory / "belfry.db", clock, silent()).value();
                                                 },
                                                 true}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace belfry::store
