#include "slack/web_api/email_map.hpp"

#include "slack/web_api/user_cache.hpp"

namespace belfry::slack {
namespace {

bool is_domain(const std::string& text) { return !text.empty() && text.find_first_of("@ \t\r\n") == std::string::npos; }

bool is_address(const std::string& text) {
  const std::size_t at = text.rfind('@');
  return at != std::string::npos && at > 0 && is_domain(text.substr(at + 1)) && text.find_first_of(" \t\r\n") == std::string::npos;
}

using Check = bool (*)(const std::string&);

// Keys may be written in any case, but must be unique regardless of case.
std::map<std::string, std::string> parse_rules(const Config& table, Check fits, const std::string& wanted, Findings& findings) {
  std::map<std::string, std::string> rules;
  for (const auto& [key, value] : table.json().items()) {
    const std::string from = normalize_email(key);
    const std::string to = normalize_email(table.string(key));
    if (!fits(from)) {
      findings.error(table.pointer(key), "\"" + key + "\" is not " + wanted);
    } else if (!fits(to)) {
      findings.error(table.pointer(key), "must be " + wanted);
    } else if (!rules.emplace(from, to).second) {
      findings.error(table.pointer(key), "\"" + key + "\" appears twice; case is ignored");
    }
  }
  return rules;
}

}  // namespace

EmailMap::EmailMap(const Config& section, Findings& findings)
    : addresses_(parse_rules(section.section("addresses"), is_address, "an e-mail address such as bobby@example.com", findings)),
      domains_(parse_rules(section.section("domains"), is_domain, "a domain such as example.com, without an @", findings)) {}

std::string EmailMap::apply(const std::string& email) const {
  if (const auto found = addresses_.find(email); found != addresses_.end()) return found->second;
  const std::size_t at = email.rfind('@');
  if (at == std::string::npos) return email;
  const auto found = domains_.find(email.substr(at + 1));
  return found == domains_.end() ? email : email.substr(0, at + 1) + found->second;
}

std::set<std::string> EmailMap::sources(const std::string& email) const {
  std::set<std::string> found{email};
  for (const auto& [from, to] : addresses_) {
    if (to == email) found.insert(from);
  }
  const std::size_t domain = email.rfind('@') + 1;
  for (const auto& [from, to] : domains_) {
    if (domain > 0 && email.compare(domain, std::string::npos, to) == 0) found.insert(email.substr(0, domain) + from);
  }
  // Another rule may map some of these elsewhere.
  std::erase_if(found, [&](const std::string& from) { return apply(from) != email; });
  return found;
}

}  // namespace belfry::slack
