// Turns a sink's `config` as written into the one that the plugin receives: unknown keys are refused, defaults filled in, values checked
// against the schema, and secrets replaced by references. Pure, apart from adding secrets to the scrubber.
// Thread rule: any thread.
#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/plugin_type.hpp"
#include "plugin/inspect/secrets.hpp"

namespace belfry::plugin {

// The results of resolving the references in a configuration, by JSON pointer.
struct References {
  std::map<std::string, std::string> unresolved = {};  // why there is no value ("environment variable X is not set"); the value is ""
  std::map<std::string, std::string> exposed = {};     // the fix for a value that must not be used, since others can read its file
  std::map<std::string, std::string> plain = {};       // the fix for a value in the configuration itself, which others can read
  std::set<std::string> left_out = {};                 // optional references that are not set; the value is ""
  // `broken`: values that could not be read, replaced by a placeholder. `incomplete`: maps that lack members that could not be read. Both
  // have been reported, so there are no findings about the former, nor about missing members of the latter. The rest of the result is then
  // unusable.
  std::set<std::string> broken = {};
  std::set<std::string> incomplete = {};
  std::map<std::string, SecretFile> files = {};  // the file that holds a value, if it is a single file
};

struct ConfigRequest {
  std::string sink;
  nlohmann::json config = nlohmann::json::object();
  References references = {};
};

struct CheckedConfig {
  std::vector<Finding> problems;  // if none is an error, the rest is valid
  nlohmann::json config;          // the argument for configure()
  std::shared_ptr<SecretTable> secrets;
  // Reference of the value with x-account: sinks with the same value share rates, buckets and state. Empty: none.
  std::string account;
  std::string destination_key;    // the top-level key with x-destination; empty: none
  std::string fixed_destination;  // its configured value
  // Required secrets without a value, or with one that is exposed: the sink can be opened, but not used.
  std::vector<Finding> missing;
};

// For a reference without a value: an optional secret counts as not written (with a warning, unless it may be left out), a required one
// goes to `missing`, and anything else is an error. A secret from a file that others can read goes to `missing` too. Adds every secret
// value to the scrubber.
[[nodiscard]] CheckedConfig check_config(const PluginType& type, ConfigRequest request, base::Scrubber& scrubber);

// Checks the overrides of a route for a sink of this type: only keys with x-override or x-destination are allowed, with valid values.
// Pointers are relative to `overrides`.
[[nodiscard]] std::vector<Finding> check_overrides(const PluginType& type, const nlohmann::json& overrides);

}  // namespace belfry::plugin
