// Chooses the sink that takes over a delivery that ended without success. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/delivery.hpp"
#include "model/pipeline.hpp"

namespace belfry::delivery {

struct SinkTraits {
  model::SinkAddressing addressing;
  base::Millis max_age{};
};
using SinkTraitsMap = std::map<std::string, SinkTraits>;  // by sink

// Returns the delivery to the first sink of the chain that may take it; nullopt if the chain is empty, or if every sink left in it is
// unknown or would show a sensitive notification to others.
[[nodiscard]] std::optional<model::Delivery> fallback_delivery(const model::Delivery& ended, const model::Notification& notification,
                                                               const SinkTraitsMap& sinks, bool possible_duplicate, base::Timestamp now);

}  // namespace belfry::delivery
