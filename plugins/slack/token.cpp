#include "slack/token.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "slack/form.hpp"

namespace belfry::slack {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kAskWithin = seconds(8);         // a delivery that waits for it still has time to be made
constexpr Millis kWaitForAnother = seconds(3);    // who renews the token already
constexpr Millis kLookAgain = milliseconds(300);  // whether it has
constexpr Millis kTryAgain = seconds(10);
constexpr Millis kTryRefusedAgain = minutes(10);  // while the present token is good; Slack has said no to the renewal

std::string random_name() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

Outcome store_fails() {
  return Outcome::retry("store_failing", "the token cannot be renewed: what Slack gives could not be kept in the gateway's store");
}
Outcome renewed_elsewhere() { return Outcome::retry("token_renewal", "another sink or gateway is renewing the token"); }
Outcome configured_anew() { return Outcome::retry("token_renewal", "the configured token has been replaced while it was being renewed"); }

}  // namespace

BotToken::BotToken(std::string api_url, Secret configured, std::optional<RotationSettings> rotation)
    : api_url_(std::move(api_url)), configured_(std::move(configured)), rotation_(std::move(rotation)), me_(random_name()) {
  rested_.set();
}

std::optional<std::string> BotToken::at_hand() {
  if (!rotation_) return configured_.reveal();
  follow_configuration();
  if (!loaded_ || !usable()) return std::nullopt;
  if (due() && may_try() && !std::exchange(beside_, true)) services_.spawn(renew_beside());
  return current_.access;
}

Task<TokenResult> BotToken::get() {
  for (;;) {
    if (auto token = at_hand()) co_return *std::move(token);
    if (!loaded_) {
      if (const bool answered = co_await load(); !answered) co_return std::unexpected(store_fails());
      continue;
    }
    if (!may_try()) co_return std::unexpected(trouble_.value_or(renewed_elsewhere()));
    Task<TokenResult> work = renew();
    co_return co_await renewals_.run(lineage_key(seed_), std::move(work));
  }
}

