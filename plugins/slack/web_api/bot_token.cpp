#include "slack/web_api/bot_token.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "slack/text/pause_note.hpp"
#include "slack/web_api/form.hpp"

namespace belfry::slack {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kRenewalTimeout = seconds(8);           // leaves a waiting delivery time for its post
constexpr Millis kPeerRenewalTimeout = seconds(3);       // for a renewal by another sink or gateway
constexpr Millis kPeerPollInterval = milliseconds(300);  // between checks for its result
constexpr Millis kRenewalRetryDelay = seconds(10);
constexpr Millis kTryRefusedAgain = minutes(10);  // after Slack refused a renewal, while the current token is valid

// A bucket for its pauses, not for its rate: the gateway bounds a pause, and ends it when the sink is released.
constexpr std::uint32_t kRenewalsPerMinute = 60;
BucketKey renewal_requests() { return {Scope::account, std::string(method_name(Method::renew))}; }

std::string random_name() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

Outcome store_fails() {
  return Outcome::retry("store_failing", "the token cannot be renewed: the gateway's store fails, so the new token could not be stored");
}
Outcome renewed_elsewhere() { return Outcome::retry("token_renewal", "another sink or gateway is renewing the token"); }
Outcome token_replaced() { return Outcome::retry("token_renewal", "the configured token was replaced while it was being renewed"); }

}  // namespace

BotToken::BotToken(std::string api_url, Secret configured, std::optional<RotationSettings> rotation)
    : api_url_(std::move(api_url)), configured_(std::move(configured)), rotation_(std::move(rotation)), me_(random_name()) {
  idle_.set();
}

void BotToken::use(Services services) {
  services_ = services;
  if (rotation_) services_.rate_limit().define(renewal_requests(), kRenewalsPerMinute, minutes(1), kRenewalsPerMinute);
}

bool BotToken::may_try() const {
  return renewal_enabled_ && services_.clock().monotonic() >= next_try_ &&
         services_.rate_limit().wait_time(renewal_requests()) == Millis(0);
}

std::optional<std::string> BotToken::try_get() {
  if (!rotation_) return configured_.reveal();
  sync_configured();
  if (!loaded_ || !usable()) return std::nullopt;
  if (due() && may_try() && !std::exchange(background_renewal_, true)) services_.spawn(renew_in_background());
  return current_.access;
}

Task<TokenResult> BotToken::get() {
  for (;;) {
    if (auto token = try_get()) co_return *std::move(token);
    if (!loaded_) {
      if (const bool answered = co_await load(); !answered) co_return std::unexpected(store_fails());
      continue;
    }
    if (!may_try()) co_return std::unexpected(last_failure_.value_or(renewed_elsewhere()));
    Task<TokenResult> work = renew();
    co_return co_await renewals_.run(lineage_key(seed_), std::move(work));
  }
}

Task<TokenResult> BotToken::replacement_for(std::string refused, Outcome why) {
  if (!rotation_) {
    std::string present = configured_.reveal();
    if (present == refused) co_return std::unexpected(std::move(why));
    co_return present;
  }
  sync_configured();
  if (loaded_ && current_.access == refused) {
    if (!renewal_enabled_) co_return std::unexpected(std::move(why));
    // Only an expired token needs renewal; otherwise another sink or gateway may have renewed it already.
    if (why.reason == "token_expired") {
      refused_ = refused;
    } else {
      loaded_ = false;
    }
  }
  TokenResult other = co_await get();
  if (other && *other == refused) co_return std::unexpected(std::move(why));
  co_return other;
}

Task<> BotToken::wait_idle() { co_await idle_.wait(); }

// The refresh token, or bot_token without one, identifies the lineage. bot_token also selects the kv scope, shared by all sinks that have
// it. It may be replaced before or after the refresh token, or alone, so the renewed pair moves to the new scope.
void BotToken::sync_configured() {
  std::string configured = configured_.reveal();
  std::string seed = rotation_->refresh_token.empty() ? configured : rotation_->refresh_token.reveal();
  if (std::exchange(scope_token_, std::move(configured)) != scope_token_) loaded_ = false;
  if (seed == seed_) return;
  seed_ = std::move(seed);
  loaded_ = false;
  current_ = {};
  refused_.clear();
  unsaved_.reset();
  next_try_ = {};
  last_failure_.reset();
}

void BotToken::adopt(TokenPair pair) {
  services_.add_secret(pair.access);
  services_.add_secret(pair.refresh);
  current_ = std::move(pair);
  // A second copy in the sink's own scope stays visible if bot_token differs after the next start.
  services_.kv().put(lineage_key(seed_), to_text({current_, std::nullopt}));
}

// Returns false if the store fails.
Task<bool> BotToken::load() {
  const std::string seed = seed_;
  const std::string scope_token = scope_token_;
  const Kv store = services_.kv(Scope::account);
  const KvResult found = co_await store.get(lineage_key(seed));
  const KvResult own = co_await services_.kv().get(lineage_key(seed));
  if (seed != seed_ || scope_token != scope_token_) co_return true;
  if (found.status == KvResult::Status::failed || own.status == KvResult::Status::failed) co_return false;
  TokenRecord kept = parse_token_record(found.value);
  const bool renewed = current_.expires != Millis{};
  const std::optional<TokenPair> brought = renewed ? current_ : parse_token_record(own.value).pair;
  // If several sinks bring a pair along at startup, some may have missed the latest renewals.
  if (brought && (!kept.pair || (!renewed && brought->expires > kept.pair->expires))) {
    kept.pair = brought;
    const KvResult moved = co_await store.put_durable(lineage_key(seed), to_text(kept), found.version);
    if (moved.status == KvResult::Status::failed) co_return false;
    if (seed != seed_ || scope_token != scope_token_ || moved.status == KvResult::Status::conflict) co_return true;
  }
  if (kept.pair) {
    adopt(*kept.pair);
  } else {
    current_ = {scope_token, rotation_->refresh_token.empty() ? std::string() : seed, {}};
  }
  loaded_ = true;
  co_return true;
}

