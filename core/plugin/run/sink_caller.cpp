#include "plugin/run/sink_caller.hpp"

#include <utility>

namespace belfry::plugin {

SinkCaller::SinkCaller(const InstanceParts& parts, MarkedInstance marked, std::string plugin, SinkLog& log, Hooks hooks)
    : parts_(parts), marked_(std::move(marked)), plugin_(std::move(plugin)), log_(log), hooks_(std::move(hooks)), strand_(parts.threads) {
  // The watch calls both while the call cannot end.
  watched_.on_slow = [this] {
    if (watched_.limit == parts_.limits.hung) strand_.confine();
  };
  // Reported first: demoting the thread fails for as long as the system has no replacement.
  watched_.on_overdue = [this] {
    if (!watched_.overdue_reported) hooks_.on_overdue(watched_.name);
    watched_.overdue_reported = true;
    parts_.threads->demote(watched_, code_around(watched_.library));
  };
}

void SinkCaller::set_code(const void* entry) {
  watched_.library = entry;
  if (parts_.marks != nullptr) parts_.marks->add_code(code_around(entry), marked_);
}

bool SinkCaller::call(std::string_view name, base::Millis limit, const std::function<void()>& function, const CallSubject& subject) {
  parts_.threads->begin_call(watched_, name, limit);
  const std::string thrown = marked_call(name, subject, function);
  const auto ended = parts_.threads->end_call(watched_);
  if (ended.was_overdue) {
    last_slow_ = parts_.clock.steady();
    log_.logger().warn("the plugin's call has returned", {{"sink", marked_.sink}, {"call", name}, {"took", ended.took}});
    hooks_.on_returned();
  } else if (limit == parts_.limits.hung) {
    track_slow_calls(name, ended.took);
  }
  if (!thrown.empty()) log_.violation("threw", thrown);
  return thrown.empty();
}

void SinkCaller::track_slow_calls(std::string_view name, base::Millis took) {
  constexpr base::Millis kBetweenLines = std::chrono::minutes(1);
  constexpr base::Millis kForgiven = std::chrono::minutes(10);
  const bool slow = took > parts_.limits.slow;
  if (!slow && !strand_.confined()) return;
  const auto now = parts_.clock.steady();
  if (!slow) {
    if (now - last_slow_ > kForgiven) strand_.unconfine();
    return;
  }
  strand_.confine();
  last_slow_ = now;
  ++slow_calls_;
  parts_.metrics.violation(marked_.sink, "slow_call");
  if (now < slow_line_at_) return;
  log_.logger().warn("the plugin blocks in its calls; it now runs on threads of its own", {{"sink", marked_.sink},
                                                                                           {"plugin", plugin_},
                                                                                           {"call", name},
                                                                                           {"took", took},
                                                                                           {"wanted_below", parts_.limits.slow},
                                                                                           {"slow_calls", std::exchange(slow_calls_, 0)}});
  slow_line_at_ = now + kBetweenLines;
}

}  // namespace belfry::plugin
