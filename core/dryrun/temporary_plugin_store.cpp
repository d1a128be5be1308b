#include "dryrun/temporary_plugin_store.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace belfry::dryrun {

namespace {

// Directories that may be writable even in a container with a read-only root: those for temporary files, then those that the service
// manager provides.
std::vector<std::filesystem::path> candidate_directories() {
  std::vector<std::filesystem::path> all;
  const auto add_named = [&all](const char* variable) {
    const char* named = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    if (named != nullptr && *named == '/') all.emplace_back(named);
  };
  add_named("TMPDIR");
  all.insert(all.end(), {"/tmp", "/var/tmp"});
  for (const char* variable : {"RUNTIME_DIRECTORY", "STATE_DIRECTORY", "XDG_RUNTIME_DIR"}) add_named(variable);
  return all;
}

}  // namespace

TemporaryPluginStore::TemporaryPluginStore() {
  std::string failed;
  for (const auto& directory : candidate_directories()) {
    auto pattern = (directory / "belfry-plugins.XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) {
      path_ = pattern;
      return;
    }
    failed += (failed.empty() ? "" : ", ") + directory.string() + ": " + std::generic_category().message(errno);
  }
  throw PluginDirectoryError("there is no directory for temporary copies of the plugins (" + failed +
                             "); set TMPDIR to a writable directory that is not mounted noexec");
}

TemporaryPluginStore::~TemporaryPluginStore() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace belfry::dryrun
