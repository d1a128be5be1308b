// Merges the main file and its included files into one tree, as if they had been written as one file. Pure.
#pragma once
#include <vector>

#include "config/document/report.hpp"
#include "config/document/yaml.hpp"

namespace belfry::config {

// Sources, sinks and the mappings of the pipeline are united; lists (plugins.directories and the lists of the pipeline) are concatenated
// in the order of the files. Included routes go before the last route of the main file if that route has no `when`: it stays last.
// A duplicate name is reported at its second location.
// `complete`: false when part of the configuration could not be read, so that names may exist that the tree lacks.
[[nodiscard]] yaml::NodePtr merge_includes(const yaml::NodePtr& main, const std::vector<yaml::NodePtr>& included, bool complete,
                                           Report& report);

}  // namespace belfry::config
