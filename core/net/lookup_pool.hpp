// Resolves host names on its own threads. getaddrinfo(3) blocks and cannot be interrupted, so a lookup that hangs costs one thread until it
// returns, and nothing else.
//
// A lookup joins a running lookup of the same name. At most `active` lookups run at a time, not counting those that hang, and `total`
// including them. A name whose lookups hang may occupy `per_name` threads, and all such names together `suspect` threads; the other threads
// are reserved for names that resolve. The destructor waits for no thread: lookups that are still running end without a handler call.
//
// Thread rule: any thread. Handlers run with the pool's lock held, on a pool thread or, when no thread can be started, on the caller's:
// they post and return; one that throws costs only its own request the result. Cancellation: callers have their own deadlines and destroy
// the Request. Private to core/net.
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
  std::string error;  // one sentence; empty: success
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
    base::Millis hang_threshold{2'000};  // after this time a lookup counts as hanging
    base::Millis max_join_age{10'000};   // a lookup older than this is not joined
    base::Millis suspect_for{60'000};    // how long a name stays suspect after a lookup that hung
  };
  using Handler = std::function<void(const LookupResult&)>;
  using Resolver = std::function<LookupResult(const std::string& host)>;

  struct State;

  // Calls its handler at most once, and never after its destruction or close().
  class Request {
   public:
    Request(std::shared_ptr<State> state, std::string host, Handler handler)
        : state_(std::move(state)), host_(std::move(host)), handler_(std::move(handler)) {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request();

   private:
    friend struct State;
    const std::shared_ptr<State> state_;
    const std::string host_;
    Handler handler_;
  };

  explicit LookupPool(Limits limits, Resolver resolve = look_up);
  LookupPool() : LookupPool(Limits()) {}
  ~LookupPool();
  LookupPool(const LookupPool&) = delete;
  LookupPool& operator=(const LookupPool&) = delete;

  // From now on no handler is called and no lookup starts.
  void close();

  [[nodiscard]] std::unique_ptr<Request> resolve(const std::string& host, Handler handler);
  // Starts queued lookups that the limits allow by now, because running ones have come to count as hanging. Callers that wait for a result
  // call it twice a second.
  void poll();

  [[nodiscard]] std::size_t threads() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace belfry::net
