// The way in: a notification becomes deliveries in the store. Routing and planning run on the caller's thread, or on the store's when the
// store has to be asked for the recipient's time zone.
// Thread rule: accept from any thread; the handler runs on the store's thread, after the commit.
// Ownership: may go while handlers are still to run; what it is given by reference outlives them.
#pragma once
#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/planner.hpp"
#include "delivery/recipient_zones.hpp"
#include "delivery/storm.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Pipeline {
 public:
  // `storm` may be null.
  Pipeline(std::shared_ptr<const Planner> planner, std::shared_ptr<const StormWatch> storm, store::Store& store, Dispatcher& dispatcher,
           RecipientZones& zones, const base::Clock& clock, base::Logger log);

  // The error is the store's: unavailable means that nothing was kept and the sender shall try again.
  void accept(model::Notification notification, store::Handler<store::Accepted> handler);

 private:
  // Of those that wait for the store, too.
  struct Parts {
    std::shared_ptr<const Planner> planner;
    std::shared_ptr<const StormWatch> storm;
    store::Store& store;
    Dispatcher& dispatcher;
    RecipientZones& zones;
    const base::Clock& clock;
    base::Logger log;
  };
  static void plan(const Parts& parts, model::Notification notification, const std::optional<base::TimeZone>& own,
                   store::Handler<store::Accepted> handler);

  std::shared_ptr<const Parts> parts_;
};

}  // namespace belfry::delivery