Task<TokenResult> BotToken::instead_of(std::string refused, Outcome why) {
  if (!rotation_) {
    std::string present = configured_.reveal();
    if (present == refused) co_return std::unexpected(std::move(why));
    co_return present;
  }
  follow_configuration();
  if (loaded_ && current_.access == refused) {
    if (!renews_) co_return std::unexpected(std::move(why));
    // Only what has expired is helped by a renewal; otherwise another may have renewed it.
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

Task<> BotToken::rest() { co_await rested_.wait(); }

// The refresh token names the lineage. The other configured token names the place where it is kept for all sinks that have it, and may be
// replaced before, later or alone: what has been renewed moves along.
void BotToken::follow_configuration() {
  std::string configured = configured_.reveal();
  std::string seed = rotation_->refresh_token.empty() ? configured : rotation_->refresh_token.reveal();
  if (std::exchange(place_, std::move(configured)) != place_) loaded_ = false;
  if (seed == seed_) return;
  seed_ = std::move(seed);
  loaded_ = false;
  current_ = {};
  refused_.clear();
  unkept_.reset();
  next_try_ = {};
  trouble_.reset();
}

void BotToken::adopt(TokenPair pair) {
  services_.learn_secret(pair.access);
  services_.learn_secret(pair.refresh);
  current_ = std::move(pair);
  // Once more where another bot_token after the next start does not hide it.
  services_.kv().put(lineage_key(seed_), to_text({current_, std::nullopt}));
}

// False: the store does not answer.
Task<bool> BotToken::load() {
  const std::string seed = seed_;
  const std::string place = place_;
  const Kv store = services_.kv(KvScope::credential);
  const KvResult found = co_await store.get(lineage_key(seed));
  const KvResult own = co_await services_.kv().get(lineage_key(seed));
  if (seed != seed_ || place != place_) co_return true;
  if (found.status == KvResult::Status::failed || own.status == KvResult::Status::failed) co_return false;
  KeptToken kept = kept_token(found.value);
  const bool renewed = current_.expires != Millis{};
  const std::optional<TokenPair> brought = renewed ? current_ : kept_token(own.value).pair;
  // Of several sinks that bring something along at their start, one may have missed the last renewals.
  if (brought && (!kept.pair || (!renewed && brought->expires > kept.pair->expires))) {
    kept.pair = brought;
    const KvResult moved = co_await store.put_durable(lineage_key(seed), to_text(kept), found.version);
    if (moved.status == KvResult::Status::failed) co_return false;
    if (seed != seed_ || place != place_ || moved.status == KvResult::Status::conflict) co_return true;
  }
  if (kept.pair) {
    adopt(*kept.pair);
  } else {
    current_ = {place, rotation_->refresh_token.empty() ? std::string() : seed, {}};
  }
  loaded_ = true;
  co_return true;
}

Task<> BotToken::renew_beside() {
  struct Done {
    bool& beside;
    ~Done() { beside = false; }
  } done{beside_};
  Task<TokenResult> work = renew();
  co_await renewals_.run(lineage_key(seed_), std::move(work));
}

Task<TokenResult> BotToken::renew() {
  struct Working {
    BotToken& token;
    explicit Working(BotToken& of) : token(of) {
      if (++token.working_ == 1) token.rested_.reset();
    }
    ~Working() {
      if (--token.working_ == 0) token.rested_.set();
    }
  } working(*this);

  const std::string seed = seed_;
  const std::string key = lineage_key(seed);
  const Kv store = services_.kv(KvScope::credential);
  const Millis patience = services_.clock().monotonic() + kWaitForAnother;
  KeptToken kept;
  KvResult taken;
  for (;;) {
    const KvResult found = co_await store.get(key);
    if (seed != seed_) co_return std::unexpected(configured_anew());
    if (found.status == KvResult::Status::failed) co_return fail(store_fails());
    kept = kept_token(found.value);
    if (kept.pair && kept.pair->access != current_.access) {
      adopt(*kept.pair);
      unkept_.reset();
    }
    if (!due()) co_return current_.access;
    if (kept.leased_to_another(me_, now())) {
      if (usable()) co_return current_.access;
      if (services_.clock().monotonic() >= patience) co_return std::unexpected(renewed_elsewhere().retry_after(kept.lease->until - now()));
      co_await services_.clock().sleep_for(kLookAgain);
      if (seed != seed_) co_return std::unexpected(configured_anew());
      continue;
    }
    kept.lease = Lease{me_, now() + kLongestLease};
    taken = co_await store.put_durable(key, to_text(kept), found.version);
    if (seed != seed_) co_return std::unexpected(configured_anew());
    if (taken.status == KvResult::Status::failed) co_return fail(store_fails());
    if (taken.ok()) break;
  }

  TokenPair pair;
  if (unkept_) {
    pair = *unkept_;
  } else {
    auto answer = co_await ask_slack();
    if (!answer) {
      kept.lease.reset();
      co_await store.put_durable(key, to_text(kept), taken.version);
      if (seed != seed_) co_return std::unexpected(configured_anew());
      co_return fail(std::move(answer.error()));
    }
    pair = *std::move(answer);
  }
  kept = {pair, std::nullopt};
  const KvResult stored = co_await store.put_durable(key, to_text(kept), taken.version);
  if (seed != seed_) co_return std::unexpected(configured_anew());
  if (stored.status == KvResult::Status::failed) {
    unkept_ = std::move(pair);
    co_return fail(store_fails());
  }
  unkept_.reset();
  if (!stored.ok()) {
    // The lease ran out: what the one after us has stored counts.
    loaded_ = false;
    co_return std::unexpected(renewed_elsewhere());
  }
  adopt(std::move(pair));
  trouble_.reset();
  next_try_ = {};
  services_.metrics().add("slack_token_renewals");
  services_.log().info("the token has been renewed");
  co_return current_.access;
}

Task<std::expected<TokenPair, Outcome>> BotToken::ask_slack() {
  const bool exchange = current_.refresh.empty();
  const Call call = exchange ? Call::exchange : Call::renew;
  Query arguments;
  if (exchange) {
    arguments.emplace_back("token", current_.access);
  } else {
    arguments.emplace_back("grant_type", "refresh_token");
    arguments.emplace_back("refresh_token", current_.refresh);
  }
  arguments.emplace_back("client_id", rotation_->client_id);
  arguments.emplace_back("client_secret", rotation_->client_secret.reveal());
  HttpRequest request = form_request(api_url_ + std::string(method_of(call)), arguments);
  request.timeout = kAskWithin;
  const HttpResult result = co_await services_.http().send(std::move(request));
  const Reading reading = read(call, result);
  if (reading.failure) co_return std::unexpected(not_renewed(reading));
  auto pair = renewed_pair(reading.body, now());
  if (!pair) co_return std::unexpected(Outcome::retry("bad_answer", pair.error()));
  services_.learn_secret(pair->access);
  services_.learn_secret(pair->refresh);
  co_return *std::move(pair);
}

TokenResult BotToken::fail(Outcome outcome) {
  const bool refused = outcome.code == Outcome::Code::misconfigured;
  next_try_ =
      services_.clock().monotonic() + std::max(refused && usable() ? kTryRefusedAgain : kTryAgain, outcome.after.value_or(Millis{}));
  services_.log().warn((usable() ? "going on with the present token: " : "") + outcome.detail);
  trouble_ = outcome;
  return std::unexpected(std::move(outcome));
}

}  // namespace belfry::slack
