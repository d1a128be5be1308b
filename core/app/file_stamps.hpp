// What configuration files look like from outside, to see whether they have changed since they were read.
#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "base/file_stamp.hpp"

namespace belfry::app {

using FileStamps = std::map<std::filesystem::path, base::FileStamp>;

// The directories whose entries decide what is read from these paths: theirs, and those of what symbolic links lead to. A path that is a
// directory is one of them.
[[nodiscard]] std::set<std::filesystem::path> directories_of(const std::vector<std::filesystem::path>& files);

// Of the files, and of every *.yaml and *.yml in the directories.
[[nodiscard]] FileStamps stamps_of(const std::vector<std::filesystem::path>& files, const std::set<std::filesystem::path>& directories);

}  // namespace belfry::app
