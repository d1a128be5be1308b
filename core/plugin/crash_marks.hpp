// Marks of the calls into plugins that are under way, in a file that is mapped shared: they are there for the next start when plugin code
// has taken the process down. A call costs some stores into memory, no system call; the file is never synced, since it only has to outlive
// the process. A crash (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS) and an exit() or _exit() from plugin code are recorded
// by the thread that they happen on, with one line on standard error; then the signal takes its course, and an exit ends with kCrashStatus.
// Also when it is a thread that the plugin has started itself: then plugin code is found on its stack.
//
// Thread rule: any thread, each with a slot of its own. Ownership: one in a process, made by `serve`; the mapping is never taken down.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "plugin/call_subject.hpp"
#include "plugin/throttle.hpp"

namespace belfry::plugin {

inline constexpr int kCrashStatus = 70;  // exit status for an exit() from plugin code (EX_SOFTWARE of sysexits.h)

// A call that was under way when the process before ended.
struct MarkedCall {
  enum class End {
    signal,   // `number` says which
    exit,     // exit() or _exit() with the status `number`
    unknown,  // killed from outside, the machine went down, or the plugin ended the process in a way that cannot be seen
  };
  End end = End::unknown;
  int number = 0;
  std::string sink;
  std::string plugin;    // the file, as installed
  std::string code;      // name of the private copy, which is that of its contents
  std::string call;      // "deliver"; "thread": on a thread that the plugin has started
  std::string delivery;  // empty: the call was for none
  std::uint32_t attempt = 0;

  bool operator==(const MarkedCall&) const = default;
};

// What the calls of one instance are marked with.
struct MarkedInstance {
  std::uint64_t number = 0;  // of the instance, never 0 and never used twice
  std::string sink;
  std::string plugin;
  std::string code;
};

class CrashMarks {
 public:
  // What the process before has left in the file; nothing when it ended in order.
  [[nodiscard]] static std::vector<MarkedCall> left_in(const std::filesystem::path& file);
  // Replaces the file. The error says why there are no marks.
  [[nodiscard]] static base::Result<std::unique_ptr<CrashMarks>> create(const std::filesystem::path& file);

  // From now on crashes and exits are recorded here.
  void watch();
  // From now on the process may end: what is under way is nobody's fault.
  void ends_in_order();

  // Code that is being loaded for an instance, so that it is found on the stack of a thread of its own.
  void add_code(CodeRange code, const MarkedInstance& instance);

  // What this thread is calling now, for work that the call begins elsewhere; empty when nothing.
  [[nodiscard]] static CallSubject subject_of_this_thread();

  struct File;

 private:
  friend class CallMark;
  explicit CrashMarks(File* file) : file_(file) {}
  File* file_;
  std::atomic<bool> watching_ = false;
};

// A mark from construction to destruction, on the thread of both. `marks` may be null: no mark.
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
