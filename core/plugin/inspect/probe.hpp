// Examines plugin files in isolation: each one is loaded, scanned and, on request, configured, started and stopped in a child process with
// limits on time, CPU and memory. A crash or a hang costs only that child.
// The child is this program with the hidden arguments `plugin-probe FILE`; main() passes those to probe_main(). It is a supervisor, which
// runs no plugin code, and its worker, which does. The supervisor ends every process that the plugin has started.
// Thread rule: run_probes() blocks until every child has ended, for at most `total` plus a few seconds for ending them. The children run in
// parallel. Cancellation: a requested stop ends all of them.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/inbound_route.hpp"
#include "plugin/contract/plugin_type.hpp"

namespace belfry::plugin {

struct ProbeSettings {
  std::filesystem::path executable = "/proc/self/exe";
  base::Millis start{10'000};  // until the file is loaded
  base::Millis scan{2'000};
  base::Millis configure{10'000};  // each of create, configure, start, stop and destroy
  base::Millis total{30'000};      // the probe as a whole
  base::Millis unneeded{1'000};    // for files that no sink needs, once all wanted types have been found
  std::stop_token stop;            // ends the running probes
};

// A configuration to try: valid against the schema, with defaults filled in and secrets as references.
struct Trial {
  std::string type;
  nlohmann::json config;
};

struct Probe {
  std::filesystem::path file;  // the name in messages
  std::filesystem::path copy;  // the file to load
  std::optional<Trial> trial;
};

struct Probed {
  base::Result<std::vector<PluginType>> types;  // the error is one sentence that begins with the file
  std::vector<RefusedType> refused_types;       // further ones in the file, which this host cannot run
  base::Millis scan_took{};
  std::vector<Finding> problems;      // of the configuration, including a crash or hang before it was accepted
  std::vector<InboundRoute> inbound;  // of the trial; empty when a problem is an error
  std::string crash;                  // a crash or hang in start, stop or destroy; one sentence, or empty
  std::string cannot_start;           // why it does not start, if that holds in the gateway too; one sentence, or empty
};

// Types that sinks need. Once all of them have been found, the remaining files get `unneeded`. Empty: every file gets all its time.
using WantedTypes = std::vector<std::string>;

[[nodiscard]] std::vector<Probed> run_probes(const std::vector<Probe>& probes, const ProbeSettings& settings,
                                             const WantedTypes& wanted = {});

// Runs the child. argv: PROGRAM plugin-probe FILE. Reads the request from standard input; see probe_protocol.hpp for the replies.
[[nodiscard]] int probe_main(int argc, char** argv);

}  // namespace belfry::plugin
