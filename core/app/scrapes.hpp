// The text of /metrics, rendered at most ten times a second however many ask: the others get the next one. A poller in a loop takes its
// turn like that, and nothing from webhooks and deliveries. Thread rule: any thread. Ownership: all that it is made with outlives it.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/executor.hpp"

namespace belfry::app {

class Scrapes {
 public:
  using Answer = std::move_only_function<void(std::string)>;

  // `render` is called on a thread of the network, once at a time.
  Scrapes(net::Runtime& net, const base::Clock& clock, std::function<std::string()> render);

  // Answers at once, or within a tenth of a second, on a thread of the network.
  void ask(Answer answer);

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
