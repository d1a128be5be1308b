#include "net/event.hpp"

namespace belfry::net {

Awaitable<void> Event::wait_until(base::SteadyTime deadline) {
  error_code woken;
  timer_.expires_at(deadline);
  co_await timer_.async_wait(returning(woken));
}

}  // namespace belfry::net
