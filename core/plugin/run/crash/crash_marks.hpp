// Marks the calls into plugins that are in progress, in a file that is mapped shared, so that the next start can read them after plugin
// code has taken the process down. A call costs some stores into memory and no system call; the file is never synced, since it only has to
// outlive the process. A crash (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS) and an exit() or _exit() from plugin code are
// recorded by the thread that they happen on, with one line on standard error; then the signal takes its previous action, and an exit ends
// with kCrashStatus. This includes threads that the plugin has started itself, which are recognized by plugin code on their stack.
//
// Thread rule: any thread, each with a slot of its own. Ownership: one per process, created by `serve`; the mapping is never removed.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "plugin/run/threads/call_subject.hpp"
#include "plugin/run/threads/thread_throttle.hpp"

namespace belfry::plugin {

inline constexpr int kCrashStatus = 70;  // exit status for an exit() from plugin code (EX_SOFTWARE of sysexits.h)

// A call that was in progress when the previous process ended.
struct MarkedCall {
  enum class End {
    signal,   // `number` is the signal
    exit,     // exit() or _exit() with the status `number`
    unknown,  // killed from outside, the machine went down, or the plugin ended the process in a way that cannot be detected
  };
  End end = End::unknown;
  int number = 0;
  std::string sink;
  std::string plugin;    // the file, as installed
  std::string code;      // name of the private copy, the digest of its contents
  std::string call;      // "deliver"; "thread": on a thread that the plugin has started
  std::string delivery;  // empty: the call was for none
  std::uint32_t attempt = 0;

  bool operator==(const MarkedCall&) const = default;
};

// The instance that a mark names.
struct MarkedInstance {
  std::uint64_t number = 0;  // of the instance; never 0 and never reused
  std::string sink;
  std::string plugin;
  std::string code;
};

class CrashMarks {
 public:
  // The calls that the previous process left in the file; empty after a clean exit.
  [[nodiscard]] static std::vector<MarkedCall> read_previous(const std::filesystem::path& file);
  // Replaces the file. The error explains why there are no marks.
  [[nodiscard]] static base::Result<std::unique_ptr<CrashMarks>> create(const std::filesystem::path& file);

  // Starts recording crashes and exits.
  void watch();
  // From now on the process may end: no call in progress is at fault.
  void mark_clean_exit();

  // Registers code that is being loaded for an instance, so that it is recognized on the stacks of its own threads.
  void add_code(CodeRange code, const MarkedInstance& instance);

  // The delivery of the call in progress on this thread, for work that the call starts elsewhere; empty when there is none.
  [[nodiscard]] static CallSubject subject_of_this_thread();

  struct File;

 private:
  friend class CallMark;
  explicit CrashMarks(File* file) : file_(file) {}
  File* file_;
  std::atomic<bool> watching_ = false;
};

// Marks a call from construction to destruction, both on the same thread. `marks` may be null: no mark.
class CallMark {
 public:
  CallMark(CrashMarks* marks, const MarkedInstance& instance, std::string_view call, const CallSubject& subject);
  ~CallMark();
  CallMark(const CallMark&) = delete;
  CallMark& operator=(const CallMark&) = delete;

 private:
  bool set_ = false;
};

}  // namespace belfry::plugin
