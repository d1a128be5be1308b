// Counts the open connections of one server, and selects the connection to close when a limit is reached. Pure: the time is an argument.
//
// A connection whose request is being handled is never closed. The others are closed in this order: connections that are about to close,
// then connections without a successful response so far, then the rest; within each group, the longest idle first. Until its first
// response a connection's idle time counts from the accept: an unfinished TLS handshake, a slow header or a slow body does not renew it.
// Thread rule: not synchronized; the server calls it under its lock.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "base/clock.hpp"

namespace belfry::net {

using ConnectionId = std::uint64_t;

struct ConnectionLimits {
  std::size_t total = 1024;
  std::size_t per_address = 0;  // 0: unbounded
};

class ConnectionTable {
 public:
  enum class Limit { none, total, address };

  struct Admission {
    Limit limit_reached = Limit::none;
    std::optional<ConnectionId> displaced;  // to be closed in favor of the new connection
    bool refused = false;                   // no connection could be displaced: the new one gets 503
  };

  // Adds the connection, refused or not. An empty address (a Unix socket) has no per-address limit.
  Admission add(ConnectionId id, const std::string& address, base::SteadyTime now, const ConnectionLimits& limits);
  void remove(ConnectionId id);

  void mark_handling(ConnectionId id);                                           // the handler has its request
  void mark_answered(ConnectionId id, bool successfully, base::SteadyTime now);  // idle from now on
  void mark_receiving(ConnectionId id, base::SteadyTime now);                    // another request has begun
  void mark_closing(ConnectionId id);                                            // no further request will be read

  // Displaces one connection; none: every connection is handling a request.
  std::optional<ConnectionId> displace();

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t displaced() const { return displaced_; }  // displaced but not removed yet

 private:
  enum class Rank : std::uint8_t { closing, unproven, proven };
  using Key = std::tuple<Rank, base::SteadyTime, ConnectionId>;
  struct Address {
    std::size_t count = 0;
    std::set<Key> closable;
  };
  struct Entry {
    std::string address;
    Rank rank = Rank::unproven;
    base::SteadyTime since{};
    bool closable = true;
    bool first = true;    // no request has been answered
    bool counted = true;  // neither refused nor displaced
    bool displaced = false;
  };

  void list(ConnectionId id, const Entry& entry);
  void unlist(ConnectionId id, Entry& entry);
  void place(ConnectionId id, Entry& entry, base::SteadyTime since);
  void uncount(Entry& entry);
  std::optional<ConnectionId> displace_first(const std::set<Key>& closable);

  std::unordered_map<ConnectionId, Entry> entries_;
  std::unordered_map<std::string, Address> addresses_;
  std::set<Key> closable_;
  std::size_t counted_ = 0;
  std::size_t displaced_ = 0;
};

}  // namespace belfry::net
