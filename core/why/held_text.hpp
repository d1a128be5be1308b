// The rule that holds a delivery, and until when. Pure.
// Thread rule: any thread.
#pragma once
#include <string>

#include "why/explanation.hpp"
#include "why/time_writer.hpp"

namespace belfry::why {

// `recorded`: "quiet hours of route \"night\" until 2026-12-02T06:00:00.000Z (2026-12-02 07:00 in Europe/Berlin)". Returns the same with
// the time in the zone of the reader, like all others of the paragraph. The zone of the rule follows if its clocks show another time:
// "quiet hours of route \"night\" until 2026-12-02 06:00:00 UTC (07:00 in Europe/Berlin)". Other text is returned as it is.
[[nodiscard]] std::string held_text(const std::string& recorded, const Context& context, TimeWriter& times);

}  // namespace belfry::why
