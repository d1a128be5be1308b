// Maps Coder's e-mail addresses to Slack's where the two differ. A value type; addresses are normalized (user_cache.hpp).
#pragma once
#include <belfry/sdk.hpp>
#include <map>
#include <set>
#include <string>

namespace belfry::slack {

class EmailMap {
 public:
  EmailMap() = default;
  // Reads the `email_map` section of the configuration and adds its errors to `findings`.
  EmailMap(const Config& section, Findings& findings);

  // A rule for the address takes precedence over one for its domain. Rules do not chain: the result is not mapped again.
  [[nodiscard]] std::string apply(const std::string& email) const;
  // All addresses that map to `email`: the address itself, unless a rule maps it elsewhere, and those named in the rules.
  [[nodiscard]] std::set<std::string> sources(const std::string& email) const;

 private:
  std::map<std::string, std::string> addresses_;
  std::map<std::string, std::string> domains_;
};

}  // namespace belfry::slack
