// Task<T>: a lazy coroutine type, and the lists in which suspended coroutines wait.
//
// A Task starts when it is awaited and is destroyed with the Task object; an event that it still awaits is then ignored. Tasks of one
// instance run one at a time, in the strand of that instance, so members of the sink need no lock. Exceptions propagate to the awaiting
// task; one that leaves deliver() becomes an outcome.
//
// GCC 12 has three bugs inside a co_await expression. It destroys a braced aggregate twice: give the type a constructor, or name the object
// first. It destroys the captures of a temporary lambda twice: name the lambda first.
//
//     auto work = [..] { .. };
//     co_await offload().run(std::move(work));
// It also cannot compile a braced list of elements ({{"a", "b"}}) there ("array used as initializer"): name the list first too.
#pragma once
#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "belfry/plugin.h"

namespace belfry::sdk {

template <class T>
class Task;

namespace detail {

class Runtime;
struct Root;

// A node of an intrusive ring. Unlinks itself when destroyed.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { unlink(); }

  [[nodiscard]] bool alone() const { return next_ == this; }
  [[nodiscard]] Link* next() const { return next_; }
  void unlink() {
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = this;
  }
  void insert_before(Link& other) {
    unlink();
    next_ = &other;
    prev_ = other.prev_;
    prev_->next_ = this;
    other.prev_ = this;
  }

 private:
  Link* next_ = this;
  Link* prev_ = this;
};

// A suspended coroutine, linked into the list in which it waits.
struct Waiter : Link {
  std::coroutine_handle<> handle;
};

class WaiterList {
 public:
  [[nodiscard]] bool empty() const { return head_.alone(); }
  void push(Waiter& waiter) { waiter.insert_before(head_); }
  Waiter* pop() {
    if (empty()) return nullptr;
    auto* first = static_cast<Waiter*>(head_.next());
    first->unlink();
    return first;
  }

 private:
  Link head_;
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  Root* root = nullptr;  // inherited from the awaiting task
  std::exception_ptr error;

  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object() noexcept;
  template <class U>
    requires std::constructible_from<T, U&&>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Handle child;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) const noexcept {
      child.promise().continuation = parent;
      child.promise().root = parent.promise().root;
      return child;
    }
    T await_resume() const { return child.promise().take(); }
  };

  // May be awaited once: awaiting consumes the task.
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

  [[nodiscard]] Handle handle() const noexcept { return handle_; }

 private:
  Handle handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> detail::Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace belfry::sdk
