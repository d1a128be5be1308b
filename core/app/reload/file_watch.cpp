#include "app/reload/file_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "app/reload/file_stamps.hpp"
#include "base/run_with_retries.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr base::Millis kDebounce{200};       // long enough for a file to be written in several steps
constexpr base::Millis kMaxDebounce{2'000};  // for a directory that never falls quiet
// Not IN_MODIFY: a file that is being written is incomplete.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

std::int64_t file_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // the clock of file timestamps
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Reads and discards pending input. False: none arrived within that time.
bool read_events(int fd, base::Millis timeout) {
  pollfd poll{fd, POLLIN, 0};
  if (::poll(&poll, 1, static_cast<int>(timeout.count())) <= 0) return false;
  std::array<char, 4096> events{};
  while (::read(fd, events.data(), events.size()) > 0) {
  }
  return true;
}

}  // namespace

struct FileWatch::Impl {
  Impl(std::function<void()> call, base::Logger logger) : changed(std::move(call)), log(std::move(logger)) {}
  ~Impl();

  void record_stamps();
  void set_files(const std::vector<fs::path>& wanted);
  [[nodiscard]] bool open();
  void watch_directories();
  void run(const std::stop_token& over);
  void check() noexcept;
  [[nodiscard]] bool have_changed();

  const std::function<void()> changed;
  const base::Logger log;
  int inotify = -1;
  int wake = -1;
  std::jthread thread;

  std::mutex mutex;
  std::vector<fs::path> files;
  std::set<fs::path> directories;
  std::set<int> watches;
  FileStamps last_stamps;
  std::int64_t read_at = 0;
};

FileWatch::Impl::~Impl() {
  if (thread.joinable()) {
    thread.request_stop();
    ::eventfd_write(wake, 1);
    thread.join();
  }
  for (const int fd : {inotify, wake})
    if (fd >= 0) ::close(fd);
}

void FileWatch::Impl::record_stamps() {
  const std::lock_guard lock(mutex);
  read_at = file_time();
  last_stamps = stamps_of(files, directories);
}

void FileWatch::Impl::set_files(const std::vector<fs::path>& wanted) {
  const std::lock_guard lock(mutex);
  if (wanted.empty() && watches.empty()) return;
  if (!open()) return;
  files = wanted;
  directories = directories_of(files);
  watch_directories();
  // A change before the watch existed raised no event, but the stamp shows it.
  FileStamps now = stamps_of(files, directories);
  for (auto& [path, stamp] : now) {
    const auto before = last_stamps.find(path);
    if (before != last_stamps.end()) {
      stamp = before->second;
    } else if (stamp.changed_ns >= read_at) {
      stamp.changed_ns = 0;
    }
  }
  last_stamps = std::move(now);
  ::eventfd_write(wake, 1);
}

bool FileWatch::Impl::open() {
  if (thread.joinable()) return true;
  if (inotify < 0) inotify = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (wake < 0) wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (inotify < 0 || wake < 0) {
    log.warn("the configuration cannot be watched", {{"why", std::generic_category().message(errno)}});
    return false;
  }
  thread = std::jthread([this](const std::stop_token& over) { run(over); });
  return true;
}

void FileWatch::Impl::watch_directories() {
  std::set<int> next;
  for (const auto& directory : directories) {
    const int watch = ::inotify_add_watch(inotify, directory.c_str(), kEvents | IN_ONLYDIR);
    if (watch >= 0) {
      next.insert(watch);
    } else if (errno != ENOENT) {
      log.warn("a configuration directory cannot be watched",
               {{"directory", directory.string()}, {"why", std::generic_category().message(errno)}});
    }
  }
  for (const int watch : watches)
    if (!next.contains(watch)) ::inotify_rm_watch(inotify, watch);
  watches = std::move(next);
}

void FileWatch::Impl::run(const std::stop_token& over) {
  std::array<pollfd, 2> both{pollfd{inotify, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
  while (!over.stop_requested()) {
    if (::poll(both.data(), both.size(), -1) < 0) continue;
    read_events(wake, base::Millis(0));
    const auto end = steady_clock::now() + kMaxDebounce;
    while (!over.stop_requested() && read_events(inotify, kDebounce) && steady_clock::now() < end) {
    }
    if (!over.stop_requested()) check();
  }
}

// An error is only logged, since the next event triggers another check.
void FileWatch::Impl::check() noexcept {
  try {
    if (have_changed()) changed();
  } catch (...) {
    const auto failure = std::current_exception();
    base::run_with_retries(
        [&] { log.error("the configuration cannot be checked for changes", {{"why", base::exception_message(failure)}}); },
        [](const auto&) {});
  }
}

bool FileWatch::Impl::have_changed() {
  const std::lock_guard lock(mutex);
  if (watches.empty()) return false;
  auto now = stamps_of(files, directories);
  if (now == last_stamps) return false;
  last_stamps = std::move(now);
  return true;
}

FileWatch::FileWatch(std::function<void()> changed, base::Logger log) : impl_(std::make_unique<Impl>(std::move(changed), std::move(log))) {}
FileWatch::~FileWatch() = default;
void FileWatch::record_stamps() { impl_->record_stamps(); }
void FileWatch::set_files(const std::vector<fs::path>& files) { impl_->set_files(files); }

}  // namespace belfry::app
