// How long a plugin may take.
#pragma once
#include "base/clock.hpp"
#include "plugin/channel.hpp"

namespace belfry::plugin {

struct Limits {
  base::Millis slow{100};        // a [strand] call over it is counted and logged, and the instance is confined
  base::Millis hung{5'000};      // a [strand] call over it parks the instance
  base::Millis control{10'000};  // likewise for [control] calls
  base::Millis inbound{2'500};   // to answer an inbound request; then 503
  base::Millis begin{kBeginWithin};
};

}  // namespace belfry::plugin
