// A sink's `config` as the file says it -> as the plugin gets it: unknown keys refused, defaults filled in, checked against the schema,
// secrets replaced by references. Pure; any thread.
#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/problem.hpp"
#include "plugin/secrets.hpp"

namespace belfry::plugin {

// What the values in a configuration came to, by JSON pointer.
struct References {
  std::map<std::string, std::string> unresolved = {};  // what is missing ("environment variable X is not set"); the value is ""
  std::map<std::string, std::string> exposed = {};     // it must not be used (others can read its file, say); what to do
  std::map<std::string, std::string> plain = {};       // it stands in the configuration itself, and others can read that; what to do
  std::set<std::string> left_out = {};                 // it may be missing, and is; the value is ""
  // What could not be read, with something in its place, and maps that lack members which could not be. That has been reported: nothing is
  // said about the former, nor about what is missing in the latter. The rest of the result is of no use then.
  std::set<std::string> broken = {};
  std::set<std::string> incomplete = {};
  std::map<std::string, SecretFile> files = {};  // what the values are read from, where that is one file
};

struct ConfigRequest {
  std::string sink;
  nlohmann::json config = nlohmann::json::object();
  References references = {};
};

struct CheckedConfig {
  std::vector<Problem> problems;  // without an error the rest is valid
  nlohmann::json config;          // what configure() gets
  std::shared_ptr<SecretTable> secrets;
  std::string credential;         // the reference of the first secret in the schema's order; empty when there is none
  std::string account;            // the reference of the secret with x-account: sinks with its value share their rates; empty: none
  std::string destination_key;    // the top-level key with x-destination; empty when there is none
  std::string fixed_destination;  // its configured value
  // Secrets that the schema requires and that have no value yet, or one that is known to others: the sink can be opened, but not used.
  std::vector<Problem> missing;
};

// A reference that is not there: an optional secret counts as not written (with a warning, unless it may be left out), a required one goes
// to `missing`, anything else is an error. A secret from a file that others can read goes to `missing` too. Every secret value is taught to
// the scrubber.
[[nodiscard]] CheckedConfig check_config(const PluginType& type, ConfigRequest request, base::Scrubber& scrubber);

// What a route may override for a sink of this type: keys with x-override or x-destination, with values that fit. Pointers are within
// `overrides`.
[[nodiscard]] std::vector<Problem> check_overrides(const PluginType& type, const nlohmann::json& overrides);

}  // namespace belfry::plugin
