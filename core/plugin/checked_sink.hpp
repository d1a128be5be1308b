// A sink whose configuration has been found good, ready to be opened. A value.
#pragma once
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "plugin/inbound_route.hpp"
#include "plugin/plugin_type.hpp"
#include "plugin/private_copy.hpp"
#include "plugin/problem.hpp"
#include "plugin/secrets.hpp"

namespace belfry::plugin {

struct CheckedSink {
  std::string name;
  std::filesystem::path file;  // as installed, for messages
  PrivateCopy copy;            // what is loaded
  PluginType type;
  base::Millis scan_took{};
  nlohmann::json config;  // defaults filled in, secrets as references
  std::shared_ptr<SecretTable> secrets;
  std::string credential;             // reference of the first secret, may be empty
  std::string account;                // reference of the secret that names an account at the remote, may be empty
  std::string destination_key;        // "channel"; empty when the type has none
  std::string fixed_destination;      // its configured value; empty: direct messages
  std::vector<Problem> missing;       // secrets without a value that may be used: open it, but park its lane with these words
  std::vector<InboundRoute> inbound;  // where it will take requests
  std::string crash;                  // it crashed or hung in a child process: do not open it, park its lane with these words
};

}  // namespace belfry::plugin
