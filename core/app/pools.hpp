// Threads for a command that opens sinks without a gateway. They stop before anything that runs on them goes.
#pragma once
#include "base/log.hpp"
#include "net/executor.hpp"

namespace belfry::app {

struct Pools {
  explicit Pools(const base::Logger& log) : plugins("plugin", 1, log), net("command", 2, log) {}
  ~Pools() {
    for (auto* pool : {&plugins, &net}) {
      pool->stop();
      static_cast<void>(pool->join(std::chrono::seconds(2)));
    }
  }
  Pools(const Pools&) = delete;
  Pools& operator=(const Pools&) = delete;

  net::Runtime plugins;
  net::Runtime net;
};

}  // namespace belfry::app
