#include "plugin/run/offload_pool.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>

namespace belfry::plugin {

void OffloadPool::run(Owner owner, std::size_t limit, Job job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  const auto [place, fresh] = queues_.try_emplace(owner);
  if (fresh) order_.push_back(owner);
  place->second.limit = limit;
  place->second.waiting.push_back(std::move(job));
  start_ready();
}

void OffloadPool::close() {
  std::vector<Job> dropped;  // destroyed after the lock is released
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [owner, queue] : queues_) std::ranges::move(std::exchange(queue.waiting, {}), std::back_inserter(dropped));
}

std::deque<OffloadPool::Job>::iterator OffloadPool::next_of(Queue& queue) {
  return std::ranges::find_if(queue.waiting, [&](const Job& job) {
    if (job.delivery.empty()) return true;
    const bool below_limit = queue.limit == 0 || queue.deliveries.size() < queue.limit;
    return below_limit && std::ranges::find(queue.deliveries, job.delivery) == queue.deliveries.end();
  });
}

bool OffloadPool::has_thread_for(const Queue& queue) {
  if (queue.running > 0) return running_ < own_threads_;
  if (running_ < threads_) return true;
  if (threads_ >= own_threads_ + kMaxAdditional) return false;
  try {
    runtime_.add_thread();
  } catch (const std::system_error&) {
    return false;  // the system has none left: the job waits for an existing thread
  }
  ++threads_;
  return true;
}

void OffloadPool::start_ready() {
  // Idle owners come first, so that no thread is added for one that a pool thread could serve.
  for (const bool idle : {true, false}) {
    bool begun = true;
    while (begun) {
      begun = false;
      for (const Owner owner : order_) {
        auto& queue = queues_.at(owner);
        const auto job = next_of(queue);
        if ((queue.running == 0) != idle || job == queue.waiting.end() || !has_thread_for(queue)) continue;
        begin(owner, queue, job);
        begun = true;
        break;  // order_ has changed
      }
    }
  }
}

void OffloadPool::begin(Owner owner, Queue& queue, std::deque<Job>::iterator job) {
  std::erase(order_, owner);
  order_.push_back(owner);
  ++queue.running;
  ++running_;
  if (!job->delivery.empty()) queue.deliveries.push_back(job->delivery);
  runtime_.post([self = shared_from_this(), owner, work = std::move(job->work), delivery = job->delivery]() mutable {
    work(DeliverySlot(self, owner, delivery));
    work = nullptr;  // its captures are destroyed before the owner can be
    self->ended(owner);
  });
  queue.waiting.erase(job);
}

void OffloadPool::released(Owner owner, const std::string& delivery) {
  if (delivery.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto place = queues_.find(owner);
  auto& claimed = place->second.deliveries;
  claimed.erase(std::ranges::find(claimed, delivery));
  forget_if_idle(place);
  start_ready();
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
  start_ready();
  if (threads_ > own_threads_ && running_ < threads_) {
    --threads_;
    net::Runtime::end_this_thread();
  }
}

}  // namespace belfry::plugin
