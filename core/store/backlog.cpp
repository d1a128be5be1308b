#include "store/backlog.hpp"

#include <algorithm>

namespace belfry::store {

Stats Backlog::stats(base::Timestamp now) const {
  const std::lock_guard lock(mutex_);
  Stats stats;
  for (const auto& [name, sink] : sinks_) {
    auto& out = stats.sinks[name];
    const auto waits = sink.open - sink.in_flight;
    const auto blocked = sink.blocked.count_after(now);
    out.in_flight = sink.in_flight;
    out.backoff = sink.backoff.count_after(now);
    out.held = blocked - out.backoff;
    out.waiting = waits - blocked;
    out.dead_letters = sink.dead_letters;
    if (const auto first = sink.joined.earliest(); first && *first <= now) out.oldest = *first;
    if (const auto first = sink.blocked.earliest(); first && *first <= now) out.waiting_since = *first;
    out.next_due = sink.blocked.first_after(now);
  }
  stats.unrouted = static_cast<std::uint64_t>(std::max<std::int64_t>(0, unrouted_));
  return stats;
}

void Backlog::added(CountedDelivery delivery) {
  if (delivery.open || delivery.dead_letter) noted_.emplace_back(Added{std::move(delivery)});
}

void Backlog::removed(CountedDelivery delivery) {
  if (delivery.open || delivery.dead_letter) noted_.emplace_back(Removed{std::move(delivery)});
}

void Backlog::changed(const CountedDelivery& before, const CountedDelivery& after) {
  if (before == after) return;
  removed(before);
  added(after);
}

bool Backlog::commit() {
  if (noted_.empty()) return true;
  const std::lock_guard lock(mutex_);
  bool consistent = true;
  for (const auto& note : noted_) consistent = std::visit([this](const auto& one) { return apply(one); }, note) && consistent;
  noted_.clear();
  return consistent;
}

void Backlog::replace(Backlog&& counted) {
  noted_.clear();
  const std::scoped_lock lock(mutex_, counted.mutex_);
  sinks_ = std::move(counted.sinks_);
  paused_until_ = std::move(counted.paused_until_);
  unrouted_ = counted.unrouted_;
}

bool Backlog::apply(const Added& note) {
  const auto& delivery = note.delivery;
  auto& sink = sinks_[delivery.sink];
  sink.dead_letters += delivery.dead_letter ? 1 : 0;
  if (!delivery.open) return true;
  ++sink.open;
  sink.joined.add(delivery.joins_at);
  if (delivery.in_flight) {
    ++sink.in_flight;
    return true;
  }
  sink.blocked.add(free_at(delivery));
  if (delivery.due_at != delivery.joins_at) sink.backoff.add(delivery.due_at);
  return true;
}

bool Backlog::apply(const Removed& note) {
  const auto& delivery = note.delivery;
  const auto found = sinks_.find(delivery.sink);
  if (found == sinks_.end()) return false;
  auto& sink = found->second;
  if (delivery.dead_letter) {
    if (sink.dead_letters == 0) return false;
    --sink.dead_letters;
  }
  if (delivery.open) {
    if (sink.open == 0 || !sink.joined.remove(delivery.joins_at)) return false;
    --sink.open;
    if (delivery.in_flight) {
      if (sink.in_flight == 0) return false;
      --sink.in_flight;
    } else {
      if (!sink.blocked.remove(free_at(delivery))) return false;
      if (delivery.due_at != delivery.joins_at && !sink.backoff.remove(delivery.due_at)) return false;
    }
  }
  if (sink.open == 0 && sink.dead_letters == 0) sinks_.erase(found);
  return true;
}

bool Backlog::apply(const Paused& note) {
  if (note.until == base::Timestamp{}) {
    paused_until_.erase(note.queue);
  } else {
    paused_until_[note.queue] = note.until;
  }
  return true;
}

bool Backlog::apply(const Unrouted& note) {
  unrouted_ += note.by;
  return unrouted_ >= 0;
}

base::Timestamp Backlog::free_at(const CountedDelivery& delivery) const {
  const auto paused = paused_until_.find(delivery.queue);
  return paused == paused_until_.end() ? delivery.due_at : std::max(delivery.due_at, paused->second);
}

}  // namespace belfry::store
