#include "app/file_watch.hpp"

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

#include "app/file_stamps.hpp"
#include "base/insist.hpp"

namespace belfry::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr base::Millis kQuiet{200};           // who writes a file in several steps has ended
constexpr base::Millis kMostPatience{2'000};  // a directory in which something happens all the time
// Not IN_MODIFY: a file that is being written is not whole.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

std::int64_t file_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // what the kernel stamps files with
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Whether there is something to read within that time; reads it.
bool drain(int fd, base::Millis within) {
  pollfd poll{fd, POLLIN, 0};
  if (::poll(&poll, 1, static_cast<int>(within.count())) <= 0) return false;
  std::array<char, 4096> events{};
  while (::read(fd, events.data(), events.size()) > 0) {
  }
  return true;
}

}  // namespace

struct FileWatch::Impl {
  Impl(std::function<void()> call, base::Logger logger) : changed(std::move(call)), log(std::move(logger)) {}
  ~Impl();

  void about_to_read();
  void follow(const std::vector<fs::path>& wanted);
  [[nodiscard]] bool open();
  void watch_directories();
  void run(const std::stop_token& over);
  void look() noexcept;
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
  FileStamps known;
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

void FileWatch::Impl::about_to_read() {
  const std::lock_guard lock(mutex);
  read_at = file_time();
  known = stamps_of(files, directories);
}

void FileWatch::Impl::follow(const std::vector<fs::path>& wanted) {
  const std::lock_guard lock(mutex);
  if (wanted.empty() && watches.empty()) return;
  if (!open()) return;
  files = wanted;
  directories = directories_of(files);
  watch_directories();
  // The event of a change that came before there was a watch has not been seen; the stamp shows it.
  FileStamps now = stamps_of(files, directories);
  for (auto& [path, stamp] : now) {
    const auto before = known.find(path);
    if (before != known.end()) {
      stamp = before->second;
    } else if (stamp.changed_ns >= read_at) {
      stamp.changed_ns = 0;
    }
  }
  known = std::move(now);
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
      log.warn("a directory of the configuration cannot be watched",
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
    drain(wake, base::Millis(0));
    const auto end = steady_clock::now() + kMostPatience;
    while (!over.stop_requested() && drain(inotify, kQuiet) && steady_clock::now() < end) {
    }
    if (!over.stop_requested()) look();
  }
}

// The next event is another chance.
void FileWatch::Impl::look() noexcept {
  try {
    if (have_changed()) changed();
  } catch (...) {
    const auto failure = std::current_exception();
    base::insist([&] { log.error("the configuration cannot be looked at", {{"why", base::what_of(failure)}}); }, [](const auto&) {});
  }
}

bool FileWatch::Impl::have_changed() {
  const std::lock_guard lock(mutex);
  if (watches.empty()) return false;
  auto now = stamps_of(files, directories);
  if (now == known) return false;
  known = std::move(now);
  return true;
}

FileWatch::FileWatch(std::function<void()> changed, base::Logger log) : impl_(std::make_unique<Impl>(std::move(changed), std::move(log))) {}
FileWatch::~FileWatch() = default;
void FileWatch::about_to_read() { impl_->about_to_read(); }
void FileWatch::follow(const std::vector<fs::path>& files) { impl_->follow(files); }

}  // namespace belfry::app
