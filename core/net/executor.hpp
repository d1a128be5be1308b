// Threads and serial queues without a network header: what lanes, plugin instances and timers run on.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace belfry::net {

using Task = std::move_only_function<void()>;

// A pool of threads that runs tasks and, for core/net, one io_context. Tasks must not throw: one that does is logged as an error.
// Thread rule: any thread. Ownership: outlives every Strand and Timer made from it. Destruction stops and joins.
class Runtime {
 public:
  // `name` becomes the name of the threads ("net", "plugin").
  Runtime(std::string name, std::size_t threads, base::Logger log);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void post(Task task);
  void add_thread();  // stands in for a thread that is held by a call that does not return
  // Called from a task: the thread that runs it ends with it, and the other threads go on.
  static void end_this_thread();
  [[nodiscard]] std::size_t threads() const;
  void stop();  // drops what has not run; returns at once
  // Waits for the threads, then destroys what has not run. Join every runtime before the first one goes: tasks may own things of another.
  // False: a thread was still busy and has been left behind.
  bool join(base::Millis most);

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

// A thread as Linux knows it, gettid(2).
using ThreadId = int;
[[nodiscard]] ThreadId this_thread();

// From now on the thread gets the least of the processors (nice 19, setpriority(2)). Going back takes a privilege: this is for a thread
// that has been given up.
void put_behind(ThreadId thread);

// Tasks posted to one strand run one at a time, in order. A handle: copies name the same strand.
class Strand {
 public:
  explicit Strand(Runtime& runtime);
  void post(Task task) const;
  [[nodiscard]] bool running_here() const;  // called from a task of this strand

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

// A one-shot timer. Thread rule: used on its strand only. The handler runs on that strand. Arming again, cancel() and destruction drop a
// shot that has not run yet: after any of them the earlier handler is never called.
class Timer {
 public:
  explicit Timer(const Strand& strand);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  void arm(base::Millis after, Task handler);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace belfry::net
