#include "app/plugin_files.hpp"

#include <stdlib.h>

#include <cerrno>
#include <system_error>

namespace belfry::app {

TemporaryPluginStore::TemporaryPluginStore() {
  auto pattern = (std::filesystem::temp_directory_path() / "belfry-plugins.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "cannot make " + pattern);
  path_ = pattern;
}

TemporaryPluginStore::~TemporaryPluginStore() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace belfry::app
