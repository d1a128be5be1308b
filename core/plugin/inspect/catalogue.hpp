// The plugin files found and the sink types they offer, and checks of sinks against them. Needs no running services: used at start, at
// reload, and by `belfry check` and `belfry plugins`.
// Thread rule: a value; scan() and check_sinks() block while child processes examine the files (see probe.hpp).
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "plugin/inspect/checked_sink.hpp"
#include "plugin/inspect/config_check.hpp"
#include "plugin/inspect/probe.hpp"

namespace belfry::plugin {

inline constexpr base::Millis kScanContract{50};  // a longer scan counts as the violation slow_scan

struct InspectSettings {
  std::filesystem::path state_dir;  // private copies go to STATE_DIR/plugins
  ProbeSettings probe;
};

struct CatalogueEntry {
  std::filesystem::path file;              // the directory, if it was refused as a whole
  std::string refusal;                     // one sentence that includes the file; empty: usable
  PrivateCopy copy;                        // set if usable
  std::vector<PluginType> types;           // set if usable
  std::vector<RefusedType> refused_types;  // further ones in the file, which this host cannot run
  base::Millis scan_took{};
};

class Catalogue {
 public:
  std::vector<CatalogueEntry> entries;  // in the order of the directories, then by name

  struct Found {
    const CatalogueEntry* entry = nullptr;
    const PluginType* type = nullptr;
  };
  // `type` is null when no usable file offers it.
  [[nodiscard]] Found find(std::string_view type) const;
  // Returns why this host cannot run the type, or "no plugin offers the type X; ..." with the nearest match, or else the available types
  // and the refusals.
  [[nodiscard]] std::string not_found_message(std::string_view type) const;
};

// Probes every file, in parallel. A type that two files offer belongs to the first; the second file is refused. Logs refusals and slow
// scans. Once every type in `wanted` has been found, the remaining files get little time, since no sink uses their plugins. Empty: each
// file gets all its time.
[[nodiscard]] Catalogue scan(const std::vector<std::filesystem::path>& directories, const InspectSettings& settings,
                             const base::Logger& log, const WantedTypes& wanted = {});

// Probes one file at any path: `belfry plugins check FILE`.
[[nodiscard]] CatalogueEntry inspect(const std::filesystem::path& file, const InspectSettings& settings);

// Removes the copies under STATE_DIR/plugins that no catalogue, checked sink or running instance holds, in this process or another. Returns
// the number of files removed.
std::size_t remove_unused_copies(const InspectSettings& settings);

struct SinkRequest {
  std::string name;
  std::string type;
  nlohmann::json config = nlohmann::json::object();
  References references;
};

struct SinkCheck {
  std::vector<Finding> problems;    // errors and warnings, except about values that could not be read
  std::vector<Finding> missing;     // required secrets without a value
  std::vector<Finding> cannot_run;  // why the plugin would crash the gateway, or not start; the lane is parked instead
  std::optional<CheckedSink> sink;  // none when a problem is an error, or when a value could not be read
};

// Checks the sinks against the schema, then with their own configure(), start() and stop() in child processes, all in parallel. Returns one
// result per request, in order.
[[nodiscard]] std::vector<SinkCheck> check_sinks(const Catalogue& catalogue, std::vector<SinkRequest> requests,
                                                 const InspectSettings& settings, base::Scrubber& scrubber);

// Probes a sink again that passed before. Returns how its plugin crashes or hangs, or empty.
[[nodiscard]] std::string probe_for_crash(const CheckedSink& sink, const InspectSettings& settings);

}  // namespace belfry::plugin
