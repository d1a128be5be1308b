// Writes finished lines to a descriptor on a dedicated thread. Logging never blocks the caller: lines beyond the bound, and lines that
// cannot be written, are dropped and counted, and a later line reports how many.
// Thread rule: any thread. Ownership: duplicates the descriptor. Destruction gives what waits a second, then leaves it.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace belfry::base {

// How a line begins.
enum class LineStart {
  time_and_level,  // "2026-01-31T12:00:00.000Z warning "
  priority,        // "<4>", as sd-daemon(3) has it: the journal notes the time by itself
};

// Whether the descriptor leads to systemd's journal; `stream` is the value of $JOURNAL_STREAM (systemd.exec(5)), null when it is not set.
[[nodiscard]] bool leads_to_journal(int descriptor, const char* stream) noexcept;
// What suits that descriptor in this process.
[[nodiscard]] LineStart line_start_for(int descriptor) noexcept;

class LogWriter {
 public:
  static constexpr std::size_t kMaxWaiting = 1024UL * 1024;  // bytes; as many again may be on their way to the descriptor

  explicit LogWriter(int descriptor, LineStart start = LineStart::time_and_level);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Adds the newline. Lines keep their order.
  void write(std::string_view line) noexcept;
  // The same with the line's start in front.
  void write(LogLevel level, const std::string& line);
  [[nodiscard]] LineStart line_start() const noexcept;
  // Waits until all lines of before have been written or dropped; false when the time is over first.
  bool flush(Millis timeout) noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept;
  // By all writers of this process, ever.
  [[nodiscard]] static std::uint64_t dropped_by_process() noexcept;

  // From now on a fatal signal (SIGSEGV, SIGABRT, ...) and exit(3) wait up to 200 ms for the lines of this writer before they end the
  // process as ever. A handler that was installed before runs afterwards. For one writer of the process.
  void flush_on_crash();
  // The same wait, from any signal handler.
  static void flush_from_signal() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive this
};

// A logger whose lines go to the writer: nobody waits for them.
[[nodiscard]] Logger log_to(std::shared_ptr<LogWriter> writer, LogLevel lowest, std::shared_ptr<Scrubber> scrubber);

// On the caller's thread, for the last words of a process: writes what goes within that time.
void write_within(int descriptor, std::string_view text, Millis timeout) noexcept;

}  // namespace belfry::base
