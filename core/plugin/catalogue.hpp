// The plugin files that were found and what each offers, and checking sinks against them. Needs nothing that runs: used at start, at
// reload, and by `belfry check` and `belfry plugins`. Thread rule: a value; scan and check_sinks block while child processes look at the
// files (see probe.hpp).
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "plugin/checked_sink.hpp"
#include "plugin/config_check.hpp"
#include "plugin/probe.hpp"

namespace belfry::plugin {

inline constexpr base::Millis kScanContract{50};  // longer is counted as the violation slow_scan

struct InspectSettings {
  std::filesystem::path state_dir;  // private copies go to STATE_DIR/plugins
  ProbeSettings probe;
};

struct CatalogueEntry {
  std::filesystem::path file;     // a directory, when it was refused as a whole
  std::string refusal;            // one sentence with the file in it; empty: usable
  PrivateCopy copy;               // when usable
  std::vector<PluginType> types;  // when usable
  base::Millis scan_took{};
};

class Catalogue {
 public:
  std::vector<CatalogueEntry> entries;  // in the order of the directories, then by name

  struct Found {
    const CatalogueEntry* entry = nullptr;
    const PluginType* type = nullptr;
  };
  // `type` null when no usable file offers it.
  [[nodiscard]] Found find(std::string_view type) const;
  // "no plugin offers the type X; ..." with what is there, what was refused, and what may have been meant.
  [[nodiscard]] std::string why_not(std::string_view type) const;
};

// Every file is probed, in parallel. A type that two files offer belongs to the first; the second file is refused. Refusals and slow scans
// are logged. Once every type in `wanted` has been found, the files that are still being probed get little time: nobody waits for a plugin
// that no sink uses. Empty: each file gets all its time.
[[nodiscard]] Catalogue scan(const std::vector<std::filesystem::path>& directories, const InspectSettings& settings,
                             const base::Logger& log, const WantedTypes& wanted = {});

// One file, wherever it lies: `belfry plugins check FILE`.
[[nodiscard]] CatalogueEntry inspect(const std::filesystem::path& file, const InspectSettings& settings);

// Those under STATE_DIR/plugins that no catalogue, checked sink or running instance holds, in this process or another.
std::size_t remove_unused_copies(const InspectSettings& settings);

struct SinkRequest {
  std::string name;
  std::string type;
  nlohmann::json config = nlohmann::json::object();
  References references;
};

struct SinkCheck {
  std::vector<Problem> problems;    // errors and warnings; none about what could not be read
  std::vector<Problem> missing;     // required secrets without a value
  std::vector<Problem> cannot_run;  // why the plugin would take the gateway down, or not start; the lane is parked instead
  std::optional<CheckedSink> sink;  // none when one of the problems is an error, or when not everything could be read
};

// Against the schema, then with the plugin's own configure(), start() and stop() in a child process, all in parallel. One result per
// request, in order.
[[nodiscard]] std::vector<SinkCheck> check_sinks(const Catalogue& catalogue, std::vector<SinkRequest> requests,
                                                 const InspectSettings& settings, base::Scrubber& scrubber);

// A sink that was found good before, tried once more: how its plugin crashes or hangs, or empty.
[[nodiscard]] std::string crash_in_child(const CheckedSink& sink, const InspectSettings& settings);

}  // namespace belfry::plugin
