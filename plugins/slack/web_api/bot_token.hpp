// Supplies the bot token for Web API calls.
//
// A static token is revealed at each use, so it may be replaced while the sink runs. A token with rotation is renewed two hours before it
// expires, by the first call that finds it due; calls continue with the old token meanwhile. The new pair is durable before it is used, and
// a lease in the key-value store allows one renewal at a time per account, across sinks and gateways. When the configured token changes,
// rotation starts over from it, and tokens derived from the previous one are dropped.
// Thread rule: the instance's strand. Ownership: outlives the tasks of the sink.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <optional>
#include <string>

#include "slack/web_api/token_rotation.hpp"

namespace belfry::slack {

struct RotationSettings {
  std::string client_id;
  Secret client_secret;
  Secret refresh_token;  // empty: the configured token never expires and is exchanged for one that does
};

using TokenResult = std::expected<std::string, Outcome>;

class BotToken {
 public:
  BotToken(std::string api_url, Secret configured, std::optional<RotationSettings> rotation);
  BotToken(const BotToken&) = delete;
  BotToken& operator=(const BotToken&) = delete;

  void use(Services services);  // at start

  // Returns the token if it is available without waiting. May start a renewal in the background.
  [[nodiscard]] std::optional<std::string> try_get();
  // Returns the token, waiting for the store or a renewal if necessary.
  Task<TokenResult> get();
  // Slack refused the token `refused`, with the outcome `why`. Returns another token to try, or the outcome of the call.
  Task<TokenResult> replacement_for(std::string refused, Outcome why);

  [[nodiscard]] bool rotates() const { return rotation_.has_value(); }
  // Stops all renewals, which would invalidate the tokens of the running gateway.
  void disable_renewal() { renewal_enabled_ = false; }
  // Completes when no renewal is in progress.
  Task<> wait_idle();

 private:
  [[nodiscard]] Millis now() const { return services_.clock().now().time_since_epoch(); }
  [[nodiscard]] bool due() const { return current_.access == refused_ || current_.due(now()); }
  [[nodiscard]] bool usable() const { return current_.access != refused_ && current_.usable(now()); }
  [[nodiscard]] bool may_try() const;

  void sync_configured();
  void adopt(TokenPair pair);
  Task<bool> load();
  Task<> renew_in_background();
  Task<TokenResult> renew();
  Task<std::expected<TokenPair, Outcome>> request_renewal();
  TokenResult fail(Outcome outcome);

  std::string api_url_;
  Secret configured_;
  std::optional<RotationSettings> rotation_;
  Services services_;
  bool renewal_enabled_ = true;
  std::string me_;  // identifies this instance in leases

  std::string scope_token_;  // the configured token, from which the host derives the kv scope of the account
  std::string seed_;         // the configured token from which everything below is derived
  bool loaded_ = false;      // the stored record has been read
  TokenPair current_;
  std::string refused_;                  // reported by Slack as expired, whatever the clock indicates
  std::optional<TokenPair> unsaved_;     // issued by Slack to replace current_, but not durable yet
  MonotonicTime next_try_{};             // no renewal before this time
  std::optional<Outcome> last_failure_;  // of the last renewal
  bool background_renewal_ = false;      // a renewal that no call waits for is in progress
  SingleFlight<std::string, TokenResult> renewals_;
  int working_ = 0;  // renewals in progress; of two lineages if the configuration changes during one
  Signal idle_;
};

}  // namespace belfry::slack
