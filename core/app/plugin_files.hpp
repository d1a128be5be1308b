// Where commands that start no gateway keep the private copies of plugins: a directory of their own that goes with them.
#pragma once
#include <filesystem>
#include <stdexcept>

namespace belfry::app {

// One sentence that says what to do.
class NoPlaceForPlugins : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TemporaryPluginStore {
 public:
  // In $TMPDIR or /tmp, else in a directory of the service. Throws NoPlaceForPlugins.
  TemporaryPluginStore();
  ~TemporaryPluginStore();
  TemporaryPluginStore(const TemporaryPluginStore&) = delete;
  TemporaryPluginStore& operator=(const TemporaryPluginStore&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace belfry::app
