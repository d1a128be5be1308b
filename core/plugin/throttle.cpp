#include "plugin/throttle.hpp"

#include <link.h>
#include <poll.h>
#include <ucontext.h>

#include <cerrno>
#include <csignal>

namespace belfry::plugin {
namespace {

constexpr long kRunNs = 4'000'000;  // a tick of the usual kernel, which is how exactly it counts
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
  return 0;  // not known: never paused
#endif
}

// Async-signal-safe (signal-safety(7)).
void pause_here(int /*signal*/, siginfo_t* info, void* context) {
  const int before = errno;
  const auto* code = static_cast<const CodeRange*>(info->si_value.sival_ptr);
  const auto at = interrupted_at(context);
  if (info->si_code == SI_TIMER && code != nullptr && code->begin <= at && at < code->end) ::poll(nullptr, 0, kPauseMs);
  errno = before;
}

bool install_handler() {
  struct sigaction action{};
  action.sa_sigaction = pause_here;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  return ::sigaction(pause_signal(), &action, nullptr) == 0;
}

// The processor time of a thread, as the kernel names it (linux/posix-timers.h); pthread_getcpuclockid(3) says the same of a pthread_t.
clockid_t processor_time_of(net::ThreadId thread) { return static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3) | 6U); }

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

Throttle::Throttle(net::ThreadId thread, CodeRange code) : code_(std::make_unique<const CodeRange>(code)) {
  static const bool installed = install_handler();
  if (!installed || code.end == 0) return;
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = pause_signal();
  event.sigev_value.sival_ptr = const_cast<CodeRange*>(code_.get());
  event._sigev_un._tid = thread;
  if (::timer_create(processor_time_of(thread), &event, &timer_) != 0) return;
  armed_ = true;
  constexpr itimerspec kEvery{.it_interval = {.tv_sec = 0, .tv_nsec = kRunNs}, .it_value = {.tv_sec = 0, .tv_nsec = kRunNs}};
  ::timer_settime(timer_, 0, &kEvery, nullptr);
}

// A signal that was on its way is taken on the return from timer_delete, before the range goes.
Throttle::~Throttle() {
  if (armed_) ::timer_delete(timer_);
}

}  // namespace belfry::plugin
