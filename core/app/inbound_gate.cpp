#include "app/inbound_gate.hpp"

#include <utility>

namespace belfry::app {

// The place of a large request; free again when the reply was sent, or dropped.
class InboundGate::Slot {
 public:
  explicit Slot(std::shared_ptr<InboundGate> gate) : gate_(std::move(gate)) {}
  Slot(Slot&&) noexcept = default;
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (gate_) gate_->free_slot();
  }

 private:
  std::shared_ptr<InboundGate> gate_;
};

void InboundGate::pass(net::ServerRequest request, net::Reply reply, net::RequestHandler handler) {
  if (request.body.size() <= kSmallBody) return handler(std::move(request), std::move(reply));
  const auto now = clock_.steady();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(request), std::move(reply), std::move(handler), now});
  }
  pump();
}

// A handler that replies at once frees its slot within forward(). The loop sees that, so nothing recurses.
void InboundGate::pump() noexcept {
  std::unique_lock lock(mutex_);
  if (std::exchange(pumping_, true)) return;
  while (large_ < kMaxLarge && !waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    ++large_;
    lock.unlock();
    forward(std::move(next));
    lock.lock();
  }
  pumping_ = false;
}

void InboundGate::forward(Waiting next) noexcept {
  Slot slot(shared_from_this());
  try {
    if (clock_.steady() - next.since > kMaxWait)
      return next.reply(net::text_response(503, "too many large requests are waiting to be verified; send it again"));
    auto reply = [slot = std::move(slot), reply = std::move(next.reply)](net::ServerResponse response) mutable {
      reply(std::move(response));
      const Slot done = std::move(slot);
    };
    next.handler(std::move(next.request), std::move(reply));
  } catch (...) {
    // The reply is dropped, which sends 500.
  }
}

void InboundGate::free_slot() noexcept {
  {
    const std::lock_guard lock(mutex_);
    --large_;
  }
  pump();
}

}  // namespace belfry::app
