// Completes the warning about a sink that no route uses: such a sink may be in the configuration only to deliver what its queue still has.
#pragma once
#include "base/clock.hpp"
#include "config/load.hpp"

namespace belfry::cli {

// Looks at the queue only if there is such a warning: through the gateway that uses it, which has up to `timeout` to answer, or in its
// file. If deliveries wait, the warning becomes a note that states how many; if the queue cannot be examined, it stays as it is. Changes
// nothing on disk.
void explain_unused_sinks(config::LoadResult& loaded, base::Millis timeout);

}  // namespace belfry::cli
