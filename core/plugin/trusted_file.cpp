#include "plugin/trusted_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace belfry::plugin {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::string system_reason() { return std::generic_category().message(errno); }

base::Result<void> check_trusted(int fd, const std::filesystem::path& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return base::fail(path.string() + ": " + system_reason());
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

}  // namespace belfry::plugin
