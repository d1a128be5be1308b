#include "app/store_place.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace belfry::app {

// Without a configuration file the place of the queue is of Belfry's own choosing, and Belfry makes it. A directory that a file names has
// to be there: a mistyped path must not become a second, empty queue.
base::Result<void> prepare_store_directory(const config::Settings& settings) {
  const auto parent = settings.store.path.parent_path();
  const auto directory = parent.empty() ? std::filesystem::path(".") : parent;
  std::error_code error;
  if (settings.file.empty() && std::filesystem::create_directories(directory, error))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return base::fail(directory.string() + " cannot be made: " + error.message() + "; set STATE_DIRECTORY to another directory");
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) == 0) return {};
  const auto why = std::generic_category().message(errno);
  return base::fail("store: the directory " + directory.string() + " cannot be used: " + why + "; make it, owned by user " +
                    std::to_string(::geteuid()) + " with mode 700, or change store.path");
}

}  // namespace belfry::app
