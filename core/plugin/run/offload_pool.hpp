// Shares the threads for blocking work between instances.
//
// An instance without a running job gets a thread at once, an additional one if necessary, so that no instance waits for another's work,
// however long that takes. Further jobs of an instance use only the pool's own threads, in turn with other instances. Jobs for one delivery
// never run at the same time, and the next one does not begin before the result of the last one has been processed (DeliverySlot).
// Thread rule: any thread. Ownership: held by shared_ptr, also by slots, which may outlive the runtime; the runtime outlives close().
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/executor.hpp"

namespace belfry::plugin {

class OffloadPool : public std::enable_shared_from_this<OffloadPool> {
 public:
  using Owner = const void*;  // an instance
  // While it is held, no other job of the delivery begins, and the delivery counts toward the owner's limit. The work receives it and may
  // keep it after returning, until its result has been processed. Any thread; released on destruction.
  class DeliverySlot {
   public:
    DeliverySlot(std::shared_ptr<OffloadPool> pool, Owner owner, std::string delivery)
        : pool_(std::move(pool)), owner_(owner), delivery_(std::move(delivery)) {}
    DeliverySlot(DeliverySlot&&) = default;
    DeliverySlot& operator=(DeliverySlot&&) = delete;
    ~DeliverySlot() { release(); }
    void release() {
      if (const auto pool = std::exchange(pool_, nullptr)) pool->released(owner_, delivery_);
    }

   private:
    std::shared_ptr<OffloadPool> pool_;
    Owner owner_;
    std::string delivery_;
  };
  struct Job {
    std::move_only_function<void(DeliverySlot)> work;  // must not throw
    std::string delivery;                              // its id; empty: not for a delivery
  };

  explicit OffloadPool(net::Runtime& runtime) : runtime_(runtime), own_threads_(runtime.threads()), threads_(own_threads_) {}

  // `limit`: how many jobs for deliveries the owner runs at a time; 0: no limit of its own.
  void run(Owner owner, std::size_t limit, Job job);

  // Drops the waiting jobs and every later one. Running jobs continue.
  void close();

  [[nodiscard]] std::size_t own_threads() const { return own_threads_; }

 private:
  static constexpr std::size_t kMaxAdditional = 64;
  struct Queue {
    std::size_t limit = 0;
    std::size_t running = 0;
    std::vector<std::string> deliveries;  // with a DeliverySlot held
    std::deque<Job> waiting;
  };
  // Called with the lock held.
  void start_ready();
  [[nodiscard]] bool has_thread_for(const Queue& queue);
  [[nodiscard]] static std::deque<Job>::iterator next_of(Queue& queue);
  void begin(Owner owner, Queue& queue, std::deque<Job>::iterator job);
  void forget_if_idle(std::map<Owner, Queue>::iterator place);

  void ended(Owner owner);
  void released(Owner owner, const std::string& delivery);

  net::Runtime& runtime_;
  const std::size_t own_threads_;
  std::mutex mutex_;
  std::size_t threads_;
  std::size_t running_ = 0;
  bool closed_ = false;
  std::map<Owner, Queue> queues_;
  std::deque<Owner> order_;  // keys of queues_; the owner that began a job longest ago comes first
};

}  // namespace belfry::plugin
