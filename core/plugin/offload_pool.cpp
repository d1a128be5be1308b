#include "plugin/offload_pool.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>

namespace belfry::plugin {

void OffloadPool::run(Owner owner, std::size_t most, Piece piece) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  const auto [place, fresh] = queues_.try_emplace(owner);
  if (fresh) order_.push_back(owner);
  place->second.most = most;
  place->second.waiting.push_back(std::move(piece));
  begin_what_may();
}

void OffloadPool::close() {
  std::vector<Piece> dropped;  // what they own goes without the lock
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [owner, queue] : queues_) std::ranges::move(std::exchange(queue.waiting, {}), std::back_inserter(dropped));
}

std::deque<OffloadPool::Piece>::iterator OffloadPool::next_of(Queue& queue) {
  return std::ranges::find_if(queue.waiting, [&](const Piece& piece) {
    if (piece.delivery.empty()) return true;
    const bool room = queue.most == 0 || queue.deliveries.size() < queue.most;
    return room && std::ranges::find(queue.deliveries, piece.delivery) == queue.deliveries.end();
  });
}

bool OffloadPool::has_thread_for(const Queue& queue) {
  if (queue.running > 0) return running_ < own_threads_;
  if (running_ < threads_) return true;
  if (threads_ >= own_threads_ + kMostAdditional) return false;
  try {
    runtime_.add_thread();
  } catch (const std::system_error&) {
    return false;  // the system has none left: the piece waits for one of those that are there
  }
  ++threads_;
  return true;
}

void OffloadPool::begin_what_may() {
  // Owners with nothing running come first, so that no thread is added for one that could have had a thread of the pool.
  for (const bool idle : {true, false}) {
    bool begun = true;
    while (begun) {
      begun = false;
      for (const Owner owner : order_) {
        auto& queue = queues_.at(owner);
        const auto piece = next_of(queue);
        if ((queue.running == 0) != idle || piece == queue.waiting.end() || !has_thread_for(queue)) continue;
        begin(owner, queue, piece);
        begun = true;
        break;  // the order has changed
      }
    }
  }
}

void OffloadPool::begin(Owner owner, Queue& queue, std::deque<Piece>::iterator piece) {
  std::erase(order_, owner);
  order_.push_back(owner);
  ++queue.running;
  ++running_;
  if (!piece->delivery.empty()) queue.deliveries.push_back(piece->delivery);
  runtime_.post([self = shared_from_this(), owner, work = std::move(piece->work), delivery = piece->delivery]() mutable {
    work(Claim(self, owner, delivery));
    work = nullptr;  // what it owns goes before the owner may
    self->ended(owner);
  });
  queue.waiting.erase(piece);
}

void OffloadPool::released(Owner owner, const std::string& delivery) {
  if (delivery.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto place = queues_.find(owner);
  auto& claimed = place->second.deliveries;
  claimed.erase(std::ranges::find(claimed, delivery));
  forget_if_idle(place);
  begin_what_may();
}

void OffloadPool::forget_if_idle(std::map<Owner, Queue>::iterator place) {
  const auto& queue = place->second;
  if (queue.running != 0 || !queue.waiting.empty() || !queue.deliveries.empty()) return;
  std::erase(order_, place->first);
  queues_.erase(place);
}

void OffloadPool::ended(Owner owner) {
  const std::lock_guard lock(mutex_);
  const auto place = queues_.find(owner);
  --place->second.running;
  --running_;
  forget_if_idle(place);
  begin_what_may();
  if (threads_ > own_threads_ && running_ < threads_) {
    --threads_;
    net::Runtime::end_this_thread();
  }
}

}  // namespace belfry::plugin
