// The memory that the request bodies of one server may take together.
//
// A body claims its memory before it is read. Claims are granted in order; one that does not fit waits. While a claim waits, a body that
// has been arriving for longer than kPatience loses its claim, so that slow senders cannot hold the budget. A claim lasts until the request
// has been answered: what the handler makes of a body takes as much memory as the body.
// Thread rule: any thread. on_change runs on the thread that caused the change, without a lock held. Ownership: a claim keeps what it needs
// of the budget alive.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"

namespace belfry::net {

class BodyBudget {
 public:
  static constexpr base::Millis kPatience{2'000};

  struct State;

  // Destruction gives the memory back.
  class Claim {
   public:
    enum class Phase : std::uint8_t { waiting, receiving, complete, revoked };

    Claim(std::shared_ptr<State> state, std::size_t bytes, std::function<void()> on_change)
        : state_(std::move(state)), bytes_(bytes), on_change_(std::move(on_change)) {}
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim();

    [[nodiscard]] Phase phase() const { return phase_; }
    // The body is here, in `bytes` of memory, and cannot be revoked any more. False: it has been revoked.
    [[nodiscard]] bool complete(std::size_t bytes);
    // Lets go of it early; on_change is not called afterwards.
    void release();

   private:
    friend struct State;
    const std::shared_ptr<State> state_;
    std::size_t bytes_;
    std::function<void()> on_change_;
    std::atomic<Phase> phase_ = Phase::waiting;
    base::SteadyTime since_{};
    bool listed_ = false;
  };

  explicit BodyBudget(std::size_t bytes);

  void limit(std::size_t bytes);
  // A claim larger than the budget is granted when there is no other. `on_change`: it was granted or revoked.
  [[nodiscard]] std::shared_ptr<Claim> claim(std::size_t bytes, base::SteadyTime now, std::function<void()> on_change);
  // For a claim that waits: revokes those that have been receiving for too long, and returns when to call again.
  [[nodiscard]] base::SteadyTime hurry(base::SteadyTime now);

  [[nodiscard]] std::size_t used() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace belfry::net
