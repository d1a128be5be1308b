// Memory budget shared by the request bodies of one server.
//
// A body reserves its memory before it is read. Reservations are granted in order; one that does not fit waits. While one waits, a body
// that has been arriving for longer than kRevokeAfter loses its reservation, so that slow senders cannot hold the budget. A reservation
// lasts until the handler replies, because the handler's copy of a body takes as much memory as the body.
//
// Thread rule: any thread. on_change runs on the thread that caused the change, without a lock held.
// Ownership: a reservation may outlive the budget.
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
  static constexpr base::Millis kRevokeAfter{2'000};

  struct State;

  // The destructor returns the memory.
  class Reservation {
   public:
    enum class Phase : std::uint8_t { waiting, receiving, complete, revoked };

    Reservation(std::shared_ptr<State> state, std::size_t bytes, std::function<void()> on_change)
        : state_(std::move(state)), bytes_(bytes), on_change_(std::move(on_change)) {}
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation();

    [[nodiscard]] Phase phase() const { return phase_; }
    // Marks the body as received: it occupies `bytes`, and the reservation can no longer be revoked. False: it has been revoked.
    [[nodiscard]] bool complete(std::size_t bytes);
    // Returns the memory early; on_change is not called afterwards.
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
  // A reservation larger than the budget is granted when it is the only one. `on_change`: it was granted later, or revoked.
  [[nodiscard]] std::shared_ptr<Reservation> reserve(std::size_t bytes, base::SteadyTime now, std::function<void()> on_change);
  // Revokes reservations of slow bodies in favor of waiting ones. Returns when to call again while a reservation waits.
  [[nodiscard]] base::SteadyTime revoke_slow(base::SteadyTime now);

  [[nodiscard]] std::size_t used() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace belfry::net
