#include "app/plugin_files.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace belfry::app {

namespace {

// Where a container with a read-only root can be written, if anywhere: what is meant for temporary files, then what the service manager has
// given to the gateway.
std::vector<std::filesystem::path> candidates() {
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
  for (const auto& directory : candidates()) {
    auto pattern = (directory / "belfry-plugins.XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) {
      path_ = pattern;
      return;
    }
    failed += (failed.empty() ? "" : ", ") + directory.string() + ": " + std::generic_category().message(errno);
  }
  throw NoPlaceForPlugins("there is no directory for temporary copies of the plugins (" + failed +
                          "); set TMPDIR to one that can be written and whose files may be run");
}

TemporaryPluginStore::~TemporaryPluginStore() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace belfry::app
