// An addition to log lines about a pause that Slack has requested. The sink looks healthy meanwhile, so the line names the way out. Pure;
// any thread.
#pragma once
#include <chrono>
#include <string>

namespace belfry::slack {

// "; the next try is in 60 min, or at once after belfry sinks release"; empty for less than a minute.
[[nodiscard]] inline std::string pause_note(std::chrono::milliseconds wait) {
  if (wait < std::chrono::minutes(1)) return {};
  return "; the next try is in " + std::to_string(std::chrono::ceil<std::chrono::minutes>(wait).count()) +
         " min, or at once after belfry sinks release";
}

}  // namespace belfry::slack
