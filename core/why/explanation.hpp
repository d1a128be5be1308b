// Explains in one paragraph what became of a notification, from what the store recorded about it. The paragraph never contains the
// notification's title or body. Untrusted text in it (details, receipts, addresses) is one line without control characters, and bounded.
// Where an operator can act, it names the command. Pure: the time and the zone are arguments.
// Thread rule: any thread. Ownership: nothing is kept.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/time_zone.hpp"
#include "store/store.hpp"

namespace belfry::why {

struct Context {
  base::Timestamp now{};                               // gateway time, like every time in the store
  base::Millis wall_offset{};                          // wall clock minus gateway time; people read the wall clock
  base::TimeZone zone = base::TimeZone::of_machine();  // of the times in the paragraph

  // Why a sink sends nothing, or why its attempts fail; none: it works. A clause without a subject and without a full stop:
  // "is parked (invalid_auth): renew the bot token, then run `belfry sinks release slack`".
  std::map<std::string, std::string> sinks;
};

// Everything about a notification.
[[nodiscard]] std::string explain(const store::History& history, const Context& context);

// Only the sentences about one of its deliveries; empty if the history has no such delivery.
[[nodiscard]] std::string explain_delivery(const store::History& history, const std::string& delivery_id, const Context& context);

// For a person without a notification since `since` (gateway time): when each source was last heard from, and what to check next.
[[nodiscard]] std::string nothing_arrived(const std::string& email, base::Timestamp since, const std::vector<store::SourceHeard>& heard,
                                          const Context& context);

}  // namespace belfry::why
