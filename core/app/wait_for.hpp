// Waits on the calling thread for an asynchronous operation.
#pragma once
#include <future>
#include <memory>

#include "base/clock.hpp"

namespace belfry::app {

// Blocks until the callback is called. False: `timeout` expired first.
template <class Start>
bool wait_for(base::Millis timeout, Start start) {
  const auto done = std::make_shared<std::promise<void>>();
  auto waiting = done->get_future();
  start([done] { done->set_value(); });
  return waiting.wait_for(timeout) == std::future_status::ready;
}

}  // namespace belfry::app
