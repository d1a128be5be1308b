// Where commands that start no gateway keep the private copies of plugins: a directory of their own that goes with them.
#pragma once
#include <filesystem>

namespace belfry::app {

class TemporaryPluginStore {
 public:
  TemporaryPluginStore();  // throws std::system_error when there is no place for it
  ~TemporaryPluginStore();
  TemporaryPluginStore(const TemporaryPluginStore&) = delete;
  TemporaryPluginStore& operator=(const TemporaryPluginStore&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace belfry::app
