// The way in: a notification becomes deliveries in the store. Routing and planning run on the caller's thread.
// Thread rule: accept from any thread; the handler runs on the store's thread, after the commit.
// Ownership: may go while handlers are still to run; the store, the dispatcher and the clock outlive them.
#pragma once
#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/planner.hpp"
#include "delivery/storm.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Pipeline {
 public:
  // `storm` may be null.
  Pipeline(std::shared_ptr<const Planner> planner, std::shared_ptr<const StormWatch> storm, store::Store& store, Dispatcher& dispatcher,
           const base::Clock& clock, base::Logger log);

  // The error is the store's: unavailable means that nothing was kept and the sender shall try again.
  void accept(model::Notification notification, store::Handler<store::Accepted> handler);

 private:
  std::shared_ptr<const Planner> planner_;
  std::shared_ptr<const StormWatch> storm_;
  store::Store& store_;
  Dispatcher& dispatcher_;
  const base::Clock& clock_;
  base::Logger log_;
};

}  // namespace belfry::delivery
