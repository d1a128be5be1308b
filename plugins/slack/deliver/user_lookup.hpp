// Finds the Slack user of an e-mail address. Concurrent requests for an address share one lookup, and results are cached. Lookups never
// delay deliveries to users who are cached: if their rate limit is reached, the address is looked up in the background, and the delivery
// that needs it is retried later.
// Thread rule: the instance's strand. Ownership: a member of the sink; the objects passed in outlive it.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <set>
#include <string>

#include "slack/web_api/email_map.hpp"
#include "slack/web_api/user_cache.hpp"
#include "slack/web_api/web_api.hpp"

namespace belfry::slack {

struct LookupSettings {
  Millis found = std::chrono::hours(24);      // how long a user is cached
  Millis missing = std::chrono::minutes(10);  // how long the absence of one is cached
  bool prefill = false;                       // read the list of all members at startup
};

struct User {
  std::string id;
  bool cached = false;  // may be outdated
};
using UserResult = std::expected<User, Outcome>;

class UserLookup {
 public:
  // `map`: finds the addresses that a person has outside Slack.
  UserLookup(WebApi& api, const EmailMap& map, const LookupSettings& settings);
  void use(Services services);  // at start

  // `email` is normalized (user_cache.hpp). `deadline`: of the delivery. The lookup times out before it, so that the delivery can still
  // report the timeout.
  Task<UserResult> find(std::string email, MonotonicTime deadline);
  // Drops the user of an address after Slack refused the id, so that the address is looked up again.
  Task<> forget(std::string email);

 private:
  Task<UserResult> look_up(std::string email, MonotonicTime deadline);
  Task<UserResult> query_slack(std::string email, std::optional<MonotonicTime> deadline);
  Task<> look_up_in_background(std::string email);
  Task<> prefill();
  std::size_t learn(const nlohmann::json& page);
  // Reports the person's time zone under each address that a notification may have.
  void report_time_zone(const std::string& email, const nlohmann::json& user) const;
  [[nodiscard]] std::optional<UserResult> find_cached(const std::string& email);
  [[nodiscard]] Millis now() const { return services_.clock().now().time_since_epoch(); }

  WebApi& api_;
  const EmailMap& map_;
  bool prefill_;
  UserCache cache_;
  Services services_;
  SingleFlight<std::string, UserResult> lookups_;
  std::set<std::string> background_lookups_;
};

}  // namespace belfry::slack
