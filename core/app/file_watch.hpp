// Sees when configuration files change, whatever way they are replaced: it watches their directories (inotify(7)), so that an editor that
// renames a new file into place is seen, and a ConfigMap that swaps a symbolic link. Files count by what they are, not by the events:
// whatever else happens in the directory is passed over.
// Thread rule: any thread; `changed` is called on a thread of its own, while there is something to watch.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/log.hpp"

namespace belfry::app {

class FileWatch {
 public:
  // `changed` must not block for long.
  FileWatch(std::function<void()> changed, base::Logger log);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Before the files are read: from now on what they are like is known.
  void about_to_read();
  // These and every other *.yaml beside them; none: watches nothing. A path that is a directory stands for the files in it. What was not
  // watched when it was read counts as changed when it may have changed since about_to_read().
  void follow(const std::vector<std::filesystem::path>& files);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
