// The bot token that calls are made with. A plain one is revealed each time, so that it may be replaced while the sink runs. One with
// rotation is renewed two hours before it expires, by the first call that finds it due: the new pair is durable before it is used, one
// renewal is under way per credential (a lease in the key-value store keeps other sinks and gateways off), and calls go on with the old
// token meanwhile. A configured token that changes begins anew; what followed from the one before is forgotten.
// Thread rule: the strand of the instance. Ownership: outlives the tasks of the sink.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <optional>
#include <string>

#include "slack/token_pair.hpp"

namespace belfry::slack {

struct RotationSettings {
  std::string client_id;
  Secret client_secret;
  Secret refresh_token;  // empty: the configured token never expires, and is exchanged for one that does
};

using TokenResult = std::expected<std::string, Outcome>;

class BotToken {
 public:
  BotToken(std::string api_url, Secret configured, std::optional<RotationSettings> rotation);
  BotToken(const BotToken&) = delete;
  BotToken& operator=(const BotToken&) = delete;

  void use(Services services) { services_ = services; }  // at start

  // The token, when nothing has to be waited for. May begin a renewal.
  [[nodiscard]] std::optional<std::string> at_hand();
  // The token, waited for.
  Task<TokenResult> get();
  // Slack did not take `refused`, as `why` says: the token to try instead, or how the call ends.
  Task<TokenResult> instead_of(std::string refused, Outcome why);

  [[nodiscard]] bool rotates() const { return rotation_.has_value(); }
  // From now on no token is renewed: those of the running gateway must stay good.
  void leave_as_it_is() { renews_ = false; }
  // Returns when no renewal is under way.
  Task<> rest();

  // Names the credential for budgets.
  [[nodiscard]] const std::string& reference() const { return configured_.reference(); }

 private:
  [[nodiscard]] Millis now() const { return services_.clock().now().time_since_epoch(); }
  [[nodiscard]] bool due() const { return current_.access == refused_ || current_.due(now()); }
  [[nodiscard]] bool usable() const { return current_.access != refused_ && current_.usable(now()); }
  [[nodiscard]] bool may_try() const { return renews_ && services_.clock().monotonic() >= next_try_; }

  void follow_configuration();
  void adopt(TokenPair pair);
  Task<bool> load();
  Task<> renew_beside();
  Task<TokenResult> renew();
  Task<std::expected<TokenPair, Outcome>> ask_slack();
  TokenResult fail(Outcome outcome);

  std::string api_url_;
  Secret configured_;
  std::optional<RotationSettings> rotation_;
  Services services_;
  bool renews_ = true;
  std::string me_;  // names this instance in leases

  std::string place_;    // the configured token, by which the host names the place where tokens are kept
  std::string seed_;     // the configured token that all below follows from
  bool loaded_ = false;  // what is kept has been looked at
  TokenPair current_;
  std::string refused_;              // Slack says that this one has expired, whatever the clock says
  std::optional<TokenPair> unkept_;  // given by Slack for current_, but not durable yet
  Millis next_try_{};                // by the monotonic clock: no renewal before
  std::optional<Outcome> trouble_;   // how the last renewal failed
  bool beside_ = false;              // a renewal that nobody waits for has been begun
  SingleFlight<std::string, TokenResult> renewals_;
  int working_ = 0;  // renewals under way: of two lineages, when the configuration changes during one
  Signal rested_;
};

}  // namespace belfry::slack
