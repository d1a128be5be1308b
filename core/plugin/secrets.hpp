// The secret values of one sink, behind opaque references. What a plugin holds is "secret:SINK/POINTER"; the value is shown to it when it
// asks. Filled while the configuration is checked, then only read: any thread.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace belfry::plugin {

class SecretTable {
 public:
  // Returns the reference.
  std::string add(const std::string& sink, const std::string& pointer, std::string value);

  // Null when the reference is unknown; an empty secret when its value is missing.
  [[nodiscard]] const base::Secret* find(std::string_view reference) const;

  // Names a value without telling it: equal for equal values, in every process. Empty for the empty value.
  [[nodiscard]] static std::string fingerprint(const base::Secret& secret);

 private:
  std::map<std::string, base::Secret, std::less<>> values_;
};

}  // namespace belfry::plugin
