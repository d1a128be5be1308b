// The supervisor of a probe: starts the worker and ends every process that the worker leaves behind, including those that left its process
// group (setsid) or were orphaned. Runs no plugin code. SIGTERM, sent by the prober or on its death, ends the worker at once.
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "plugin/inspect/probe.hpp"
#include "plugin/inspect/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongest{300};  // far beyond the prober's own limits
constexpr std::chrono::seconds kCleaning{5};   // processes that cannot be killed are left to the kernel

// The parent of a process; 0 when the process is gone.
pid_t parent_of(const char* pid) {
  std::ifstream file(std::string("/proc/") + pid + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_ends = line.rfind(')');  // the name may contain any character
  if (name_ends == std::string::npos || name_ends + 4 >= line.size()) return 0;
  return std::atoi(line.c_str() + name_ends + 4);
}

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  DIR* processes = ::opendir("/proc");
  if (processes == nullptr) return found;
  while (const dirent* entry = ::readdir(processes)) {
    const int pid = std::atoi(entry->d_name);
    if (pid > 0 && parent_of(entry->d_name) == ::getpid()) found.push_back(pid);
  }
  ::closedir(processes);
  return found;
}

// This process is a subreaper, so the children of a killed process become its own. The loop ends when none are left.
void kill_descendants(pid_t worker, const sigset_t& signals) {
  const auto limit = Steady::now() + kCleaning;
  while (Steady::now() < limit) {
    ::kill(-worker, SIGKILL);
    for (const pid_t child : children()) ::kill(child, SIGKILL);
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG);
    } while (reaped > 0);
    if (reaped < 0 && errno == ECHILD) return;
    constexpr timespec kLookAgain{0, 10'000'000};
    ::sigtimedwait(&signals, nullptr, &kLookAgain);  // wakes when another child ends
  }
}

// Returns the worker's status; none when the supervisor received SIGTERM, or the worker took too long.
std::optional<int> wait_for(pid_t worker, const sigset_t& signals) {
  const auto limit = Steady::now() + kLongest;
  for (;;) {
    int status = 0;
    pid_t ended = 0;
    do {
      ended = ::waitpid(-1, &status, WNOHANG);
      if (ended == worker) return status;
    } while (ended > 0);
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(limit - Steady::now()).count();
    if (left <= 0) return std::nullopt;
    const timespec wait{left, 0};
    if (::sigtimedwait(&signals, nullptr, &wait) == SIGTERM) return std::nullopt;
  }
}

void report(std::optional<int> status) {
  const auto document = !status                ? nlohmann::json{{"status", -1}}
                        : WIFSIGNALED(*status) ? nlohmann::json{{"signal", WTERMSIG(*status)}}
                                               : nlohmann::json{{"status", WEXITSTATUS(*status)}};
  const std::string line = document.dump() + "\n";
  static_cast<void>(!::write(kEndDescriptor, line.data(), line.size()));
}

}  // namespace

int probe_main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "plugin-probe is for internal use by the gateway\n";
    return 2;
  }
  sigset_t signals;
  sigset_t before;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &signals, &before);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  constexpr rlimit kNone{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNone);

  const pid_t worker = ::fork();
  if (worker == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(kEndDescriptor);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    run_probe_worker(argv[2]);
  }
  if (worker > 0) {
    ::setpgid(worker, worker);  // called by both processes, since either may run first
    ::close(kAnswerDescriptor);
    const auto status = wait_for(worker, signals);
    kill_descendants(worker, signals);
    report(status);
  }
  ::_exit(worker > 0 ? 0 : 1);
}

}  // namespace belfry::plugin
