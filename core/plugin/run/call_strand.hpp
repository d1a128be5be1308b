// Runs the calls into one instance one at a time, in order, and in bounded turns, so that a busy instance does not starve others. A
// confined strand runs on additional threads, never on the shared threads of the pool (see plugin_threads.hpp).
// Thread rule: any thread. Ownership: a handle; copies refer to the same strand. Tasks that have not run are dropped with the pool.
#pragma once
#include <memory>

#include "net/executor.hpp"

namespace belfry::plugin {

class PluginThreads;

class CallStrand {
 public:
  explicit CallStrand(std::shared_ptr<PluginThreads> threads);
  void post(net::Task task) const;
  // Takes effect with the next turn. Idempotent.
  void confine() const;
  void unconfine() const;
  [[nodiscard]] bool confined() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace belfry::plugin
