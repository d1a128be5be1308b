// The way in: a notification becomes deliveries in the store. Routing and planning run on the caller's thread.
// Thread rule: accept from any thread; the handler runs on the store's thread, after the commit.
// Ownership: may go while handlers are still to run; the store, the dispatcher and the clock outlive them.
#pragma once
#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/dispatcher.hpp"
#include "route/tree.hpp"
#include "store/store.hpp"

namespace belfry::delivery {

class Pipeline {
 public:
  // max_age: of each sink, from the configuration.
  Pipeline(route::Tree tree, std::map<std::string, base::Millis> max_age, store::Store& store, Dispatcher& dispatcher,
           const base::Clock& clock, base::Logger log);

  // The error is the store's: unavailable means that nothing was kept and the sender shall try again.
  void accept(model::Notification notification, store::Handler<store::Accepted> handler);

 private:
  [[nodiscard]] store::Acceptance plan(model::Notification notification) const;

  route::Tree tree_;
  std::map<std::string, base::Millis> max_age_;
  store::Store& store_;
  Dispatcher& dispatcher_;
  const base::Clock& clock_;
  base::Logger log_;
};

}  // namespace belfry::delivery