Task<> BotToken::renew_in_background() {
  struct Done {
    bool& beside;
    ~Done() { beside = false; }
  } done{background_renewal_};
  Task<TokenResult> work = renew();
  co_await renewals_.run(lineage_key(seed_), std::move(work));
}

Task<TokenResult> BotToken::renew() {
  struct Working {
    BotToken& token;
    explicit Working(BotToken& of) : token(of) {
      if (++token.working_ == 1) token.idle_.reset();
    }
    ~Working() {
      if (--token.working_ == 0) token.idle_.set();
    }
  } working(*this);

  const std::string seed = seed_;
  const std::string key = lineage_key(seed);
  const Kv store = services_.kv(Scope::account);
  const MonotonicTime patience = services_.clock().monotonic() + kPeerRenewalTimeout;
  TokenRecord kept;
  KvResult taken;
  for (;;) {
    const KvResult found = co_await store.get(key);
    if (seed != seed_) co_return std::unexpected(token_replaced());
    if (found.status == KvResult::Status::failed) co_return fail(store_fails());
    kept = parse_token_record(found.value);
    if (kept.pair && kept.pair->access != current_.access) {
      adopt(*kept.pair);
      unsaved_.reset();
    }
    if (!due()) co_return current_.access;
    if (kept.leased_to_another(me_, now())) {
      if (usable()) co_return current_.access;
      if (services_.clock().monotonic() >= patience) co_return std::unexpected(renewed_elsewhere().retry_after(kept.lease->until - now()));
      co_await services_.clock().sleep_for(kPeerPollInterval);
      if (seed != seed_) co_return std::unexpected(token_replaced());
      continue;
    }
    kept.lease = Lease{me_, now() + kMaxLease};
    taken = co_await store.put_durable(key, to_text(kept), found.version);
    if (seed != seed_) co_return std::unexpected(token_replaced());
    if (taken.status == KvResult::Status::failed) co_return fail(store_fails());
    if (taken.ok()) break;
  }

  TokenPair pair;
  if (unsaved_) {
    pair = *unsaved_;
  } else {
    auto answer = co_await request_renewal();
    if (!answer) {
      kept.lease.reset();
      co_await store.put_durable(key, to_text(kept), taken.version);
      if (seed != seed_) co_return std::unexpected(token_replaced());
      co_return fail(std::move(answer.error()));
    }
    pair = *std::move(answer);
  }
  kept = {pair, std::nullopt};
  const KvResult stored = co_await store.put_durable(key, to_text(kept), taken.version);
  if (seed != seed_) co_return std::unexpected(token_replaced());
  if (stored.status == KvResult::Status::failed) {
    unsaved_ = std::move(pair);
    co_return fail(store_fails());
  }
  unsaved_.reset();
  if (!stored.ok()) {
    // The lease expired, so the pair stored by its next holder is the valid one.
    loaded_ = false;
    co_return std::unexpected(renewed_elsewhere());
  }
  adopt(std::move(pair));
  last_failure_.reset();
  next_try_ = {};
  services_.metrics().add("slack_token_renewals");
  services_.log().info("the token has been renewed");
  co_return current_.access;
}

Task<std::expected<TokenPair, Outcome>> BotToken::request_renewal() {
  const bool exchange = current_.refresh.empty();
  const Method method = exchange ? Method::exchange : Method::renew;
  Query arguments;
  if (exchange) {
    arguments.emplace_back("token", current_.access);
  } else {
    arguments.emplace_back("grant_type", "refresh_token");
    arguments.emplace_back("refresh_token", current_.refresh);
  }
  arguments.emplace_back("client_id", rotation_->client_id);
  arguments.emplace_back("client_secret", rotation_->client_secret.reveal());
  HttpRequest request = form_request(api_url_ + std::string(method_name(method)), arguments);
  request.timeout = kRenewalTimeout;
  const HttpResult result = co_await services_.http().send(std::move(request));
  const ApiResponse response = classify(method, result);
  if (response.failure) co_return std::unexpected(renewal_failure(response));
  auto pair = parse_renewal(response.body, now());
  if (!pair) co_return std::unexpected(Outcome::retry("bad_answer", pair.error()));
  services_.add_secret(pair->access);
  services_.add_secret(pair->refresh);
  co_return *std::move(pair);
}

TokenResult BotToken::fail(Outcome outcome) {
  const bool refused = outcome.code == Outcome::Code::misconfigured;
  next_try_ = services_.clock().monotonic() + (refused && usable() ? kTryRefusedAgain : kRenewalRetryDelay);
  if (outcome.after) services_.rate_limit().report_limited(renewal_requests(), *outcome.after);
  services_.log().warn((usable() ? "continuing with the current token: " : "") + outcome.detail +
                       pause_note(services_.rate_limit().wait_time(renewal_requests())));
  last_failure_ = outcome;
  return std::unexpected(std::move(outcome));
}

}  // namespace belfry::slack
