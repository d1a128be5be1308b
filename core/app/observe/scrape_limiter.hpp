// Renders the text of /metrics at most ten times a second. Scrapes in between share the next rendering, so that a client polling in a loop
// does not slow down webhooks and deliveries.
// Thread rule: any thread. Ownership: all constructor arguments outlive it.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class ScrapeLimiter {
 public:
  using Answer = std::move_only_function<void(std::string)>;

  // `render` is called on a network thread, one call at a time.
  ScrapeLimiter(net::Runtime& net, const base::Clock& clock, std::function<std::string()> render);

  // Calls `answer` on a network thread, at once or within a tenth of a second.
  void request(Answer answer);

 private:
  void answer_all();

  const base::Clock& clock_;
  const std::function<std::string()> render_;
  const net::Strand strand_;
  // On the strand only.
  net::Timer timer_;
  std::vector<Answer> waiting_;
  bool armed_ = false;
  base::SteadyTime next_{};
};

}  // namespace belfry::app
