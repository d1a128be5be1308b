// One tree of the main file and those that it includes, as if it had been written in one. Pure.
#pragma once
#include <vector>

#include "config/report.hpp"
#include "config/yaml.hpp"

namespace belfry::config {

// Sources and sinks are united; lists (plugins.directories, and those of the pipeline) are joined in the order of the files; mappings of
// the pipeline are united. Routes are put before the last route of the main file when that one has no `when`: it stays the last.
// A name that is there twice is reported where it is for the second time.
// `complete`: false when part of the configuration could not be read, so that a name which is not in the tree may be there all the same.
[[nodiscard]] yaml::NodePtr merge(const yaml::NodePtr& main, const std::vector<yaml::NodePtr>& included, bool complete, Report& report);

}  // namespace belfry::config
