// The threads that run the calls into plugins.
//
// Instances whose calls return in time share the pool's own threads. An instance with a slow call is confined: from then on it runs on
// additional threads, at most one per confined instance, so that the others always find a free one. A thread that is held by a call while
// all shared threads are busy is replaced at once, and ends when the call returns.
// Thread rule: any thread. Ownership: held by shared_ptr; the runtime outlives it; the clock outlives stop().
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "net/executor.hpp"
#include "plugin/run/threads/call_watch.hpp"
#include "plugin/run/threads/thread_throttle.hpp"
#include "plugin/run/threads/time_limits.hpp"

namespace belfry::plugin {

class PluginThreads : public std::enable_shared_from_this<PluginThreads> {
 public:
  PluginThreads(net::Runtime& runtime, const base::Clock& clock, const base::Logger& log, const Limits& limits);
  ~PluginThreads() { stop(); }

  void run(net::Task task) { runtime_.post(std::move(task)); }
  void run_confined(net::Task task);
  // Counts the confined instances.
  void add_confined();
  void remove_confined();

  // Called before and after a call into a plugin, on the thread that makes it.
  void begin_call(CallWatch::Call& call, std::string_view name, base::Millis limit) { watch_.begin(call, name, limit); }
  CallWatch::Ended end_call(CallWatch::Call& call);
  // True when this thread must do no more work, because it was replaced or demoted during the call that ended last.
  [[nodiscard]] static bool this_thread_ends();
  // Demotes the thread of a call that is over its limit: it gets the lowest CPU priority, is throttled, and ends with the call. While
  // another call into the same library is in progress it is not throttled, since it may hold a lock that the other call waits for.
  // Offloaded work does not count: it may take long by design (ADR 7).
  // `code`: the code of the plugin that holds the thread. Throws when the system has no thread to replace it; nothing has changed then.
  void demote(const CallWatch::Call& call, CodeRange code);

  void stop() { watch_.stop(); }

 private:
  static constexpr std::size_t kMaxAdditional = 64;  // replacements and additional threads, each

  void on_watch_round(const std::set<CallWatch::Call*>& calls, base::SteadyTime now);
  void unthrottle_lock_holders(const std::set<CallWatch::Call*>& calls, base::SteadyTime now);
  void replace(net::ThreadId thread);
  void run_on_additional(net::Task task);
  void confined_ended();
  void add_additional();

  net::Runtime& runtime_;
  const std::size_t own_threads_;
  std::mutex mutex_;
  std::set<net::ThreadId> replaced_;      // shared threads that have been replaced
  std::set<net::ThreadId> confined_run_;  // additional threads that are running a turn
  struct DemotedThread {
    DemotedThread(net::ThreadId thread, CodeRange code, const void* of) : throttle(thread, code), library(of) {}
    Throttle throttle;
    const void* library;
  };
  std::map<net::ThreadId, DemotedThread> demoted_;
  std::size_t confined_ = 0;
  std::size_t additional_ = 0;
  std::size_t running_ = 0;  // turns of confined instances, posted or running
  std::deque<net::Task> waiting_;
  CallWatch watch_;  // last: its thread uses the members above
};

}  // namespace belfry::plugin
