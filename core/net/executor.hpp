// Thread pools, serial queues and timers for lanes and plugin instances, without a network header.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace belfry::net {

using Task = std::move_only_function<void()>;

// A thread pool that runs tasks and, for core/net, one io_context. Tasks must not throw: an exception is logged as an error.
// Thread rule: any thread. Ownership: outlives every Strand and Timer made from it. The destructor stops and joins.
class Runtime {
 public:
  // `name` becomes the name of the threads ("net", "plugin").
  Runtime(std::string name, std::size_t threads, base::Logger log);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void post(Task task);
  void add_thread();  // replaces a thread that is stuck in a call
  // Called from a task: the current thread exits after the task; the other threads continue.
  static void end_this_thread();
  [[nodiscard]] std::size_t threads() const;
  void stop();  // no further task runs; returns at once
  // Waits for the threads, then destroys the pending tasks. Join every runtime before destroying the first: tasks may own objects of
  // another runtime. False: a thread was still busy after `timeout` and has been detached.
  bool join(base::Millis timeout);

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

// The kernel's thread id, gettid(2).
using ThreadId = int;
[[nodiscard]] ThreadId this_thread_id();

// Sets the thread to the lowest CPU priority (nice 19, setpriority(2)). Raising it again takes a privilege: use this only for a thread
// that has been abandoned.
void lower_priority(ThreadId thread);

// Runs the tasks posted to it one at a time, in order. A handle: copies refer to the same strand.
class Strand {
 public:
  explicit Strand(Runtime& runtime);
  void post(Task task) const;
  [[nodiscard]] bool running_in_this_thread() const;  // called from a task of this strand

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

// A one-shot timer whose handler runs on its strand. arm(), cancel() and the destructor discard a handler that has not run yet: it is
// never called afterwards. Thread rule: used on its strand only.
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
