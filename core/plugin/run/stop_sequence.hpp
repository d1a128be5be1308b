// Stops one sink: calls its stop(), ends the host calls that are still open after half of the timeout, and destroys the sink once it has
// called stopped() and none of its offloaded functions is running. A plugin that has not called stopped() by the deadline is left behind:
// its threads may still use memory that destroy() would free.
// Thread rule: any thread, unless a function states otherwise.
// Ownership: a member of PluginInstance. Keeps the instance alive from hold() until it has been destroyed.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "net/executor.hpp"
#include "plugin/run/tickets.hpp"

namespace belfry::plugin {

class PluginInstance;

class StopSequence {
 public:
  using Done = std::move_only_function<void()>;

  explicit StopSequence(PluginInstance& instance) : instance_(instance) {}

  void hold();
  // Calls `done` once the sink has been destroyed or `timeout` has passed. The first timeout counts; later calls only wait.
  void begin(base::Millis timeout, Done done);
  // The plugin has stopped. Its calls are refused from now on, and nothing but destroy() is called.
  void stopped(Ticket ticket);
  // Ends an instance that could not be opened. Destroys it once the failed call has returned, if it ever does.
  void discard();
  // A condition for destroy() has changed. Only in a task of the caller (SinkCaller).
  void destroy_when_idle();

  // stop() has been called: no host call may be dispatched any more. Only in a task of the caller.
  [[nodiscard]] bool called() const { return called_; }
  // Host calls have been ended early, so that it is no violation to complete them late.
  [[nodiscard]] bool cut_short() const { return cut_short_; }

 private:
  void dispatch(Ticket ticket, base::SteadyTime deadline);
  void begin_destroy();
  void finish_later();

  // On the host strand.
  void cut_short_open_calls();
  void deadline_passed(Ticket ticket);
  void finish();

  PluginInstance& instance_;
  std::atomic<bool> cut_short_ = false;
  std::shared_ptr<PluginInstance> alive_;  // set by hold()

  // Only in a task of the caller.
  bool called_ = false;
  bool destroy_pending_ = false;

  // On the host strand.
  std::vector<Done> waiting_;
  bool begun_ = false;
  bool over_ = false;  // destroyed, or left behind
  std::optional<net::Timer> deadline_timer_;
  std::optional<net::Timer> cut_short_timer_;
};

}  // namespace belfry::plugin
