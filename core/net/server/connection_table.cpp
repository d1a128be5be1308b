#include "net/server/connection_table.hpp"

namespace belfry::net {

ConnectionTable::Admission ConnectionTable::add(ConnectionId id, const std::string& address, base::SteadyTime now,
                                                const ConnectionLimits& limits) {
  Admission admission;
  // The per-address limit comes first: closing a connection of the same address satisfies both limits.
  const auto known = addresses_.find(address);
  if (limits.per_address > 0 && !address.empty() && known != addresses_.end() && known->second.count >= limits.per_address) {
    admission.limit_reached = Limit::address;
    admission.displaced = displace_first(known->second.closable);
    admission.refused = !admission.displaced;
  }
  if (!admission.refused && counted_ >= limits.total) {
    admission.limit_reached = Limit::total;
    admission.displaced = displace_first(closable_);
    admission.refused = !admission.displaced;
  }
  auto& entry = entries_.emplace(id, Entry{.address = address, .since = now}).first->second;
  auto& of_address = addresses_[address];
  if (admission.refused) {
    entry.counted = false;
  } else {
    ++counted_;
    ++of_address.count;
  }
  list(id, entry);
  return admission;
}

void ConnectionTable::remove(ConnectionId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& entry = found->second;
  unlist(id, entry);
  uncount(entry);
  if (entry.displaced) --displaced_;
  const auto address = addresses_.find(entry.address);
  if (address != addresses_.end() && address->second.count == 0 && address->second.closable.empty()) addresses_.erase(address);
  entries_.erase(found);
}

void ConnectionTable::mark_handling(ConnectionId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  unlist(id, found->second);
  found->second.closable = false;
}

void ConnectionTable::mark_answered(ConnectionId id, bool successfully, base::SteadyTime now) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& entry = found->second;
  entry.first = false;
  unlist(id, entry);
  if (successfully) entry.rank = Rank::proven;
  place(id, entry, now);
}

void ConnectionTable::mark_receiving(ConnectionId id, base::SteadyTime now) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.first) return;
  unlist(id, found->second);
  place(id, found->second, now);
}

void ConnectionTable::mark_closing(ConnectionId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  unlist(id, found->second);
  found->second.rank = Rank::closing;
  place(id, found->second, found->second.since);
}

std::optional<ConnectionId> ConnectionTable::displace() { return displace_first(closable_); }

std::optional<ConnectionId> ConnectionTable::displace_first(const std::set<Key>& closable) {
  if (closable.empty()) return std::nullopt;
  const auto id = std::get<ConnectionId>(*closable.begin());
  auto& entry = entries_.at(id);
  unlist(id, entry);
  uncount(entry);
  entry.displaced = true;
  ++displaced_;
  return id;
}

// A displaced or refused connection does not count against the limits, so closing it would free nothing.
void ConnectionTable::list(ConnectionId id, const Entry& entry) {
  if (!entry.counted || !entry.closable) return;
  const Key key{entry.rank, entry.since, id};
  closable_.insert(key);
  addresses_[entry.address].closable.insert(key);
}

void ConnectionTable::unlist(ConnectionId id, Entry& entry) {
  const Key key{entry.rank, entry.since, id};
  closable_.erase(key);
  const auto address = addresses_.find(entry.address);
  if (address != addresses_.end()) address->second.closable.erase(key);
}

void ConnectionTable::place(ConnectionId id, Entry& entry, base::SteadyTime since) {
  entry.since = since;
  entry.closable = true;
  list(id, entry);
}

void ConnectionTable::uncount(Entry& entry) {
  if (!std::exchange(entry.counted, false)) return;
  --counted_;
  --addresses_[entry.address].count;
}

}  // namespace belfry::net
