#include "plugin/inspect/trusted_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>

#include "base/errno_message.hpp"

namespace belfry::plugin {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<void> check_trusted(int fd, const std::filesystem::path& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return base::fail(path.string() + ": " + base::errno_message());
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return base::fail(base::ErrorCode::invalid, path.string() + ": is owned by user " + std::to_string(info.st_uid) +
                                                    ", wanted root or user " + std::to_string(::geteuid()) + "; run: chown root " +
                                                    path.string());
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return base::fail(base::ErrorCode::invalid,
                      path.string() + ": can be written by group or others, wanted by its owner only; run: chmod go-w " + path.string());
  }
  return {};
}

namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // the kernel's limit: path_resolution(7)

base::Result<void> check_component(int fd, const fs::path& at, const fs::path& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return base::fail(at.string() + ": " + base::errno_message());
  const std::string context = at == path ? "" : ", on the path to " + path.string();
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return base::fail(base::ErrorCode::invalid, at.string() + ": is owned by user " + std::to_string(info.st_uid) + context +
                                                    ", wanted root or user " + std::to_string(::geteuid()) + "; run: chown root " +
                                                    at.string());
  }
  const bool sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  if (S_ISLNK(info.st_mode) || sticky || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return base::fail(base::ErrorCode::invalid, at.string() + ": can be written by group or others" + context +
                                                  ", wanted by its owner only; run: chmod go-w " + at.string());
}

base::Error cannot_open(const fs::path& path) {
  const auto code = errno == ENOENT ? base::ErrorCode::not_found : base::ErrorCode::unavailable;
  return {code, path.string() + ": " + base::errno_message()};
}

// Resolves one component at a time through descriptors, so that nothing can be exchanged between the check and the open.
class Walk {
 public:
  explicit Walk(const fs::path& path) : path_(path), here_(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), at_("/") {
    const auto whole = fs::absolute(path);
    rest_.assign(whole.begin(), whole.end());
  }

  base::Result<Descriptor> open(int flags) {
    if (!here_.valid()) return std::unexpected(cannot_open("/"));
    while (!rest_.empty()) {
      const fs::path name = std::move(rest_.front());
      rest_.pop_front();
      if (name.empty() || name == "/" || name == ".") continue;
      if (auto moved = enter(name); !moved) return std::unexpected(std::move(moved.error()));
    }
    // Reopens the file that the O_PATH descriptor refers to.
    Descriptor opened(::open(("/proc/self/fd/" + std::to_string(here_.get())).c_str(), flags | O_CLOEXEC));
    if (!opened.valid()) return std::unexpected(cannot_open(path_));
    return opened;
  }

 private:
  base::Result<void> enter(const fs::path& name) {
    const auto next = name == ".." ? at_.parent_path() : at_ / name;
    Descriptor found(::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!found.valid()) return std::unexpected(cannot_open(path_));
    if (auto trusted = check_component(found.get(), next, path_); !trusted) return trusted;
    struct stat info{};
    if (::fstat(found.get(), &info) != 0) return std::unexpected(cannot_open(path_));
    if (S_ISLNK(info.st_mode)) return follow(found, next);
    here_ = std::move(found);
    at_ = next;
    return {};
  }

  base::Result<void> follow(const Descriptor& link, const fs::path& at) {
    std::array<char, PATH_MAX> text{};
    const auto length = ::readlinkat(link.get(), "", text.data(), text.size());
    if (length < 0) return std::unexpected(cannot_open(at));
    if (++links_ > kMaxLinks) return base::fail(base::ErrorCode::invalid, path_.string() + ": goes through too many symbolic links");
    const fs::path target(std::string(text.data(), static_cast<std::size_t>(length)));
    if (target.is_absolute()) {
      here_ = Descriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      at_ = "/";
    }
    rest_.insert(rest_.begin(), target.begin(), target.end());
    return {};
  }

  const fs::path& path_;
  Descriptor here_;
  fs::path at_;
  std::deque<fs::path> rest_;
  int links_ = 0;
};

}  // namespace

base::Result<Descriptor> open_trusted(const fs::path& path, int flags) {
  auto opened = Walk(path).open(flags);
  if (!opened) return opened;
  // The exception for sticky directories covers only the path to the target, not the target itself.
  if (const auto trusted = check_trusted(opened->get(), path); !trusted) return std::unexpected(trusted.error());
  return opened;
}

}  // namespace belfry::plugin
