// Shares the threads for blocking work between instances.
//
// An instance that has nothing running gets a thread at once, an additional one if need be, so that no instance waits for the work of
// another, however long that takes. What an instance runs beyond its first piece uses the pool's own threads only, in turn with others.
// Pieces for one delivery never run at the same time, and the next one does not begin before what came of the last one is known (Claim).
// Thread rule: any thread. Ownership: held by shared_ptr, also by claims, which may outlive the runtime: close() comes before its end.
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
  // While it is held, no other piece of the delivery begins, and the delivery counts toward the owner's limit. The work receives it and may
  // keep it after returning, until its result has been processed. Any thread; released on destruction.
  class Claim {
   public:
    Claim(std::shared_ptr<OffloadPool> pool, Owner owner, std::string delivery)
        : pool_(std::move(pool)), owner_(owner), delivery_(std::move(delivery)) {}
    Claim(Claim&&) = default;
    Claim& operator=(Claim&&) = delete;
    ~Claim() { release(); }
    void release() {
      if (const auto pool = std::exchange(pool_, nullptr)) pool->released(owner_, delivery_);
    }

   private:
    std::shared_ptr<OffloadPool> pool_;
    Owner owner_;
    std::string delivery_;
  };
  struct Piece {
    std::move_only_function<void(Claim)> work;  // must not throw
    std::string delivery;                       // its id; empty: not for a delivery
  };

  explicit OffloadPool(net::Runtime& runtime) : runtime_(runtime), own_threads_(runtime.threads()), threads_(own_threads_) {}

  // `most`: how many pieces for deliveries the owner runs at once; 0: no limit of its own.
  void run(Owner owner, std::size_t most, Piece piece);

  // Nothing begins after this: waiting pieces are dropped, and so is every later one.
  void close();

  [[nodiscard]] std::size_t own_threads() const { return own_threads_; }

 private:
  static constexpr std::size_t kMostAdditional = 64;
  struct Queue {
    std::size_t most = 0;
    std::size_t running = 0;
    std::vector<std::string> deliveries;  // that are claimed
    std::deque<Piece> waiting;
  };
  // All with the lock held.
  void begin_what_may();
  [[nodiscard]] bool has_thread_for(const Queue& queue);
  [[nodiscard]] static std::deque<Piece>::iterator next_of(Queue& queue);
  void begin(Owner owner, Queue& queue, std::deque<Piece>::iterator piece);
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
  std::deque<Owner> order_;  // of queues_: who began longest ago comes first
};

}  // namespace belfry::plugin
