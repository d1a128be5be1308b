// Metrics that are looked up at each scrape rather than counted. They are built afresh each time, so that a removed sink leaves no stale
// series. Private to Metrics.
// Thread rule: any thread; reads the state of the process and of the store's file system as well.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "delivery/dispatcher.hpp"
#include "store/store.hpp"

namespace prometheus {
class Registry;
}

namespace belfry::app {

using PluginGauges = std::map<std::pair<std::string, std::string>, double>;  // by name and sink

struct CanaryFigures {
  std::optional<base::Millis> interval;  // none: no canary is configured
  std::optional<base::Timestamp> last_success;
  base::Millis took{};
};

struct ScrapedFigures {
  const store::Stats& stats;                       // borrowed
  const std::vector<delivery::LaneStatus>& lanes;  // borrowed
  base::Timestamp now;
  std::filesystem::path store_directory;  // empty: unknown
  std::uint64_t log_lines_dropped = 0;
  PluginGauges plugin_gauges = {};
  std::map<std::string, base::Timestamp> certificates = {};  // expiry, by file
  CanaryFigures canary = {};
};

void add_scraped_gauges(prometheus::Registry& registry, const ScrapedFigures& figures);

}  // namespace belfry::app
