// One sink type that a plugin file offers, as described by its descriptor. A value.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace belfry::plugin {

struct PluginType {
  std::string type;  // `plugin: slack`
  std::string title;
  std::string version;
  std::string license;
  nlohmann::json schema;
  std::uint64_t access = 0;                    // BELFRY_ACCESS_*: what its sinks do without a service
  std::vector<std::string> services;           // ids of host services that it requires; this host has them
  std::vector<std::string> optional_services;  // ids of host services that it can do without

  bool operator==(const PluginType&) const = default;
};

// A type that this host cannot run, although its file is valid.
struct RefusedType {
  std::string type;
  std::string why;  // one sentence, which includes the type

  bool operator==(const RefusedType&) const = default;
};

}  // namespace belfry::plugin
