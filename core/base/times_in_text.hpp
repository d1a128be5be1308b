// Times within a text that was recorded for people, so that each reader gets them in one time zone.
// Thread rule: any thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace belfry::base {

// Replaces each time in `text` that to_rfc3339() wrote, "2026-12-02T06:00:00.000Z", by what `write` returns for it.
[[nodiscard]] std::string with_times(std::string_view text, const std::function<std::string(Timestamp)>& write);

}  // namespace belfry::base
