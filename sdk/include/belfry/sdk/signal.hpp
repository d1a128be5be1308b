// Synchronization between the tasks of one instance: Signal and SingleFlight. Neither locks, because tasks of an instance run one at a
// time.
#pragma once
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "belfry/sdk/runtime.hpp"

namespace belfry::sdk {

// An event that any number of tasks can wait for. After set(), wait() returns immediately until reset().
// A task may be destroyed while it waits. The Signal must outlive the tasks that wait for it: make it a member of the sink.
class Signal {
 public:
  void set() {
    set_ = true;
    while (auto* waiter = static_cast<Awaiter*>(waiters_.pop())) waiter->runtime->make_ready(*waiter);
  }
  void reset() { set_ = false; }
  [[nodiscard]] bool is_set() const { return set_; }

  // co_await signal.wait();
  [[nodiscard]] auto wait() { return Awaiter(*this); }

 private:
  struct Awaiter : detail::Waiter {
    explicit Awaiter(Signal& s) : signal(s) {}
    [[nodiscard]] bool await_ready() const noexcept { return signal.set_; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) {
      runtime = &self.promise().root->runtime;
      handle = self;
      signal.waiters_.push(*this);
    }
    void await_resume() const noexcept {}

    Signal& signal;
    detail::Runtime* runtime = nullptr;
  };

  bool set_ = false;
  detail::WaiterList waiters_;
};

// Runs one task at a time per key. Callers that arrive while it is running wait for its result.
//     co_await lookups_.run(email, look_up(email));
// The work runs in a detached task, so that it survives when the delivery that started it is abandoned: its requests carry no ticket and
// end only by their own timeout. Tasks passed while one is running are destroyed without being started. An exception is rethrown to every
// caller. The result is not cached. Make it a member of the sink, or of an object that lives as long.
template <class Key, class T>
class SingleFlight {
 public:
  Task<T> run(Key key, Task<T> work) {
    auto& flight = flights_[key];
    if (!flight) {
      flight = std::make_shared<Flight>();
      auto& root = co_await detail::CurrentRoot{};
      root.runtime.spawn(run_flight(key, flight, std::move(work)));
    }
    const auto mine = flight;
    co_await mine->done.wait();
    if (mine->error) std::rethrow_exception(mine->error);
    co_return *mine->result;
  }

 private:
  struct Flight {
    Signal done;
    std::optional<T> result;
    std::exception_ptr error;
  };

  Task<void> run_flight(Key key, std::shared_ptr<Flight> flight, Task<T> work) {
    try {
      flight->result = co_await std::move(work);
    } catch (...) {
      flight->error = std::current_exception();
    }
    flights_.erase(key);
    flight->done.set();
  }

  std::map<Key, std::shared_ptr<Flight>> flights_;
};

}  // namespace belfry::sdk
