// Connections of one server: how many are open, and which one is closed to make room for another. Pure: the time is an argument.
//
// A connection whose request is being handled is never closed. Of the others, those that are about to close go first, then those that
// have not had a successful answer yet, then the rest; within each group the one that has been idle the longest. The age of a first
// request counts from the accept, so that neither an unfinished TLS handshake nor a slow header nor a slow body keeps a connection young.
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

struct ConnectionBounds {
  std::size_t total = 1024;
  std::size_t per_address = 0;  // 0: unbounded
};

class ConnectionTable {
 public:
  enum class Bound { none, total, address };

  struct Admission {
    Bound bound = Bound::none;              // which bound was reached, if any
    std::optional<ConnectionId> displaced;  // closed to make room
    bool refused = false;                   // no connection could be displaced: the new one gets 503
  };

  // Adds the connection, refused or not. An empty address (a Unix socket) has no bound of its own.
  Admission add(ConnectionId id, const std::string& address, base::SteadyTime now, const ConnectionBounds& bounds);
  void remove(ConnectionId id);

  void handling(ConnectionId id);                                           // its request is with the handler
  void answered(ConnectionId id, bool successfully, base::SteadyTime now);  // idle from now on
  void receiving(ConnectionId id, base::SteadyTime now);                    // has begun another request
  void closing(ConnectionId id);                                            // nothing but its end is left

  // Displaces one connection; none: all of them have requests in hand.
  std::optional<ConnectionId> displace();

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t displaced() const { return displaced_; }  // those that have not been removed yet

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
