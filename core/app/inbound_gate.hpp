// Passes the inbound requests of one sink to its plugin: requests with a small body at once, the others a few at a time, in order.
//
// A plugin verifies requests by their raw bodies, one after the other, and which headers prove the sender is up to the plugin. So a
// request can be refused only after its body has been read and, if its headers look right, hashed. The gate keeps such
// work from queueing up in front of genuine requests: a click carries a small body, and waits for at most kMaxLarge large ones, however
// many arrive.
// Thread rule: any thread. Handlers run on the caller's thread, or on the thread that replied to an earlier request.
// Ownership: held by shared_ptr; the replies that it has passed on hold it as well.
#pragma once
#include <deque>
#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "net/server/router.hpp"

namespace belfry::app {

class InboundGate : public std::enable_shared_from_this<InboundGate> {
 public:
  static constexpr std::size_t kSmallBody = 16 * 1024;  // bytes
  static constexpr std::size_t kMaxLarge = 2;           // one that is being verified, and the next one
  // Slack gives up after 3 s. A request that has waited for longer gets 503 and never reaches the plugin.
  static constexpr base::Millis kMaxWait{2'500};

  explicit InboundGate(const base::Clock& clock) : clock_(clock) {}

  // Calls `handler` with the request, at once or later.
  void pass(net::ServerRequest request, net::Reply reply, net::RequestHandler handler);

 private:
  struct Waiting {
    net::ServerRequest request;
    net::Reply reply;
    net::RequestHandler handler;
    base::SteadyTime since{};
  };
  class Slot;

  void pump() noexcept;
  void forward(Waiting next) noexcept;
  void free_slot() noexcept;

  const base::Clock& clock_;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::size_t large_ = 0;  // passed on, without a reply so far
  bool pumping_ = false;
};

}  // namespace belfry::app
