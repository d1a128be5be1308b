// Accepts notifications: routes and plans each one, and stores it with its deliveries. Routing and planning run on the caller's thread, or
// on the store's thread if the recipient's time zone has to be read from the store.
// Thread rule: accept() from any thread; the handler runs on the store's thread, after the commit.
// Ownership: may be destroyed while handlers are pending; the objects passed by reference outlive the handlers.
#pragma once
#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/overload_monitor.hpp"
#include "delivery/planner.hpp"
#include "delivery/recipient_zones.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Acceptor {
 public:
  // `overload` may be null.
  Acceptor(std::shared_ptr<const Planner> planner, std::shared_ptr<const OverloadMonitor> overload, store::Store& store,
           Dispatcher& dispatcher, RecipientZones& zones, const base::Clock& clock, base::Logger log);

  // Errors are the store's. ErrorCode::unavailable: nothing was stored, and the sender should retry.
  void accept(model::Notification notification, store::Handler<store::Accepted> handler);
  // The same, except that `review` gets the plan and its trace before anything is stored, on the thread that planned it. It may change the
  // plan. If it returns an error, nothing is stored, and the handler gets that error.
  using Review = std::move_only_function<base::Result<void>(store::Acceptance&, const route::Trace&)>;
  void accept_reviewed(model::Notification notification, Review review, store::Handler<store::Accepted> handler);
  // Routes a stored notification that has no delivery (store::Store::reroute): as it was sent, by the present rules, and with a fresh
  // max_age. `review` gets a plan without deliveries as well: it returns an error, which the handler gets.
  void reroute(model::Notification notification, Review review, store::Operator by, store::Handler<store::Changed> handler);
  // The same as accept() for a notification that was planned elsewhere: neither processors nor routes apply.
  void accept_planned(store::Acceptance acceptance, store::Handler<store::Accepted> handler);

 private:
  // Shared with the handlers that wait for the store.
  struct Parts {
    std::shared_ptr<const Planner> planner;
    std::shared_ptr<const OverloadMonitor> overload;
    store::Store& store;
    Dispatcher& dispatcher;
    RecipientZones& zones;
    const base::Clock& clock;
    base::Logger log;
  };
  static void store_planned(const Parts& parts, store::Acceptance acceptance, store::Handler<store::Accepted> handler);
  // Calls `use` with the time zone of the recipient, if it is known and a route needs it.
  template <class Use>
  void with_zone(const std::string& email, Use use) const;
  [[nodiscard]] static base::Result<store::Acceptance> plan(const Parts& parts, model::Notification notification,
                                                            const std::optional<base::TimeZone>& recipient_zone, Review review);

  std::shared_ptr<const Parts> parts_;
};

}  // namespace belfry::delivery
