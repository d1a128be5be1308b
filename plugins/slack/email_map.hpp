// Which address a person has in Slack when it is not the one that Coder knows. A value; addresses are normal (directory.hpp).
#pragma once
#include <belfry/sdk.hpp>
#include <map>
#include <set>
#include <string>

namespace belfry::slack {

class EmailMap {
 public:
  EmailMap() = default;
  // From the `email_map` of the configuration. What is wrong with it is added to `problems`.
  EmailMap(const Config& section, Problems& problems);

  // An entry for the address itself comes before one for its domain; one step, so that no rule sees what another one made.
  [[nodiscard]] std::string apply(const std::string& email) const;
  // All that become `email`: itself, unless it becomes another one, and those that the rules name.
  [[nodiscard]] std::set<std::string> sources(const std::string& email) const;

 private:
  std::map<std::string, std::string> addresses_;
  std::map<std::string, std::string> domains_;
};

}  // namespace belfry::slack
