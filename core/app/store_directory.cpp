#include "app/store_directory.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace belfry::app {

namespace {

// Plugins run from private copies below it.
base::Result<void> check_executable(const std::filesystem::path& directory) {
  struct statvfs info{};
  if (::statvfs(directory.c_str(), &info) != 0 || (info.f_flag & ST_NOEXEC) == 0) return {};
  return base::fail("store: the directory " + directory.string() +
                    " is mounted noexec, but private copies of plugins run from there; mount it with exec (in a systemd unit: "
                    "ExecPaths=" +
                    directory.string() + "), or change store.path");
}

}  // namespace

// Belfry creates its default directory. A configured directory must exist: a mistyped path must not become a second, empty queue.
base::Result<void> prepare_store_directory(const config::Settings& settings) {
  const auto parent = settings.store.path.parent_path();
  const auto directory = parent.empty() ? std::filesystem::path(".") : parent;
  std::error_code error;
  if (settings.store.path_is_default && std::filesystem::create_directories(directory, error))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error)
    return base::fail(directory.string() + " cannot be created: " + error.message() + "; set STATE_DIRECTORY to another directory");
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) == 0) return check_executable(directory);
  const auto why = std::generic_category().message(errno);
  return base::fail("store: the directory " + directory.string() + " cannot be used: " + why + "; create it, owned by user " +
                    std::to_string(::geteuid()) + " with mode 700, or change store.path");
}

}  // namespace belfry::app
