// Slows down a plugin's thread that has been given up but still uses the CPU.
//
// A timer on the thread's CPU time interrupts it after every few milliseconds of running, for a hundred times as long, which leaves it
// about a hundredth of one CPU. A waiting thread is not affected. It is interrupted only within the plugin's own code: elsewhere it may
// hold a lock that others need, such as the allocator's or the log's. It may also hold a lock of the plugin itself, so slow_down(false)
// suspends the throttle while another thread could be waiting for that.
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

// The code of the library that contains `function`; empty when none does.
[[nodiscard]] CodeRange code_around(const void* function);

// Throttles a thread from construction to destruction. Thread rule: constructed on any thread; destroyed on the throttled thread, or after
// that has ended.
class Throttle {
 public:
  Throttle(net::ThreadId thread, CodeRange code);
  ~Throttle();
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;

  // Turns the interruptions on or off; they are on at first. A pause that has begun ends within 400 ms. Any thread.
  void slow_down(bool on);

 private:
  const CodeRange code_;
  // None when all sixteen slots are taken, or the system has no timer left: then nothing is slowed down.
  std::optional<std::size_t> slot_;
  timer_t timer_{};
};

}  // namespace belfry::plugin
