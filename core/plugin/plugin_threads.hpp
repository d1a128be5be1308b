// The threads that plugins are called on.
//
// Instances whose calls return in time share the pool's own threads. One whose call has been slow is confined: from then on it runs on
// additional threads, at most one for each such instance, so that the others always find a free one. A call that lasts while all shared
// threads are busy has its thread replaced at once; the thread ends when the call returns.
// Thread rule: any thread. Ownership: held by shared_ptr; the runtime outlives it; stop() before the clock goes.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "net/executor.hpp"
#include "plugin/call_watch.hpp"
#include "plugin/limits.hpp"
#include "plugin/throttle.hpp"

namespace belfry::plugin {

class PluginThreads : public std::enable_shared_from_this<PluginThreads> {
 public:
  PluginThreads(net::Runtime& runtime, const base::Clock& clock, const base::Logger& log, const Limits& limits);
  ~PluginThreads() { stop(); }

  void run(net::Task task) { runtime_.post(std::move(task)); }
  void run_confined(net::Task task);
  // How many instances are.
  void confined();
  void unconfined();

  // Around a call into a plugin, on the thread that makes it.
  void begin_call(CallWatch::Call& call, std::string_view what, base::Millis limit) { watch_.begin(call, what, limit); }
  CallWatch::Ended end_call(CallWatch::Call& call);
  // After the call that has ended last: the thread was replaced or given up, and is to do no more.
  [[nodiscard]] static bool this_thread_ends();
  // The thread of a call that is over its limit: it has the least of the processors from now on, and ends with the call. While another
  // call of the same library lasts it is not slowed down: it may hold a lock that the other one waits for.
  // `code`: of the plugin that holds it. Throws when the system has no thread to stand in; then nothing has changed.
  void give_up(const CallWatch::Call& call, CodeRange code);

  void stop() { watch_.stop(); }

 private:
  static constexpr std::size_t kMostAdditional = 64;  // of each kind

  void look(const std::set<CallWatch::Call*>& calls, base::SteadyTime now);
  void spare_holders_of_locks(const std::set<CallWatch::Call*>& calls, base::SteadyTime now);
  void replace(net::ThreadId thread);
  void run_on_additional(net::Task task);
  void confined_ended();
  void add_additional();

  net::Runtime& runtime_;
  const std::size_t own_threads_;
  std::mutex mutex_;
  std::set<net::ThreadId> replaced_;      // of the shared ones
  std::set<net::ThreadId> confined_run_;  // additional threads that are running a turn
  struct GivenUp {
    GivenUp(net::ThreadId thread, CodeRange code, const void* of) : throttle(thread, code), library(of) {}
    Throttle throttle;
    const void* library;
  };
  std::map<net::ThreadId, GivenUp> given_up_;
  std::size_t confined_ = 0;
  std::size_t additional_ = 0;
  std::size_t running_ = 0;  // turns of confined instances, posted or under way
  std::deque<net::Task> waiting_;
  CallWatch watch_;  // last: its thread uses what is above
};

}  // namespace belfry::plugin
