// One sink type that a plugin file offers, as described by its descriptor. A value.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace belfry::plugin {

struct PluginType {
  std::uint32_t index = 0;  // within the file
  std::string type;         // `plugin: slack`
  std::string title;
  std::string version;
  std::string license;
  std::string schema_text;  // as the plugin wrote it; the order of its keys matters (see credential_of)
  nlohmann::json schema;    // the same, parsed

  bool operator==(const PluginType&) const = default;
};

}  // namespace belfry::plugin
