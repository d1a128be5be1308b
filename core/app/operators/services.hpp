// Dependencies of the operators' work.
#pragma once
#include <functional>
#include <stop_token>

#include "app/live/live_config.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "net/executor.hpp"
#include "store/store.hpp"

namespace belfry::app {

// All of them outlive the handlers.
struct OperatorServices {
  net::Runtime& runtime;  // builds documents, so that neither the store's thread nor the network threads wait for them
  store::Store& store;
  delivery::Dispatcher& dispatcher;
  const base::Clock& clock;
  const Published<LiveConfig>& live;
  base::Logger log;
  std::function<void(std::string_view action)> count_action;  // for the metrics; null: not counted
  std::stop_token stopping;
};

}  // namespace belfry::app
