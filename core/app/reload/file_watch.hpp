// Detects changes of configuration files, however they are replaced: it watches their directories (inotify(7)), which covers an editor that
// renames a new file into place and a ConfigMap that swaps a symbolic link. A file counts as changed only if its stamp differs; other
// events in the directory are ignored.
// Thread rule: any thread; `changed` is called on a separate thread, which runs while there is something to watch.
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

  // Call before reading the files: a change from now on is detected.
  void record_stamps();
  // Watches these files and every other *.yaml beside them; an empty list watches nothing. A path that is a directory stands for the files
  // in it. A file that was not watched when it was read counts as changed if it may have changed since record_stamps().
  void set_files(const std::vector<std::filesystem::path>& files);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::app
