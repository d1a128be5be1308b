#include "base/log_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/log_repeats.hpp"

namespace belfry::base {
namespace {

// Bytes that a pipe takes without blocking when poll(2) reports it writable (pipe(7), PIPE_BUF).
constexpr std::size_t kPiece = 4096;
constexpr std::size_t kKeptCapacity = 64UL * 1024;
constexpr Millis kFlushTimeout{1'000};
constexpr Millis kPollInterval{50};  // how often a blocked thread checks for abandonment
constexpr int kCrashSteps = 20;
constexpr int kCrashStep = 10;  // milliseconds

bool is_socket(int descriptor) {
  struct stat info{};
  return ::fstat(descriptor, &info) == 0 && S_ISSOCK(info.st_mode);
}

// As many whole lines as fit into a piece.
std::string_view piece_of(std::string_view text) {
  if (text.size() <= kPiece) return text;
  const auto end = text.rfind('\n', kPiece - 1);
  return text.substr(0, end == std::string_view::npos ? kPiece : end + 1);
}

std::uint64_t lines_in(std::string_view text) { return static_cast<std::uint64_t>(std::ranges::count(text, '\n')); }

// Writes one piece. Returns -1 with errno, like write(2); EAGAIN on timeout.
ssize_t write_piece(int descriptor, bool socket, std::string_view piece, Millis timeout) {
  pollfd ready{descriptor, POLLOUT, 0};
  if (const int found = ::poll(&ready, 1, static_cast<int>(timeout.count())); found <= 0) {
    if (found == 0) errno = EAGAIN;
    return -1;
  }
  return socket ? ::send(descriptor, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                : ::write(descriptor, piece.data(), piece.size());
}

std::string started(LinePrefix start, LogLevel level, LogFormat format, const std::string& rest) {
  return log_line_start(format, level, start == LinePrefix::priority, SystemClock().now()) + rest;
}

std::string dropped_line(LinePrefix start, LogFormat format, std::uint64_t count) {
  const LogField field("count", count);
  const LogRecord record{LogLevel::warn, {}, "log lines were dropped because they could not be written in time", {}, {&field, 1}};
  return started(start, record.level, format, log_line_rest(format, record, Scrubber())) + "\n";
}

}  // namespace

namespace {

std::atomic<std::uint64_t> dropped_by_all = 0;

}  // namespace

struct LogWriter::State {
  State(int where, LinePrefix begins) : descriptor(::fcntl(where, F_DUPFD_CLOEXEC, 0)), socket(is_socket(where)), start(begins) {}
  ~State() {
    if (descriptor >= 0) ::close(descriptor);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run();
  [[nodiscard]] bool next(std::string& batch, std::uint64_t& overrun);
  void write_batch(std::string_view batch, std::uint64_t overrun);
  [[nodiscard]] bool write_all(std::string_view& text);
  [[nodiscard]] bool write_gap();
  void lose(std::uint64_t lines);
  void count_dropped(std::uint64_t lines) {
    dropped += lines;
    dropped_by_all += lines;
  }

  const int descriptor;  // a duplicate: the thread may outlive the original
  const bool socket;
  const LinePrefix start;

  std::mutex mutex;
  std::condition_variable wake, idle;
  std::string waiting;
  std::uint64_t overrun = 0;  // lines dropped since the last batch was taken
  bool closing = false;
  bool busy = false;
  bool ended = false;

  std::atomic<LogFormat> format = LogFormat::text;  // of the last line
  std::atomic<bool> abandoned = false;
  std::atomic<std::uint64_t> dropped = 0;
  std::atomic<std::uint64_t> taken = 0, settled = 0;  // lines queued; lines written or dropped

  // Used by the thread only.
  std::uint64_t gap = 0;  // lines lost since the last one written
  bool cut = false;       // the last line was written only in part
};

namespace {

std::atomic<const std::atomic<std::uint64_t>*> crash_taken = nullptr;
std::atomic<const std::atomic<std::uint64_t>*> crash_settled = nullptr;

constexpr std::array kFatal{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};
std::array<struct sigaction, kFatal.size()> before_crash;  // previous handlers, called afterwards

void on_crash(int signal, siginfo_t* info, void*) {
  const int error = errno;
  LogWriter::flush_from_signal();
  for (std::size_t i = 0; i < kFatal.size(); ++i)
    if (kFatal[i] == signal) ::sigaction(signal, &before_crash[i], nullptr);
  errno = error;
  // A fault recurs when the instruction runs again; a signal sent by a process does not.
  if (info->si_code <= 0) ::raise(signal);
}

}  // namespace

bool is_journal_stream(int descriptor, const char* stream) noexcept {
  struct stat info{};
  if (stream == nullptr || ::fstat(descriptor, &info) != 0) return false;
  const auto* const end = stream + std::strlen(stream);
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  const auto [colon, bad_device] = std::from_chars(stream, end, device);
  if (bad_device != std::errc{} || colon == end || *colon != ':') return false;
  const auto [rest, bad_inode] = std::from_chars(colon + 1, end, inode);
  return bad_inode == std::errc{} && rest == end && device == info.st_dev && inode == info.st_ino;
}

LinePrefix line_prefix_for(int descriptor) noexcept {
  return is_journal_stream(descriptor, std::getenv("JOURNAL_STREAM")) ? LinePrefix::priority : LinePrefix::time_and_level;
}

LogFormat log_format_for(int descriptor) noexcept {
  const bool for_people = ::isatty(descriptor) == 1 || line_prefix_for(descriptor) == LinePrefix::priority;
  return for_people ? LogFormat::text : LogFormat::logfmt;
}

LogWriter::LogWriter(int descriptor, LinePrefix start) : state_(std::make_shared<State>(descriptor, start)) {
  std::thread([state = state_] {
    ::pthread_setname_np(::pthread_self(), "log");
    // With SIGPIPE blocked, a closed pipe makes write() fail instead of ending the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    state->run();
  }).detach();
}

LogWriter::~LogWriter() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->wake.notify_one();
  if (!state_->idle.wait_for(lock, kFlushTimeout, [this] { return state_->ended; })) state_->abandoned = true;
}

void LogWriter::write(std::string_view line) noexcept {
  auto& state = *state_;
  try {
    const std::lock_guard lock(state.mutex);
    // Once a line does not fit, later ones are dropped too, so that the gap is in one place.
    if (state.overrun > 0 || state.waiting.size() + line.size() + 1 > kMaxQueuedBytes) {
      ++state.overrun;
      state.count_dropped(1);
      return;
    }
    state.waiting.reserve(state.waiting.size() + line.size() + 1);
    state.waiting.append(line).append("\n");
    state.taken += lines_in(line) + 1;
    if (!state.busy) state.wake.notify_one();
  } catch (...) {
    state.count_dropped(1);  // no memory for it
  }
}

void LogWriter::write(LogLevel level, LogFormat format, const std::string& rest) {
  state_->format = format;
  write(started(state_->start, level, format, rest));
}

LinePrefix LogWriter::line_prefix() const noexcept { return state_->start; }

bool LogWriter::flush(Millis timeout) noexcept {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_for(lock, timeout, [this] { return state_->ended || (!state_->busy && state_->waiting.empty()); });
}

std::uint64_t LogWriter::dropped() const noexcept { return state_->dropped; }
std::uint64_t LogWriter::dropped_by_process() noexcept { return dropped_by_all; }

void LogWriter::flush_on_crash() {
  static const auto kept = state_;  // outlives the writer: its counters are read while the process ends
  crash_settled = &kept->settled;
  crash_taken = &kept->taken;
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < kFatal.size(); ++i) ::sigaction(kFatal[i], &action, &before_crash[i]);
  std::atexit([] { flush_from_signal(); });
}

void LogWriter::flush_from_signal() noexcept {
  const auto* taken = crash_taken.load();
  const auto* settled = crash_settled.load();
  if (taken == nullptr || settled == nullptr) return;
  const auto wanted = taken->load();
  for (int i = 0; i < kCrashSteps && settled->load() < wanted; ++i) ::poll(nullptr, 0, kCrashStep);
}

void LogWriter::State::run() {
  std::string batch;
  std::uint64_t missed = 0;
  while (next(batch, missed)) {
    try {
      write_batch(batch, missed);
    } catch (...) {
      // No memory to report the loss; a later line reports it.
    }
    settled += lines_in(batch);
    batch.clear();
    if (batch.capacity() > kKeptCapacity) batch = std::string();
  }
  const std::lock_guard lock(mutex);
  ended = true;
  idle.notify_all();
}

bool LogWriter::State::next(std::string& batch, std::uint64_t& missed) {
  std::unique_lock lock(mutex);
  busy = false;
  if (waiting.empty()) idle.notify_all();
  wake.wait(lock, [this] { return closing || !waiting.empty(); });
  if (waiting.empty() || abandoned) return false;
  busy = true;
  batch.swap(waiting);
  missed = std::exchange(overrun, 0);
  return true;
}

// Reports earlier losses before the batch, and the lines that did not fit behind it after the batch.
void LogWriter::State::write_batch(std::string_view batch, std::uint64_t missed) {
  auto rest = batch;
  const bool went = write_gap() && write_all(rest);
  lose(lines_in(rest));
  gap += missed;
  if (went) static_cast<void>(write_gap());
}

void LogWriter::State::lose(std::uint64_t lines) {
  gap += lines;
  count_dropped(lines);
}

bool LogWriter::State::write_gap() {
  if (gap == 0) return true;
  const auto line = dropped_line(start, format, gap);
  std::string_view rest = line;
  const bool went = write_all(rest);
  if (went) gap = 0;
  return went;
}

// Leaves the unwritten rest in `text`.
bool LogWriter::State::write_all(std::string_view& text) {
  for (bool at_start = true; !text.empty();) {
    if (abandoned) return false;
    const auto piece = cut ? std::string_view("\n") : piece_of(text);
    const auto wrote = write_piece(descriptor, socket, piece, kPollInterval);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      // A full pipe gets here after kPollInterval, a non-blocking descriptor at once.
      ::poll(nullptr, 0, 1);
      continue;
    }
    if (wrote < 0) {
      cut = cut || !at_start;  // the next output begins on a new line
      return false;
    }
    if (std::exchange(cut, false)) continue;
    at_start = wrote > 0 ? text[static_cast<std::size_t>(wrote) - 1] == '\n' : at_start;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

Logger log_to(std::shared_ptr<LogWriter> writer, LogLevel lowest, std::shared_ptr<Scrubber> scrubber, LogFormat format) {
  LogDestination destination{.format = format, .repeat_window = LogRepeats::kWindow};
  destination.write = [writer = std::move(writer)](LogLevel level, LogFormat form, const std::string& rest) {
    writer->write(level, form, rest);
  };
  return {lowest, std::move(scrubber), std::move(destination)};
}

void write_with_timeout(int descriptor, std::string_view text, Millis timeout) noexcept {
  const auto end = std::chrono::steady_clock::now() + timeout;
  const bool socket = is_socket(descriptor);
  while (!text.empty()) {
    const auto left = std::chrono::duration_cast<Millis>(end - std::chrono::steady_clock::now());
    if (left <= Millis(0)) return;
    const auto wrote = write_piece(descriptor, socket, piece_of(text), left);
    if (wrote < 0 && errno != EINTR) return;
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace belfry::base
