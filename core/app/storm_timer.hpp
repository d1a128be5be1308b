// Looks every few seconds whether a storm has begun or ended (delivery/storm.hpp).
// Thread rule: start from one thread. Ownership: all that it is made with outlives it.
#pragma once
#include <functional>
#include <memory>

#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/storm.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class StormTimer {
 public:
  struct Parts {
    net::Runtime& net;
    store::Store& store;
    const delivery::Dispatcher& dispatcher;
    const base::Clock& clock;
    std::function<std::shared_ptr<delivery::StormWatch>()> watch;  // of the configuration in use; null: it asks for none
  };
  StormTimer(Parts parts, const base::Logger& log);

  void start() { look(); }

 private:
  void look();
  void tell(const delivery::StormWatch::Change& change) const;

  const Parts parts_;
  base::Logger log_;
  const net::Strand strand_;
  net::Timer timer_;
};

}  // namespace belfry::app
