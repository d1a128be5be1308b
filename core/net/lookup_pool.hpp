// Looks host names up on threads of its own. getaddrinfo(3) blocks and cannot be interrupted: a look-up that hangs costs a thread until it
// returns, and nothing else. Callers have their own deadlines and leave by dropping the ticket.
//
// Look-ups of one name join the one that is running. At most `active` look-ups run before they count as hanging, and `total` altogether. A
// name whose look-ups hang may occupy `per_name` threads, and all such names together `suspect`; the rest is for names that answer.
// Threads end when nothing waits. Destruction waits for none of them: what still runs finds nobody to report to.
// Thread rule: any thread. Handlers run on the pool's threads with its lock held: they post and return. Private to core/net.
#pragma once
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace belfry::net {

struct HostAddress {
  sockaddr_storage storage{};  // without a port
  socklen_t size = 0;
};

struct LookupResult {
  std::vector<HostAddress> addresses;
  std::string error;  // one sentence; empty: found
};

// getaddrinfo(3). Blocks.
[[nodiscard]] LookupResult look_up(const std::string& host);

class LookupPool {
 public:
  struct Limits {
    std::size_t active = 8;
    std::size_t total = 32;
    std::size_t suspect = 16;
    std::size_t per_name = 4;
    base::Millis hanging{2'000};     // after this time a look-up counts as hanging
    base::Millis again{10'000};      // a look-up older than this is not joined
    base::Millis suspicion{60'000};  // how long a name stays suspect after a look-up that hung
  };
  using Handler = std::function<void(const LookupResult&)>;
  using Resolve = std::function<LookupResult(const std::string& host)>;

  struct State;

  // The handler is called at most once, and never after destruction or close().
  class Ticket {
   public:
    Ticket(std::shared_ptr<State> state, std::string host, Handler handler)
        : state_(std::move(state)), host_(std::move(host)), handler_(std::move(handler)) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket();

   private:
    friend struct State;
    const std::shared_ptr<State> state_;
    const std::string host_;
    Handler handler_;
  };

  explicit LookupPool(Limits limits, Resolve resolve = look_up);
  LookupPool() : LookupPool(Limits()) {}
  ~LookupPool();
  LookupPool(const LookupPool&) = delete;
  LookupPool& operator=(const LookupPool&) = delete;

  // No handler is called from now on, and no look-up begins.
  void close();

  [[nodiscard]] std::unique_ptr<Ticket> resolve(const std::string& host, Handler handler);
  // Begins what has become possible with time. For those who wait, twice a second.
  void poke();

  [[nodiscard]] std::size_t threads() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace belfry::net
