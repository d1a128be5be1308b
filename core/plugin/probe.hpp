// A first look at plugin files from outside: each is loaded, scanned and, when asked, given a configuration, started and stopped in a
// child process with limits on time, processor and memory. A crash or a hang costs that child.
// The child is this program again with the hidden arguments `plugin-probe FILE`; main() hands those to probe_main(). It is a supervisor
// that runs no plugin code, and its worker, which does; the supervisor ends every process that the plugin has started.
// Thread rule: run_probes blocks its caller until every child has ended, at most `whole` and a few seconds for ending them; the children
// run in parallel. A stop that is requested ends all of them.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "plugin/inbound_route.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/problem.hpp"

namespace belfry::plugin {

struct ProbeSettings {
  std::filesystem::path executable = "/proc/self/exe";
  base::Millis start{10'000};  // until the file has been loaded
  base::Millis scan{2'000};
  base::Millis configure{10'000};  // each of create, configure, start, stop and destroy
  base::Millis whole{30'000};      // all of it together
  base::Millis unneeded{1'000};    // for files that no sink is waiting for, once the others have been scanned
  std::stop_token stop;            // what is under way is abandoned
};

// A configuration to try: valid against the schema, defaults filled in, secrets as references.
struct Trial {
  std::string type;
  nlohmann::json config;
};

struct Probe {
  std::filesystem::path file;  // what it is called in messages
  std::filesystem::path copy;  // what is loaded
  std::optional<Trial> trial;
};

struct Probed {
  base::Result<std::vector<PluginType>> types;  // the error is one sentence that begins with the file
  base::Millis scan_took{};
  std::vector<Problem> problems;      // of the configuration; a crash or hang in it is one of them
  std::vector<InboundRoute> inbound;  // of the trial; none when one of those is an error
  std::string crash;                  // or hang, in start, stop or destroy; one sentence, or empty
  std::string cannot_start;           // likewise: it does not start, for a reason that holds in the gateway too
};

// Types that somebody is waiting for. Once they have all been found, the other files get `unneeded`; none: every file gets all its time.
using WantedTypes = std::vector<std::string>;

[[nodiscard]] std::vector<Probed> run_probes(const std::vector<Probe>& probes, const ProbeSettings& settings,
                                             const WantedTypes& wanted = {});

// The child's side. argv: PROGRAM plugin-probe FILE. The request comes on standard input; see probe_protocol.hpp for the answers.
[[nodiscard]] int probe_main(int argc, char** argv);

}  // namespace belfry::plugin
