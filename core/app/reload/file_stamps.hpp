// Stamps of configuration files, which show whether the files have changed since they were read.
#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "base/file_stamp.hpp"

namespace belfry::app {

using FileStamps = std::map<std::filesystem::path, base::FileStamp>;

// The directories whose entries decide what is read from these paths: their own, and those of symbolic link targets. A path that is itself
// a directory is included.
[[nodiscard]] std::set<std::filesystem::path> directories_of(const std::vector<std::filesystem::path>& files);

// Stamps of the files, and of every *.yaml and *.yml in the directories.
[[nodiscard]] FileStamps stamps_of(const std::vector<std::filesystem::path>& files, const std::set<std::filesystem::path>& directories);

}  // namespace belfry::app
