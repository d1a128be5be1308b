#include "plugin/inspect/probe_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "plugin/inspect/probe_protocol.hpp"

namespace belfry::plugin {
namespace {

constexpr int kCleaningMs = 6'000;  // slightly longer than the supervisor's own limit
constexpr int kKilledMs = 2'000;
constexpr long kPollIntervalMs = 10;

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

}  // namespace

ProbeProcess::~ProbeProcess() {
  finish();
  close_if_open(answers_);
  close_if_open(end_);
}

int ProbeProcess::start(const std::filesystem::path& executable, const std::filesystem::path& copy, const std::string& request) {
  int answers[2] = {-1, -1};
  int end[2] = {-1, -1};
  int input = ::memfd_create("probe", MFD_CLOEXEC);
  const bool ready = input >= 0 && ::pipe2(answers, O_CLOEXEC) == 0 && ::pipe2(end, O_CLOEXEC) == 0 &&
                     ::write(input, request.data(), request.size()) == static_cast<ssize_t>(request.size()) &&
                     ::lseek(input, 0, SEEK_SET) == 0 && ::fcntl(answers[0], F_SETFL, O_NONBLOCK) == 0 &&
                     ::fcntl(end[0], F_SETFL, O_NONBLOCK) == 0;
  const int error = ready ? spawn(executable, copy, input, answers[1], end[1]) : errno;
  answers_ = answers[0];
  end_ = end[0];
  close_if_open(input);
  close_if_open(answers[1]);
  close_if_open(end[1]);
  return error;
}

int ProbeProcess::spawn(const std::filesystem::path& executable, const std::filesystem::path& copy, int input, int output, int end) {
  // Duplicated above the target descriptors, so that one dup2() does not overwrite the source of the other.
  int out = ::fcntl(output, F_DUPFD_CLOEXEC, kEndDescriptor + 1);
  int over = ::fcntl(end, F_DUPFD_CLOEXEC, kEndDescriptor + 1);
  if (out < 0 || over < 0) return errno;
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out, kAnswerDescriptor);
  ::posix_spawn_file_actions_adddup2(&files, over, kEndDescriptor);
  ::posix_spawn_file_actions_addclosefrom_np(&files, kEndDescriptor + 1);
  // A process group of its own keeps the gateway's terminal signals away. The signal mask and handlers are reset to those of a fresh
  // program.
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string program = executable.string();
  std::string command = kProbeCommand;
  std::string file = copy.string();
  char* arguments[] = {program.data(), command.data(), file.data(), nullptr};
  const int error = ::posix_spawn(&pid_, program.c_str(), &files, &attributes, arguments, environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  close_if_open(out);
  close_if_open(over);
  if (error != 0) pid_ = -1;
  return error;
}

bool ProbeProcess::read(int& descriptor, std::string& to) {
  std::array<char, 65536> piece{};
  const ssize_t got = ::read(descriptor, piece.data(), piece.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    close_if_open(descriptor);
    return false;
  }
  to.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

bool ProbeProcess::ended_within(int milliseconds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  bool ended = false;
  for (;;) {
    const pid_t found = ::waitpid(pid_, nullptr, WNOHANG);
    ended = found == pid_ || (found < 0 && errno != EINTR);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now()).count();
    if (ended || left <= 0) break;
    pollfd end{process, POLLIN, 0};  // kernels before 5.3 have no pidfd: poll waitpid() instead
    ::poll(&end, 1, static_cast<int>(process < 0 ? std::min<long>(left, kPollIntervalMs) : left));
  }
  close_if_open(process);
  if (ended) pid_ = -1;
  return ended;
}

void ProbeProcess::finish() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  if (ended_within(kCleaningMs)) return;
  ::kill(-pid_, SIGKILL);
  static_cast<void>(ended_within(kKilledMs));
  pid_ = -1;
}

}  // namespace belfry::plugin
