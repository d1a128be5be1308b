// Files whose owner and mode say who could have written them: code that others could change would run with the gateway's rights.
// Thread rule: any thread.
#pragma once
#include <filesystem>
#include <string>
#include <utility>

#include "base/error.hpp"

namespace belfry::plugin {

// An open file, closed with this object.
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

// Owned by root or this user, and written by no others. The error says how to mend that; `path` is what it calls the file.
[[nodiscard]] base::Result<void> check_trusted(int fd, const std::filesystem::path& path);

// Opens a file or directory (`flags` of open(2), which get O_CLOEXEC) whose whole path is trusted: each directory on the way, each symbolic
// link and everything on the way to what it points to. A directory that others may write to is accepted on the way when it is sticky, as
// /tmp is: there nobody replaces what belongs to somebody else. ErrorCode::not_found when it is not there.
[[nodiscard]] base::Result<Descriptor> open_trusted(const std::filesystem::path& path, int flags);

}  // namespace belfry::plugin
