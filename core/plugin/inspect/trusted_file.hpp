// Checks by owner and mode that no other user could have written a file: code that others can change would run with the gateway's
// privileges.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace belfry::plugin {

// Owns an open file and closes it on destruction.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Checks that the file is owned by root or this user and is not writable by others. The error refers to the file as `path` and includes the
// command that fixes it.
[[nodiscard]] base::Result<void> check_trusted(int fd, const std::filesystem::path& path);

// Opens a file or directory (`flags` of open(2); O_CLOEXEC is added) whose whole path is trusted: each parent directory, each symbolic
// link, and the whole path of its target. A parent directory that others may write to is accepted when it is sticky, like /tmp, where users
// cannot replace each other's files. ErrorCode::not_found when the path does not exist.
[[nodiscard]] base::Result<Descriptor> open_trusted(const std::filesystem::path& path, int flags);

}  // namespace belfry::plugin
