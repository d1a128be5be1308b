// Slows down a plugin's thread that has been given up and takes the processor all the same.
//
// A timer on the thread's own processor time interrupts it every few milliseconds that it ran, and the interruption lasts a hundred times
// as long: it gets about a hundredth of one processor. A thread that waits does not notice. It is interrupted within the plugin's own code
// only: anywhere else it may hold a lock that others need (that of the allocator, of the log). It may also hold one of the plugin itself:
// its user says with slow_down() when somebody could be waiting for that.
#pragma once
#include <cstdint>
#include <ctime>
#include <optional>

#include "net/executor.hpp"

namespace belfry::plugin {

// The machine code of one library, [begin, end).
struct CodeRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

// That of the library which `function` is part of; empty when it is part of none.
[[nodiscard]] CodeRange code_around(const void* function);

// From construction on. Thread rule: made on any thread, destroyed on the thread that is throttled or after it has ended.
class Throttle {
 public:
  Throttle(net::ThreadId thread, CodeRange code);
  ~Throttle();
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;

  // Whether it is interrupted; from construction on it is. A pause that has begun ends within 400 ms. Any thread.
  void slow_down(bool on);

 private:
  const CodeRange code_;
  // None when there are sixteen already, or the system has no timer left: then nothing is slowed down.
  std::optional<std::size_t> slot_;
  timer_t timer_{};
};

}  // namespace belfry::plugin
