// A sink whose configuration has passed all checks, ready to be opened. A value.
#pragma once
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/inbound_route.hpp"
#include "plugin/contract/plugin_type.hpp"
#include "plugin/inspect/private_copy.hpp"
#include "plugin/inspect/secrets.hpp"

namespace belfry::plugin {

struct CheckedSink {
  std::string name;
  std::filesystem::path file;  // as installed; for messages
  PrivateCopy copy;            // the file to load
  PluginType type;
  base::Millis scan_took{};
  nlohmann::json config;  // defaults filled in, secrets as references
  std::shared_ptr<SecretTable> secrets;
  std::string account;            // reference of the value that identifies the account at the remote; empty: the sink is its own account
  std::string destination_key;    // "channel"; empty when the type has none
  std::string fixed_destination;  // its configured value; empty: direct messages
  std::vector<Finding> missing;   // secrets without a usable value: open the sink, but park its lane with these texts
  std::vector<InboundRoute> inbound;  // paths on which it accepts requests
  std::string crash;                  // how it crashed or hung in a probe: do not open it, park its lane with this text
};

}  // namespace belfry::plugin
