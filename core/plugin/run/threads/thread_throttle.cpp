#include "plugin/run/threads/thread_throttle.hpp"

#include <link.h>
#include <poll.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace belfry::plugin {
namespace {

constexpr long kRunNs = 4'000'000;  // one tick of a typical kernel, the granularity of its CPU accounting
constexpr int kPauseMs = 400;

// A real-time signal that neither the C library nor the gateway uses.
int pause_signal() { return SIGRTMIN + 5; }

std::uintptr_t interrupted_at(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return machine.pc;
#else
  static_cast<void>(machine);
  return 0;  // unknown: never paused
#endif
}

// Read by the signal handler. Never freed, since a signal may be late.
struct Slot {
  std::atomic<bool> taken = false;
  std::atomic<std::uintptr_t> begin = 0;
  std::atomic<std::uintptr_t> end = 0;
};
std::array<Slot, 16> slots;

std::optional<std::size_t> acquire_slot(CodeRange code) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].taken.exchange(true)) continue;
    slots[i].begin = code.begin;
    slots[i].end = code.end;
    return i;
  }
  return std::nullopt;
}

void release_slot(std::size_t slot) {
  slots[slot].end = 0;
  slots[slot].taken = false;
}

// Async-signal-safe (signal-safety(7)).
void pause_here(int /*signal*/, siginfo_t* info, void* context) {
  const int before = errno;
  if (info->si_code == SI_TIMER) {
    const auto& slot = slots[static_cast<std::size_t>(info->si_value.sival_int)];
    const auto at = interrupted_at(context);
    if (slot.begin <= at && at < slot.end) ::poll(nullptr, 0, kPauseMs);
  }
  errno = before;
}

bool install_handler() {
  struct sigaction action{};
  action.sa_sigaction = pause_here;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  return ::sigaction(pause_signal(), &action, nullptr) == 0;
}

// The CPU-time clock of a thread by its kernel id (linux/posix-timers.h), which pthread_getcpuclockid(3) returns for a pthread_t.
clockid_t cpu_clock_of(net::ThreadId thread) { return static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | 6U); }

}  // namespace

CodeRange code_around(const void* function) {
  struct Search {
    std::uintptr_t wanted;
    CodeRange found;
  } search{reinterpret_cast<std::uintptr_t>(function), {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* data) {
        auto& s = *static_cast<Search*>(data);
        for (int i = 0; i < library->dlpi_phnum; ++i) {
          const auto& segment = library->dlpi_phdr[i];
          const auto begin = library->dlpi_addr + segment.p_vaddr;
          const bool code = segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0;
          if (code && begin <= s.wanted && s.wanted < begin + segment.p_memsz) s.found = {begin, begin + segment.p_memsz};
        }
        return s.found.end == 0 ? 0 : 1;
      },
      &search);
  return search.found;
}

Throttle::Throttle(net::ThreadId thread, CodeRange code) : code_(code) {
  static const bool kInstalled = install_handler();
  if (kInstalled && code.end != 0) slot_ = acquire_slot(code);
  if (!slot_) return;
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = pause_signal();
  event.sigev_value.sival_int = static_cast<int>(*slot_);
  event._sigev_un._tid = thread;
  if (::timer_create(cpu_clock_of(thread), &event, &timer_) != 0) {
    release_slot(*slot_);
    slot_.reset();
    return;
  }
  constexpr itimerspec kEvery{.it_interval = {.tv_sec = 0, .tv_nsec = kRunNs}, .it_value = {.tv_sec = 0, .tv_nsec = kRunNs}};
  ::timer_settime(timer_, 0, &kEvery, nullptr);
}

void Throttle::slow_down(bool on) {
  if (slot_) slots[*slot_].end = on ? code_.end : 0;
}

Throttle::~Throttle() {
  if (!slot_) return;
  ::timer_delete(timer_);
  release_slot(*slot_);
}

}  // namespace belfry::plugin
