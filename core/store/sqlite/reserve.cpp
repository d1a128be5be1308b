#include "store/sqlite/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace belfry::store::sqlite {
namespace {

constexpr std::int64_t kLargest = 8LL * 1024 * 1024;
constexpr std::int64_t kSmallest = 64LL * 1024;
constexpr std::int64_t kShare = 32;  // reserve 1/32 of the file system

struct Space {
  std::int64_t wanted = kSmallest;
  std::int64_t free = 0;
};

Space space_at(const std::filesystem::path& path) {
  struct statvfs found{};
  if (::statvfs(path.parent_path().c_str(), &found) != 0) return {};
  const auto block = static_cast<std::int64_t>(found.f_frsize);
  return {.wanted = std::clamp(static_cast<std::int64_t>(found.f_blocks) * block / kShare, kSmallest, kLargest),
          .free = static_cast<std::int64_t>(found.f_bavail) * block};
}

bool is_disk_full(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

}  // namespace

Reserve::Reserve(const std::filesystem::path& database) : path_(std::filesystem::absolute(database).string() + "-reserve") {}

bool Reserve::allocate() noexcept {
  if (allocated_) return true;
  const auto space = space_at(path_);
  const int file = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (file < 0) return !is_disk_full(errno);
  // Require twice the reserve, or the space released a moment ago would be taken back at once.
  struct stat found{};
  const bool there = ::fstat(file, &found) == 0 && found.st_blocks * 512 >= space.wanted;
  int error = there ? 0 : ::posix_fallocate(file, 0, 2 * space.wanted);
  if (!there && error == 0 && ::ftruncate(file, space.wanted) != 0) error = errno;
  if (error != 0) ::unlink(path_.c_str());
  ::close(file);
  allocated_ = error == 0;
  return allocated_ || (!is_disk_full(error) && space.free >= 2 * space.wanted);
}

bool Reserve::release() noexcept {
  allocated_ = false;
  return ::unlink(path_.c_str()) == 0;
}

}  // namespace belfry::store::sqlite
