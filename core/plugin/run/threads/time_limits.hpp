// How long a plugin may take, and what follows if it takes longer.
#pragma once
#include "base/clock.hpp"
#include "plugin/contract/channel.hpp"

namespace belfry::plugin {

struct Limits {
  base::Millis slow{100};        // a longer [strand] call is counted and logged, and confines the instance
  base::Millis hung{5'000};      // a longer [strand] call parks the instance
  base::Millis control{10'000};  // a longer [control] call parks the instance
  base::Millis inbound{2'500};   // for the reply to an inbound request, which is 503 after that
  base::Millis begin{kBeginTimeout};
};

}  // namespace belfry::plugin
