// Waiting on the caller's thread for what calls back.
#pragma once
#include <future>
#include <memory>

#include "base/clock.hpp"

namespace belfry::app {

// Blocks until the callback was called, or the time is over.
template <class Start>
bool wait_for(base::Millis most, Start start) {
  const auto done = std::make_shared<std::promise<void>>();
  auto waiting = done->get_future();
  start([done] { done->set_value(); });
  return waiting.wait_for(most) == std::future_status::ready;
}

}  // namespace belfry::app
