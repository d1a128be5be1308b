#include "plugin/run/crash/crash_marks.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "base/errno_message.hpp"
#include "plugin/inspect/trusted_file.hpp"
#include "plugin/run/crash/crash_file.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kHandlerStack = 64UL * 1024;

// A stack for the crash handler, since the thread may have overflowed its own.
class AlternateStack {
 public:
  AlternateStack() {
    stack_t now{};
    if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;  // a sanitizer has set one
    const auto least = ::sysconf(_SC_MINSIGSTKSZ);
    size_ = kHandlerStack + static_cast<std::size_t>(std::max(0L, least));
    memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory_ == MAP_FAILED) return;
    const stack_t ours{memory_, 0, size_};
    ::sigaltstack(&ours, nullptr);
  }
  ~AlternateStack() {
    if (memory_ == MAP_FAILED) return;
    const stack_t none{nullptr, SS_DISABLE, 0};
    ::sigaltstack(&none, nullptr);
    ::munmap(memory_, size_);
  }
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  void* memory_ = MAP_FAILED;
  std::size_t size_ = 0;
};

// Plain pointers, so that a signal handler may read them.
thread_local Slot* current = nullptr;               // the call in progress
thread_local CrashMarks::File* taken_in = nullptr;  // the file that contains `own`
thread_local Slot* own = nullptr;
thread_local std::uint64_t marked_for = 0;  // the instance whose names are in `own`

// Lives as long as the thread.
struct ThreadMark {
  ThreadMark() = default;
  ThreadMark(const ThreadMark&) = delete;
  ThreadMark& operator=(const ThreadMark&) = delete;
  // exit() runs this too, before its handlers, which look for the call in progress.
  ~ThreadMark() {
    if (current != nullptr) return;
    if (own != nullptr) own->taken = 0;
    own = nullptr;
    taken_in = nullptr;
  }
  AlternateStack stack;
};

// Null when every slot is taken; the call is then not marked.
Slot* slot_in(CrashMarks::File& file) {
  if (taken_in == &file) return own;
  thread_local ThreadMark mark;
  if (own != nullptr) own->taken = 0;
  own = nullptr;
  marked_for = 0;
  taken_in = &file;
  for (auto& slot : file.slots) {
    if (slot.taken.exchange(1) != 0) continue;
    own = &slot;
    break;
  }
  return own;
}

MarkedCall call_in(const Slot& slot) {
  MarkedCall call;
  const auto state = slot.state.load();
  call.end = state == kCrashed ? MarkedCall::End::signal : state == kExited ? MarkedCall::End::exit : MarkedCall::End::unknown;
  call.number = slot.number;
  call.sink = text_in(slot.sink);
  call.plugin = text_in(slot.plugin);
  call.code = text_in(slot.code);
  call.call = text_in(slot.call);
  call.delivery = text_in(slot.delivery);
  call.attempt = slot.attempt;
  return call;
}

}  // namespace

Slot* slot_of_this_thread() { return current; }

std::vector<MarkedCall> CrashMarks::read_previous(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const auto left = std::make_unique<File>();
  stream.read(reinterpret_cast<char*>(left.get()), sizeof(File));
  std::vector<MarkedCall> calls;
  if (stream.gcount() != sizeof(File) || left->magic != kMagic || left->end == kCleanExit) return calls;
  const bool recorded = left->end == kRecorded;
  const auto add = [&](const Slot& slot) {
    // When a call has been recorded as the culprit, those of the other threads are innocent.
    if (slot.state == kCrashed || slot.state == kExited || (slot.state == kCalling && !recorded)) calls.push_back(call_in(slot));
  };
  for (const auto& slot : left->slots) add(slot);
  add(left->foreign);
  return calls;
}

base::Result<std::unique_ptr<CrashMarks>> CrashMarks::create(const std::filesystem::path& file) {
  const auto cannot = [&](const std::string& why) { return base::fail(file.string() + ": " + why); };
  ::unlink(file.c_str());
  const Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!descriptor.valid()) return cannot(base::errno_message());
  // Allocated on disk, so that a full disk fails here, and not as a SIGBUS later.
  if (const int error = ::posix_fallocate(descriptor.get(), 0, sizeof(File)); error != 0) {
    errno = error;
    return cannot(base::errno_message());
  }
  void* memory = ::mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (memory == MAP_FAILED) return cannot(base::errno_message());
  auto* mapped = static_cast<File*>(memory);  // all zero
  mapped->magic = kMagic;
  mapped->process = ::getpid();
  return std::unique_ptr<CrashMarks>(new CrashMarks(mapped));
}

void CrashMarks::watch() {
  watching_ = true;
  watch_process(*file_);
}

void CrashMarks::mark_clean_exit() {
  std::uint32_t running = kRunning;
  file_->end.compare_exchange_strong(running, kCleanExit);
}

void CrashMarks::add_code(CodeRange range, const MarkedInstance& instance) {
  if (range.end == 0) return;
  for (auto& code : file_->codes) {
    std::uintptr_t free = 0;
    if (code.begin == range.begin) return;
    if (!code.begin.compare_exchange_strong(free, range.begin)) continue;
    copy_text(code.sink, instance.sink);
    copy_text(code.code, instance.code);
    copy_text(code.plugin, instance.plugin);
    code.end = range.end;
    // Registered again, so that the exit handlers run before the destructors of the library that was just loaded.
    if (watching_) watch_process(*file_);
    return;
  }
}

CallSubject CrashMarks::subject_of_this_thread() {
  CallSubject subject;
  if (current == nullptr) return subject;
  subject.delivery = current->delivery;
  subject.attempt = current->attempt;
  return subject;
}

CallMark::CallMark(CrashMarks* marks, const MarkedInstance& instance, std::string_view call, const CallSubject& subject) {
  if (marks == nullptr || current != nullptr) return;
  auto* slot = slot_in(*marks->file_);
  if (slot == nullptr) return;
  if (marked_for != instance.number) {
    copy_text(slot->sink, instance.sink);
    copy_text(slot->code, instance.code);
    copy_text(slot->plugin, instance.plugin);
    marked_for = instance.number;
  }
  copy_text(slot->call, call);
  slot->delivery = subject.delivery;
  slot->attempt = subject.attempt;
  // Read by this thread's signal handler or by the next process, so ordering the stores of one thread is enough.
  std::atomic_signal_fence(std::memory_order_release);
  slot->state.store(kCalling, std::memory_order_relaxed);
  current = slot;
  set_ = true;
}

CallMark::~CallMark() {
  if (!set_) return;
  current->state.store(kIdle, std::memory_order_relaxed);
  current = nullptr;
}

}  // namespace belfry::plugin
