// The calls into one instance: one at a time, in order, and in turns, so that one that has many does not keep others waiting.
// A strand that is confined runs beside the shared threads of the pool, never on them (see plugin_threads.hpp).
// Thread rule: any thread. Ownership: a handle; copies name the same strand. Tasks that have not run go with the pool.
#pragma once
#include <memory>

#include "net/executor.hpp"

namespace belfry::plugin {

class PluginThreads;

class CallStrand {
 public:
  explicit CallStrand(std::shared_ptr<PluginThreads> threads);
  void post(net::Task task) const;
  // From the next turn on. Confining twice changes nothing.
  void confine() const;
  void set_free() const;
  [[nodiscard]] bool confined() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace belfry::plugin
