// Writes finished lines to a descriptor on a dedicated thread. Never blocks the caller: lines beyond the queue limit, and lines that cannot
// be written, are dropped and counted, and a later line reports how many.
// Thread rule: any thread. Ownership: duplicates the descriptor. The destructor waits up to a second for queued lines, then abandons them.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace belfry::base {

// Start of each line; see log_line_start().
enum class LinePrefix {
  time_and_level,
  priority,  // for systemd's journal
};

// Whether the descriptor leads to systemd's journal. `stream`: the value of $JOURNAL_STREAM (systemd.exec(5)), null if unset.
[[nodiscard]] bool is_journal_stream(int descriptor, const char* stream) noexcept;
// The prefix that suits the descriptor in this process.
[[nodiscard]] LinePrefix line_prefix_for(int descriptor) noexcept;
// The format that suits the descriptor: text for the journal and for a terminal, which people read, logfmt for anything else.
[[nodiscard]] LogFormat log_format_for(int descriptor) noexcept;

class LogWriter {
 public:
  static constexpr std::size_t kMaxQueuedBytes = 1024UL * 1024;  // the batch being written may hold as many again

  explicit LogWriter(int descriptor, LinePrefix start = LinePrefix::time_and_level);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Adds a newline. Lines keep their order.
  void write(std::string_view line) noexcept;
  // The same with the start of the line: priority, time and level. `rest`: in this format.
  void write(LogLevel level, LogFormat format, const std::string& rest);
  [[nodiscard]] LinePrefix line_prefix() const noexcept;
  // Waits until all earlier lines have been written or dropped. Returns false on timeout.
  bool flush(Millis timeout) noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept;
  // Lines dropped by all writers of this process.
  [[nodiscard]] static std::uint64_t dropped_by_process() noexcept;

  // Makes fatal signals (SIGSEGV, SIGABRT, ...) and exit(3) wait up to 200 ms for the lines of this writer before they end the process as
  // usual. Previously installed handlers run afterwards. For one writer per process.
  void flush_on_crash();
  // The same wait; safe in any signal handler.
  static void flush_from_signal() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive the writer
};

// A logger whose lines go to the writer, without blocking the caller, and with repeated faults counted.
[[nodiscard]] Logger log_to(std::shared_ptr<LogWriter> writer, LogLevel lowest, std::shared_ptr<Scrubber> scrubber,
                            LogFormat format = LogFormat::text);

// Writes on the caller's thread, as much as possible within `timeout`; for the last lines of a process.
void write_with_timeout(int descriptor, std::string_view text, Millis timeout) noexcept;

}  // namespace belfry::base
