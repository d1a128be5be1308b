#include "cli/doctor/child_probes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/errno_message.hpp"
#include "model/untrusted_json.hpp"

namespace belfry::cli::doctor {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr base::Millis kEndTimeout{500};  // a process that waits for a dead disk cannot be killed

void write_fully(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) return;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

[[noreturn]] void run_child(int output, const std::function<json()>& probe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  if (const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0) ::dup2(null, STDOUT_FILENO);
  json answer;
  try {
    answer["result"] = probe();
  } catch (const std::exception& e) {
    answer["failed"] = e.what();
  }
  write_fully(output, answer.dump(-1, ' ', false, json::error_handler_t::replace));
  // Threads of a plugin or of a lookup may still be running.
  ::_exit(0);
}

base::Result<json> result_of(const std::string& text) {
  auto answer = model::parse_untrusted(text);
  if (!answer.is_object()) return base::fail("its process ended without a result");
  if (answer.contains("failed")) return base::fail(answer.value("failed", ""));
  return std::move(answer["result"]);
}

}  // namespace

void ChildProbes::start(const std::string& name, const std::function<json()>& probe) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    failed_.emplace(name, base::fail("pipe: " + base::errno_message()));
    return;
  }
  const auto process = ::fork();
  if (process == 0) run_child(ends[1], probe);
  const int error = errno;
  ::close(ends[1]);
  if (process < 0) {
    ::close(ends[0]);
    failed_.emplace(name, base::fail("fork: " + base::errno_message(error)));
    return;
  }
  ::setpgid(process, process);  // the child does the same; either may be first
  children_[name] = {process, ends[0]};
}

void ChildProbes::read_until(base::SteadyTime deadline) {
  std::array<char, 65536> piece{};
  for (;;) {
    std::vector<pollfd> polled;
    std::vector<Child*> readers;
    for (auto& [name, child] : children_) {
      if (!child.open) continue;
      polled.push_back({child.output, POLLIN, 0});
      readers.push_back(&child);
    }
    const auto left = std::chrono::ceil<base::Millis>(deadline - steady_clock::now()).count();
    if (polled.empty() || left <= 0) return;
    if (::poll(polled.data(), polled.size(), static_cast<int>(left)) <= 0) continue;
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      const auto got = ::read(polled[i].fd, piece.data(), piece.size());
      if (got > 0) readers[i]->text.append(piece.data(), static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) readers[i]->open = false;
    }
  }
}

void ChildProbes::end_all() noexcept {
  for (const auto& [name, child] : children_) {
    ::kill(-child.process, SIGKILL);
    ::kill(child.process, SIGKILL);
    ::close(child.output);
  }
  const auto limit = steady_clock::now() + kEndTimeout;
  for (const auto& [name, child] : children_) {
    const auto left = std::chrono::ceil<base::Millis>(limit - steady_clock::now()).count();
    pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, child.process, 0)), POLLIN, 0};
    if (end.fd >= 0) {
      ::poll(&end, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
      ::close(end.fd);
    }
    ::waitpid(child.process, nullptr, WNOHANG);
  }
  children_.clear();
}

std::map<std::string, base::Result<json>> ChildProbes::finish(base::Millis timeout) {
  read_until(steady_clock::now() + timeout);
  auto results = std::move(failed_);
  for (const auto& [name, child] : children_) {
    if (child.open) {
      results.emplace(name, base::fail(base::ErrorCode::timeout, "no result within " + base::to_string(timeout)));
    } else {
      results.emplace(name, result_of(child.text));
    }
  }
  end_all();
  return results;
}

ChildProbes::~ChildProbes() { end_all(); }

}  // namespace belfry::cli::doctor
