// Finds conditions that no known event can meet. Coder may send events that the catalogue lacks, so every problem is only a warning.
#pragma once
#include <filesystem>
#include <vector>

#include "config/pipeline/event_catalogue.hpp"

namespace belfry::config {

// Returns the built-in catalogue together with the catalogues that the sources name. Adds the paths of their files to `files`.
[[nodiscard]] EventCatalogue read_catalogues(const Value& sources, std::vector<std::filesystem::path>& files);

// Checks the conditions and templates of every rule in the pipeline. Skips malformed conditions: their reader has reported them.
void check_events(const Value& pipeline, const EventCatalogue& catalogue);

}  // namespace belfry::config
