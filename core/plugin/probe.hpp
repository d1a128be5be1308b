// A first look at plugin files from outside: each is loaded, scanned and, when asked, given a configuration in a child process with
// limits on time, processor and memory. A crash or a hang costs that child.
// The child is this program again with the hidden arguments `plugin-probe FILE`; main() hands those to probe_main().
// Thread rule: run_probes blocks its caller until every child has ended, at most the sum of the limits; the children run in parallel.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
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
  base::Millis configure{10'000};
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
  std::vector<Problem> problems;      // of the trial; a crash or hang in it is one of them
  std::vector<InboundRoute> inbound;  // of the trial; none when one of those is an error
};

[[nodiscard]] std::vector<Probed> run_probes(const std::vector<Probe>& probes, const ProbeSettings& settings);

// The child's side. argv: PROGRAM plugin-probe FILE. The request comes on standard input, the answers go to descriptor 3, one JSON
// document a line.
[[nodiscard]] int probe_main(int argc, char** argv);

}  // namespace belfry::plugin
