// SIGINT and SIGTERM as an event to wait for, so that a command that runs until then ends cleanly.
// Thread rule: create it on the main thread, before any other thread. Ownership: at most one at a time.
#pragma once
#include "base/clock.hpp"

namespace belfry::cli {

class StopSignals {
 public:
  // Blocks the signals in this thread and those that it starts.
  StopSignals();
  // Unblocks them again. A signal that has been received is dropped.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Returns true as soon as a signal has been received, now or before; false after `timeout`.
  [[nodiscard]] bool wait(base::Millis timeout);

 private:
  int file_ = -1;
  bool received_ = false;
};

}  // namespace belfry::cli
