// Calls the plugin on behalf of one sink: one call at a time, in order, watched, marked in the crash file, and shielded from exceptions. A
// sink whose calls are slow is confined to threads of its own.
// Thread rule: post() on any thread, the rest in a task that was posted. Ownership: a member of PluginInstance, which outlives its calls.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "plugin/run/call_strand.hpp"
#include "plugin/run/crash/crash_marks.hpp"
#include "plugin/run/instance_dependencies.hpp"
#include "plugin/run/sink_log.hpp"
#include "plugin/run/threads/call_watch.hpp"

namespace belfry::plugin {

class SinkCaller {
 public:
  // Neither may block. `on_overdue` runs once for a call that exceeds its limit, on the watch's thread, while that call cannot end;
  // `on_returned` runs after such a call has returned.
  struct Hooks {
    std::function<void(std::string_view name)> on_overdue;
    std::function<void()> on_returned;
  };

  SinkCaller(const InstanceParts& parts, MarkedInstance marked, std::string plugin, SinkLog& log, Hooks hooks);

  void post(net::Task task) const { strand_.post(std::move(task)); }
  // Set once, before the first call into it.
  void set_code(const void* entry);
  // Calls the plugin, on behalf of a delivery or of none. `name` is a literal. False when the plugin threw, which counts as a violation.
  bool call(std::string_view name, base::Millis limit, const std::function<void()>& function, const CallSubject& subject = {});
  // The same on another thread, where the call may block: without the watch.
  template <class Work>
  void call_offloaded(const CallSubject& subject, Work work) {
    if (const auto thrown = marked_call("offload", subject, work); !thrown.empty()) log_.violation("threw", thrown);
  }

 private:
  // Returns what the function threw; empty if nothing.
  template <class Work>
  [[nodiscard]] std::string marked_call(std::string_view name, const CallSubject& subject, Work& work) const;
  void track_slow_calls(std::string_view name, base::Millis took);

  const InstanceParts& parts_;
  const MarkedInstance marked_;
  const std::string plugin_;  // its type
  SinkLog& log_;
  const Hooks hooks_;
  const CallStrand strand_;
  CallWatch::Call watched_;
  std::uint64_t slow_calls_ = 0;     // since the last line about them
  base::SteadyTime slow_line_at_{};  // no further line before
  base::SteadyTime last_slow_{};
};

template <class Work>
std::string SinkCaller::marked_call(std::string_view name, const CallSubject& subject, Work& work) const {
  try {
    const CallMark mark(parts_.marks, marked_, name, subject);
    work();
    return {};
  } catch (const std::exception& error) {
    return std::string(name) + ": " + error.what();
  } catch (...) {
    return std::string(name) + ": an exception";
  }
}

}  // namespace belfry::plugin
