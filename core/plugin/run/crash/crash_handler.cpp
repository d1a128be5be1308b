// Records a crash or an exit that plugin code causes. Everything in here may run in a signal handler: async-signal-safe functions only
// (signal-safety(7)), no locks, no allocation.
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/log_writer.hpp"
#include "plugin/run/crash/crash_file.hpp"

namespace belfry::plugin {
namespace {

constexpr std::array kSignals = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

std::atomic<CrashMarks::File*> watched = nullptr;
std::array<struct sigaction, 65> before;

// A child forked by plugin code shares the file, but must not write to it.
CrashMarks::File* file_of_this_process() {
  auto* file = watched.load();
  return file != nullptr && file->process == ::getpid() ? file : nullptr;
}

std::string_view line_prefix;  // "<2>" when the journal reads standard error; set before any handler is installed

// Builds one log line without allocating.
class LineBuffer {
 public:
  LineBuffer& operator<<(std::string_view text) {
    for (const char c : text.substr(0, text_.size() - size_ - 1)) text_[size_++] = c;
    return *this;
  }
  LineBuffer& operator<<(long number) {
    std::array<char, 20> digits{};
    std::size_t at = digits.size();
    auto rest = static_cast<unsigned long>(number < 0 ? -number : number);
    do {
      digits[--at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    return *this << (number < 0 ? "-" : "") << std::string_view(digits.data() + at, digits.size() - at);
  }
  // Drops the line when standard error is not writable: the end of the process must not block.
  void write() {
    text_[size_++] = '\n';
    pollfd output{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&output, 1, 0) == 1) static_cast<void>(!::write(STDERR_FILENO, text_.data(), size_));
  }

 private:
  std::array<char, 1024> text_{};
  std::size_t size_ = 0;
};

Code* code_at(CrashMarks::File& file, std::uintptr_t address) {
  for (auto& code : file.codes) {
    const auto begin = code.begin.load();
    if (begin == 0) return nullptr;
    if (begin <= address && address < code.end) return &code;
  }
  return nullptr;
}

// The innermost plugin on a stack, found by return addresses. Reads through the kernel, since the memory may be unmapped.
Code* code_on_stack(CrashMarks::File& file, std::uintptr_t top) {
  constexpr std::size_t kPieces = 64;
  std::array<std::uintptr_t, 128> words{};
  auto at = top & ~(sizeof(std::uintptr_t) - 1);
  for (std::size_t piece = 0; piece < kPieces; ++piece) {
    const iovec to{words.data(), sizeof words};
    const iovec from{reinterpret_cast<void*>(at), sizeof words};
    const auto got = ::process_vm_readv(file.process, &to, 1, &from, 1, 0);
    if (got <= 0) return nullptr;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(std::uintptr_t); ++i) {
      if (auto* code = code_at(file, words[i])) return code;
    }
    if (static_cast<std::size_t>(got) < sizeof words) return nullptr;
    at += sizeof words;
  }
  return nullptr;
}

Slot* foreign_slot(CrashMarks::File& file, const Code& code) {
  if (file.foreign_taken.exchange(1) != 0) return nullptr;
  copy_text(file.foreign.call, "thread");
  file.foreign.sink = code.sink;
  file.foreign.code = code.code;
  file.foreign.plugin = code.plugin;
  return &file.foreign;
}

// The call at fault; null when no plugin code is.
Slot* culprit(CrashMarks::File& file, std::uintptr_t instruction, std::uintptr_t stack) {
  if (auto* slot = slot_of_this_thread()) return slot;
  const auto* code = code_at(file, instruction);
  if (code == nullptr) code = code_on_stack(file, stack);
  return code == nullptr ? nullptr : foreign_slot(file, *code);
}

void record(CrashMarks::File& file, Slot& slot, SlotState how, int number) {
  slot.number = number;
  slot.state = how;
  file.end = kRecorded;
  LineBuffer line;
  line << line_prefix << "belfry: the plugin " << text_in(slot.plugin) << " of the sink " << text_in(slot.sink)
       << (how == kCrashed ? " crashed with signal " : " ended the process with status ") << static_cast<long>(number) << " in "
       << text_in(slot.call);
  if (slot.delivery[0] != '\0') line << " of the delivery " << text_in(slot.delivery);
  line << "; the next start parks that sink";
  line.write();
}

std::uintptr_t instruction_of(const mcontext_t& machine) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return machine.pc;
#else
  static_cast<void>(machine);
  return 0;
#endif
}

std::uintptr_t stack_of(const mcontext_t& machine) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return machine.sp;
#else
  static_cast<void>(machine);
  return 0;
#endif
}

void on_crash(int signal, siginfo_t* info, void* context) {
  const bool raised = info->si_code <= 0;  // sent by a process, not caused by the executed instruction
  const bool from_outside = raised && info->si_pid != ::getpid();
  if (auto* file = file_of_this_process(); file != nullptr && !from_outside && file->end == kRunning) {
    const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
    if (auto* slot = culprit(*file, instruction_of(machine), stack_of(machine))) record(*file, *slot, kCrashed, signal);
    std::uint32_t running = kRunning;
    file->end.compare_exchange_strong(running, kRecorded);  // the gateway itself is at fault
  }
  // Restores the previous action. The instruction is then executed again, or the signal raised again.
  ::sigaction(signal, &before[static_cast<std::size_t>(signal)], nullptr);
  if (raised) ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
}

// Returns whether plugin code is ending the process, and records it if so.
bool is_plugin_exit(int status) {
  auto* file = file_of_this_process();
  if (file == nullptr || file->end != kRunning) return false;
  auto* slot = culprit(*file, 0, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
  if (slot == nullptr) return false;
  record(*file, *slot, kExited, status);
  return true;
}

// Runs in exit(), before the destructors of libraries that were loaded earlier.
void on_exit_handler(int status, void*) {
  if (!is_plugin_exit(status)) return;
  base::LogWriter::flush_from_signal();
  ::syscall(SYS_exit_group, kCrashStatus);
}

void on_quick_exit() { on_exit_handler(0, nullptr); }

}  // namespace

void watch_process(CrashMarks::File& file) {
  const bool first = watched.exchange(&file) == nullptr;
  ::on_exit(on_exit_handler, nullptr);
  ::at_quick_exit(on_quick_exit);
  if (!first) return;
  line_prefix = base::line_prefix_for(STDERR_FILENO) == base::LinePrefix::priority ? "<2>" : "";
  for (const int signal : kSignals) {
    struct sigaction action{};
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(signal, &action, &before[static_cast<std::size_t>(signal)]);
  }
}

}  // namespace belfry::plugin

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Replaces the C library's _exit() for all loaded code, since _exit() runs no handlers. Plugins resolve to this one first.
extern "C" __attribute__((visibility("default"))) void _exit(int status) {
  if (belfry::plugin::is_plugin_exit(status)) {
    belfry::base::LogWriter::flush_from_signal();
    status = belfry::plugin::kCrashStatus;
  }
  for (;;) ::syscall(SYS_exit_group, status);
}
extern "C" __attribute__((visibility("default"))) void _Exit(int status) { _exit(status); }
#endif
