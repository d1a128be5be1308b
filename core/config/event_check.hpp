// Conditions that no known event can meet. Coder may know more events than the gateway, so all of it is warnings.
#pragma once
#include <filesystem>
#include <vector>

#include "config/catalogue.hpp"

namespace belfry::config {

// The built-in catalogue and those that the sources name. Adds the files to `files`.
[[nodiscard]] Catalogue read_catalogues(const Value& sources, std::vector<std::filesystem::path>& files);

// Looks at every `when` of the pipeline, whatever kind of rule it belongs to. What is no condition at all has been reported by its reader.
void check_events(const Value& pipeline, const Catalogue& catalogue);

}  // namespace belfry::config
