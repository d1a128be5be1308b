// Waiting for one another, within one instance: Signal and SingleFlight. No locks: tasks of an instance run one at a time.
#pragma once
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "belfry/sdk/runtime.hpp"

namespace belfry::sdk {

// Something that happens once, with any number of tasks waiting for it. After set(), waiting returns at once until reset().
// A task that is destroyed while it waits is forgotten. Tasks must not outlive the Signal they wait for; as a member of the sink it is
// fine.
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

// One piece of work at a time per key; whoever asks meanwhile waits for the same result.
//     co_await lookups_.run(email, look_up(email));
// The first task given for a key runs on its own, so that it survives when the delivery that began it is abandoned: its requests are made
// on nobody's behalf and end by their own time limit. Tasks given while one is running are dropped unstarted. The result is not kept.
// A member of the sink, or of something that lives as long.
template <class Key, class T>
class SingleFlight {
 public:
  Task<T> run(Key key, Task<T> work) {
    auto& flight = flights_[key];
    if (!flight) {
      flight = std::make_shared<Flight>();
      auto& root = co_await detail::CurrentRoot{};
      root.runtime.spawn(fly(key, flight, std::move(work)));
    }
    const auto mine = flight;
    co_await mine->landed.wait();
    if (mine->error) std::rethrow_exception(mine->error);
    co_return *mine->result;
  }

 private:
  struct Flight {
    Signal landed;
    std::optional<T> result;
    std::exception_ptr error;
  };

  Task<void> fly(Key key, std::shared_ptr<Flight> flight, Task<T> work) {
    try {
      flight->result = co_await std::move(work);
    } catch (...) {
      flight->error = std::current_exception();
    }
    flights_.erase(key);
    flight->landed.set();
  }

  std::map<Key, std::shared_ptr<Flight>> flights_;
};

}  // namespace belfry::sdk
