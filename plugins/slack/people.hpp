// Who is who: finds the Slack user of an e-mail address, asks Slack once however many want to know, and remembers the answer. Nobody holds
// up a delivery to somebody known: when look-ups have to wait, the address is asked for beside the deliveries, and the one that needs it
// comes back later.
// Thread rule: the strand of the instance. Ownership: a member of the sink; what it is given outlives it.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <set>
#include <string>

#include "slack/calls.hpp"
#include "slack/directory.hpp"
#include "slack/email_map.hpp"

namespace belfry::slack {

struct LookupSettings {
  Millis found = std::chrono::hours(24);      // how long an answer holds
  Millis missing = std::chrono::minutes(10);  // how long "nobody" does
  bool prefill = false;                       // read the list of all members at start
};

struct User {
  std::string id;
  bool cached = false;  // known from before: may have become wrong since
};
using UserResult = std::expected<User, Outcome>;

class People {
 public:
  // `map` says which addresses a person has outside of Slack.
  People(Calls& calls, const EmailMap& map, const LookupSettings& settings);
  void use(Services services);  // at start

  // `email` is normal (directory.hpp). `deadline`: of the delivery, which wants to say itself that Slack did not answer in time.
  Task<UserResult> find(std::string email, Timestamp deadline);
  // Slack did not take the id: it is asked again next time.
  Task<> forget(std::string email);

 private:
  Task<UserResult> look_up(std::string email, Timestamp deadline);
  Task<UserResult> ask(std::string email, std::optional<Timestamp> deadline);
  Task<> ask_beside(std::string email);
  Task<> prefill();
  std::size_t learn(const nlohmann::json& page);
  // In which time zone the person lives, under each address that a notification may have.
  void tell_time_zone(const std::string& email, const nlohmann::json& user) const;
  [[nodiscard]] std::optional<UserResult> known(const std::string& email);
  [[nodiscard]] Millis now() const { return services_.clock().now().time_since_epoch(); }

  Calls& calls_;
  const EmailMap& map_;
  bool prefill_;
  Directory directory_;
  Services services_;
  SingleFlight<std::string, UserResult> lookups_;
  std::set<std::string> asked_beside_;
};

}  // namespace belfry::slack
