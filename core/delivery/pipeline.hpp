// The way in: a notification becomes deliveries in the store. Routing and planning run on the caller's thread.
// Thread rule: accept from any thread; the handler runs on the store's thread, after the commit.
#pragma once
#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/planner.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Pipeline {
 public:
  Pipeline(Planner planner, store::Store& store, Dispatcher& dispatcher, const base::Clock& clock, base::Logger log);

  // The error is the store's: unavailable means that nothing was kept and the sender shall try again.
  void accept(model::Notification notification, store::Handler<store::Accepted> handler);

 private:
  Planner planner_;
  store::Store& store_;
  Dispatcher& dispatcher_;
  const base::Clock& clock_;
  base::Logger log_;
};

}  // namespace belfry::delivery
