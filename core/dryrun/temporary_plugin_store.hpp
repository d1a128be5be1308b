// A temporary directory with private copies of plugins, for commands that start no gateway. Destruction removes it.
#pragma once
#include <filesystem>
#include <stdexcept>

namespace belfry::dryrun {

// The message is one sentence that includes the fix.
class PluginDirectoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TemporaryPluginStore {
 public:
  // Created in $TMPDIR, /tmp or /var/tmp, or else in a directory of the service. Throws PluginDirectoryError.
  TemporaryPluginStore();
  ~TemporaryPluginStore();
  TemporaryPluginStore(const TemporaryPluginStore&) = delete;
  TemporaryPluginStore& operator=(const TemporaryPluginStore&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace belfry::dryrun
