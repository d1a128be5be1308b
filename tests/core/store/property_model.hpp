// The store's guarantees about deliveries and their queues in their simplest form: a list, always searched from the front.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "model/delivery.hpp"
#include "store/inspection.hpp"

namespace belfry::store {

using Queue = std::pair<std::string, std::string>;  // sink, address

struct Expected {
  std::string id;
  std::vector<std::string> members;  // the notifications in it
  Queue queue;
  base::Timestamp created_at{}, joins_at{}, due_at{}, expires_at{}, claim_until{};
  bool time_of_day = false;  // held until a time of day
  model::DeliveryState state = model::DeliveryState::waiting;
  bool dead_letter = false;
  std::uint32_t attempts = 0;
  std::uint32_t failures = 0;
  bool in_doubt = false;
  std::string digest_key;  // not empty: an open digest
  std::string claim;
  std::set<std::uint32_t> arrived;  // attempts reported as delivered

  [[nodiscard]] bool open() const { return state == model::DeliveryState::waiting || state == model::DeliveryState::in_flight; }
};

class Model {
 public:
  std::vector<Expected> deliveries;  // in the order of acceptance
  std::map<Queue, base::Timestamp> paused;

  [[nodiscard]] Expected* by_id(const std::string& id) {
    const auto found = std::ranges::find(deliveries, id, &Expected::id);
    return found == deliveries.end() ? nullptr : &*found;
  }

  // The leased delivery of the queue, which its holder may be sending.
  [[nodiscard]] Expected* in_flight(const Queue& queue, base::Timestamp now) {
    const auto found = std::ranges::find_if(deliveries, [&](const Expected& one) {
      return one.queue == queue && one.state == model::DeliveryState::in_flight && one.claim_until > now;
    });
    return found == deliveries.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::set<std::string> leasable(const std::string& sink, base::Timestamp now) {
    std::set<std::string> ids;
    std::set<Queue> looked_at;
    for (const auto& one : deliveries) {
      if (one.queue.first != sink || !one.open() || one.joins_at > now || !looked_at.insert(one.queue).second) continue;
      if (in_flight(one.queue, now) != nullptr) continue;
      const auto free_at = one.state == model::DeliveryState::in_flight ? one.claim_until : one.due_at;
      if (std::max(free_at, paused[one.queue]) <= now) ids.insert(one.id);
    }
    return ids;
  }

  // When a delivery of the sink can next be leased, after `now`.
  [[nodiscard]] std::optional<base::Timestamp> next_ready(const std::string& sink, base::Timestamp now) {
    std::set<base::Timestamp> moments;
    for (const auto& one : deliveries)
      if (one.queue.first == sink && one.open()) moments.insert({one.joins_at, one.due_at, one.claim_until, paused[one.queue]});
    for (const auto at : moments)
      if (at > now && !leasable(sink, at).empty()) return at;
    return std::nullopt;
  }

  [[nodiscard]] std::set<std::string> expired(const std::string& sink, base::Timestamp now) {
    std::map<Queue, const Expected*> first;
    for (const auto& one : deliveries) {
      if (one.queue.first != sink || !one.open() || one.expires_at > now || in_flight(one.queue, now) != nullptr) continue;
      const auto*& oldest = first[one.queue];
      if (oldest == nullptr || one.expires_at < oldest->expires_at) oldest = &one;
    }
    std::set<std::string> ids;
    for (const auto& [queue, one] : first) ids.insert(one->id);
    return ids;
  }

  // As the store lists and counts it.
  [[nodiscard]] ListedState listed(const Expected& one, base::Timestamp now) {
    if (one.dead_letter) return ListedState::dead;
    switch (one.state) {
      case model::DeliveryState::in_flight: return ListedState::in_flight;
      case model::DeliveryState::delivered: return ListedState::delivered;
      case model::DeliveryState::rejected: return ListedState::rejected;
      case model::DeliveryState::expired: return ListedState::expired;
      case model::DeliveryState::discarded: return ListedState::discarded;
      case model::DeliveryState::waiting: break;
    }
    const bool later = one.due_at > now;
    if (later && one.due_at != one.joins_at) return ListedState::backoff;
    return later || paused[one.queue] > now ? ListedState::held : ListedState::waiting;
  }

  // Empty: an operator can retry it.
  [[nodiscard]] static std::string why_not_retried(const Expected& one) {
    if (one.state == model::DeliveryState::waiting) return "is waiting already";
    return one.state == model::DeliveryState::in_flight ? "is in flight" : "";
  }
  // Empty: an operator can discard it.
  [[nodiscard]] static std::string why_not_discarded(const Expected& one, base::Timestamp now) {
    if (one.state == model::DeliveryState::in_flight && one.claim_until > now) return "is in flight";
    if (one.open() || one.dead_letter) return "";
    if (one.state == model::DeliveryState::delivered) return "was delivered";
    return one.state == model::DeliveryState::discarded ? "is discarded already" : "has ended, and is not a dead letter";
  }

  void open(Expected digest) {
    for (auto& one : deliveries)
      if (one.queue == digest.queue && one.digest_key == digest.digest_key) one.digest_key.clear();
    deliveries.push_back(std::move(digest));
  }

  // The open digest for that key.
  [[nodiscard]] Expected* open_digest(const Queue& queue, const std::string& key, base::Timestamp now) {
    const auto found = std::ranges::find_if(
        deliveries, [&](const Expected& one) { return one.queue == queue && one.digest_key == key && one.open() && one.expires_at > now; });
    return found == deliveries.end() ? nullptr : &*found;
  }

  // The notifications without a delivery in the queue.
  [[nodiscard]] std::vector<std::string> not_yet_for(const Queue& queue, std::vector<std::string> notifications) const {
    for (const auto& one : deliveries) {
      if (one.queue != queue) continue;
      std::erase_if(notifications, [&](const std::string& id) { return std::ranges::find(one.members, id) != one.members.end(); });
    }
    return notifications;
  }

  // Sets the wall clock by `step`: a held delivery keeps its hour and follows the day.
  static void follow(Expected& one, base::Millis step, base::Timestamp now) {
    const auto days = base::Millis(std::chrono::round<std::chrono::days>(step));
    const auto life = one.expires_at - one.due_at;
    one.joins_at = one.due_at = one.due_at + days - step;
    one.expires_at = std::max(one.due_at, now) + life;
  }
  std::size_t set_clock(base::Millis step, base::Timestamp now) {
    std::size_t moved = 0;
    for (auto& one : deliveries) {
      if (!one.time_of_day || one.state != model::DeliveryState::waiting || one.joins_at <= now) continue;
      follow(one, step, now);
      ++moved;
    }
    return moved;
  }

  // Adds time that the clock did not count.
  std::size_t age(base::Timestamp created_before, base::Millis passed) {
    std::size_t aged = 0;
    for (auto& one : deliveries) {
      if (!one.open() || one.created_at >= created_before) continue;
      one.joins_at -= passed;
      one.due_at -= passed;
      one.expires_at -= passed;
      ++aged;
    }
    return aged;
  }

  // Returns the number of queues with a postponed delivery.
  std::size_t end_backoff(const std::string& sink, base::Timestamp now) {
    std::set<Queue> queues;
    for (auto& one : deliveries) {
      const bool put_off = one.state == model::DeliveryState::waiting && one.joins_at <= now && one.due_at > now;
      if (one.queue.first != sink || !put_off) continue;
      one.due_at = now;
      queues.insert(one.queue);
    }
    return queues.size();
  }
};

}  // namespace belfry::store
