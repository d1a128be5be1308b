#include "store/sqlite/file_mode.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "store/medium.hpp"

namespace belfry::store::sqlite {
namespace {

bool is_open_to_others(const std::filesystem::path& file) {
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

[[noreturn]] void refuse(const std::filesystem::path& file, int error) {
  throw MediumFailure(file.string() +
                      ": is accessible to other users, and its mode cannot be changed: " + std::generic_category().message(error));
}

}  // namespace

void restrict_mode(const std::filesystem::path& file) {
  if (is_open_to_others(file) && ::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0) refuse(file, errno);
}

void check_mode(const std::filesystem::path& file) {
  if (!is_open_to_others(file)) return;
  // O_NOATIME is granted to the same users as chmod(2): the owner, and those with CAP_FOWNER (open(2)).
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOATIME);
  if (fd >= 0) {
    ::close(fd);
  } else if (errno == EPERM) {
    refuse(file, EPERM);
  }
}

}  // namespace belfry::store::sqlite
