// Random operations against a model that knows the promises only: a list of deliveries, looked through from the front every time.
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "core/store/store_test.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;

struct Expected {
  std::string id;
  std::string notification;
  std::string address;
  base::Timestamp joins_at{}, due_at{}, expires_at{}, claim_until{};
  DeliveryState state = DeliveryState::waiting;
  bool dead_letter = false;
  std::uint32_t attempts = 0;
  std::uint32_t failures = 0;
  bool in_doubt = false;
  std::string claim;
  std::set<std::uint32_t> arrived;  // attempts that were told as delivered

  [[nodiscard]] bool open() const { return state == DeliveryState::waiting || state == DeliveryState::in_flight; }
};

class Model {
 public:
  std::vector<Expected> deliveries;
  std::map<std::string, base::Timestamp> paused;
  std::size_t fallbacks = 0;

  [[nodiscard]] Expected* by_id(const std::string& id) {
    const auto found = std::ranges::find(deliveries, id, &Expected::id);
    return found == deliveries.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::set<std::string> leasable(base::Timestamp now) {
    std::set<std::string> ids;
    std::set<std::string> looked_at;
    for (const auto& one : deliveries) {
      if (!one.open() || one.joins_at > now || !looked_at.insert(one.address).second) continue;
      const auto free_at = one.state == DeliveryState::in_flight ? one.claim_until : one.due_at;
      if (std::max(free_at, paused[one.address]) <= now) ids.insert(one.id);
    }
    return ids;
  }
  [[nodiscard]] std::set<std::string> expired(base::Timestamp now) {
    std::set<std::string> ids;
    for (const auto& one : deliveries) {
      const bool held = one.state == DeliveryState::in_flight && one.claim_until > now;
      if (one.open() && !held && one.expires_at <= now) ids.insert(one.id);
    }
    return ids;
  }
};

class Player {
 public:
  Player(Store& store, std::uint64_t seed) : calls_(store), random_(seed) {}

  void play(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    compare();
  }

 private:
  int below(int n) { return std::uniform_int_distribution(0, n - 1)(random_); }
  base::Millis some_time() { return std::chrono::seconds(below(40)); }
  std::string some_address() { return "a" + std::to_string(below(4)); }
  Expected* some_delivery() {
    return model_.deliveries.empty() ? nullptr
                                     : &model_.deliveries[static_cast<std::size_t>(below(static_cast<int>(model_.deliveries.size())))];
  }

  void step() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2: return accept();
      case 3: return accept_again();
      case 4:
      case 5: return lease();
      case 6: return lease_expired();
      case 7: return begin();
      case 8:
      case 9: return finish();
      case 10: return release();
      case 11: return finish_late();
      case 12: return below(2) == 0 ? pause() : wake();
      case 13: return retry();
      case 14: return discard();
      default: now_ += some_time();
    }
  }

  void accept() {
    const auto id = std::to_string(model_.deliveries.size());
    auto one = planned("d" + id, some_address(), now_);
    if (below(4) == 0) one.delivery.due_at = now_ + some_time();
    one.delivery.expires_at = now_ + some_time() * 4 + 1s;
    ASSERT_FALSE(calls_.accept(acceptance("n" + id, {one}))->duplicate);
    model_.deliveries.push_back({.id = "d" + id,
                                 .notification = "n" + id,
                                 .address = one.delivery.destination.address,
                                 .joins_at = one.delivery.due_at,
                                 .due_at = one.delivery.due_at,
                                 .expires_at = one.delivery.expires_at});
  }

  void accept_again() {
    auto* one = some_delivery();
    if (one == nullptr) return;
    EXPECT_TRUE(calls_.accept(acceptance(one->notification, {planned("x", "a0", now_)}))->duplicate);
  }

  void lease() {
    const auto expected = model_.leasable(now_);
    const auto most = static_cast<std::size_t>(below(6));
    const bool begins = below(2) == 0;
    const auto lease = begins ? calls_.lease_and_begin(now_, most, 20s) : calls_.lease(now_, most, "slack", 20s);
    EXPECT_EQ(lease->leased.size(), std::min(most, expected.size()));
    take(*lease, expected, 20s, begins);
    const bool all = most > expected.size();  // then it has looked at every queue
    EXPECT_TRUE(!all || lease->next_ready.value_or(base::Timestamp::max()) > now_);
  }

  void lease_expired() {
    const auto expected = model_.expired(now_);
    const auto lease = calls_.lease_expired(now_, 3);
    EXPECT_EQ(lease->leased.size(), std::min<std::size_t>(3, expected.size()));
    take(*lease, expected, 30s);
  }

  void take(const Lease& lease, const std::set<std::string>& expected, base::Millis time, bool begins = false) {
    for (const auto& leased : lease.leased) {
      EXPECT_TRUE(expected.contains(leased.delivery.id)) << leased.delivery.id;
      auto& one = *model_.by_id(leased.delivery.id);
      EXPECT_EQ(leased.in_doubt, one.in_doubt) << one.id;
      EXPECT_EQ(leased.delivery.failures, one.failures) << one.id;
      EXPECT_EQ(leased.items.at(0).id, one.notification);
      const bool begun = begins && !one.in_doubt && one.expires_at > now_;
      EXPECT_EQ(leased.attempt, begun ? one.attempts + 1 : 0) << one.id;
      one.attempts += begun ? 1 : 0;
      one.in_doubt = one.in_doubt || begun;
      one.state = DeliveryState::in_flight;
      one.claim_until = now_ + time;
      one.claim = leased.claim;
      claims_.push_back(leased);
    }
  }

  const Leased* some_claim() {
    return claims_.empty() ? nullptr : &claims_[static_cast<std::size_t>(below(static_cast<int>(claims_.size())))];
  }
  Expected* holder(const Leased& leased) {
    auto* one = model_.by_id(leased.delivery.id);
    return one->state == DeliveryState::in_flight && one->claim == leased.claim ? one : nullptr;
  }

  void begin() {
    const auto* leased = some_claim();
    if (leased == nullptr) return;
    auto* one = holder(*leased);
    const auto attempt = calls_.begin(leased->claim, now_);
    ASSERT_EQ(attempt.has_value(), one != nullptr && one->claim_until > now_) << leased->delivery.id;
    if (!attempt) return;
    EXPECT_EQ(*attempt, ++one->attempts);
    one->in_doubt = true;
  }

  void finish() {
    const auto* leased = some_claim();
    if (leased == nullptr) return;
    auto* one = holder(*leased);
    const auto attempt = one != nullptr && one->in_doubt ? one->attempts : 0;
    const int how = below(5);
    Next next = Done{};
    const bool in_doubt = attempt != 0 && below(2) == 0;
    if (how == 1 || how == 2) next = RetryAt{.at = now_ + some_time(), .counts_as_failure = how == 1, .in_doubt = in_doubt};
    if (how == 3) next = DeadLetter{DeliveryState::expired};
    if (how == 4) next = FallBack{DeliveryState::rejected, {planned("f" + leased->claim, "bobby", now_, "mail").delivery}};
    const auto finished = calls_.finish(finish_of(*leased, attempt, how == 0 ? delivered() : failed(), next, now_));
    ASSERT_TRUE(finished);
    ASSERT_EQ(finished->applied, one != nullptr) << leased->delivery.id;
    if (one == nullptr) return;
    if (attempt != 0) one->in_doubt = in_doubt && (how == 1 || how == 2);
    if (how == 0 && attempt != 0) one->arrived.insert(attempt);
    if (how == 4 && with_fallback_.insert(one->notification).second) ++model_.fallbacks;
    if (const auto* retry = std::get_if<RetryAt>(&next)) {
      one->state = DeliveryState::waiting;
      one->due_at = retry->at;
      one->failures += how == 1 ? 1 : 0;
    } else {
      one->state = how == 0 ? DeliveryState::delivered : how == 3 ? DeliveryState::expired : DeliveryState::rejected;
      one->dead_letter = how == 3;
    }
  }

  void release() {
    const auto* leased = some_claim();
    if (leased == nullptr) return;
    auto* one = holder(*leased);
    const auto at = now_ + some_time();
    const bool unsent = one != nullptr && leased->attempt != 0 && one->in_doubt && one->attempts == leased->attempt && below(2) == 0;
    EXPECT_EQ(calls_.release(leased->claim, at, unsent ? leased->attempt : 0), one != nullptr);
    if (one == nullptr) return;
    if (unsent) {
      one->in_doubt = false;
      --one->attempts;
    }
    one->state = DeliveryState::waiting;
    one->due_at = std::max(one->due_at, at);
  }

  void finish_late() {
    auto* one = some_delivery();
    if (one == nullptr) return;
    const auto attempt = static_cast<std::uint32_t>(below(3));
    auto expected = LateResult::ignored;
    if (attempt >= 1 && attempt <= one->attempts && !one->arrived.contains(attempt)) {
      expected = attempt == one->attempts && one->open() ? LateResult::settled : LateResult::duplicate;
      one->arrived.insert(attempt);
      if (attempt == one->attempts) one->in_doubt = false;
    }
    EXPECT_EQ(calls_.finish_late(one->id, attempt, delivered(), now_), expected) << one->id;
    if (expected == LateResult::settled) one->state = DeliveryState::delivered;
  }

  void pause() {
    const auto address = some_address();
    const auto until = now_ + some_time();
    ASSERT_TRUE(calls_.pause("direct:" + address, until));
    model_.paused[address] = until;
  }

  void wake() {
    std::set<std::string> queues;
    for (auto& one : model_.deliveries) {
      if (one.state != DeliveryState::waiting || one.joins_at > now_ || one.due_at <= now_) continue;
      one.due_at = now_;
      queues.insert(one.address);
    }
    EXPECT_EQ(calls_.wake(now_), queues.size());
  }

  void retry() {
    auto* one = some_delivery();
    if (one == nullptr) return;
    EXPECT_EQ(calls_.retry({one->id}, now_, 100s), one->open() ? 0 : 1);
    if (one->open()) return;
    one->state = DeliveryState::waiting;
    one->dead_letter = false;
    one->failures = 0;
    one->joins_at = one->due_at = now_;
    one->expires_at = now_ + 100s;
  }

  void discard() {
    auto* one = some_delivery();
    if (one == nullptr) return;
    const bool held = one->state == DeliveryState::in_flight && one->claim_until > now_;
    const bool can = (one->open() && !held) || one->dead_letter;
    EXPECT_EQ(calls_.discard({one->id}, now_), can ? 1 : 0) << one->id;
    if (!can) return;
    one->state = DeliveryState::discarded;
    one->dead_letter = false;
  }

  void compare() {
    std::uint64_t open = 0;
    for (const auto& one : model_.deliveries) {
      const auto record = calls_.record(one.notification);
      const auto& delivery = record->deliveries.at(0);
      EXPECT_EQ(delivery.state, one.state) << one.id;
      EXPECT_EQ(delivery.dead_letter, one.dead_letter) << one.id;
      EXPECT_EQ(delivery.attempts, one.attempts) << one.id;
      EXPECT_EQ(delivery.failures, one.failures) << one.id;
      EXPECT_EQ(record->attempts.size(), one.attempts) << one.id;
      open += one.open() ? 1 : 0;
    }
    auto stats = calls_.stats(now_);
    const auto& slack = stats->sinks["slack"];
    EXPECT_EQ(slack.waiting + slack.in_flight + slack.backoff + slack.held, open);
    EXPECT_EQ(stats->sinks["mail"].waiting, model_.fallbacks);
  }

  Calls calls_;
  std::mt19937_64 random_;
  Model model_;
  base::Timestamp now_ = kStart;
  std::vector<Leased> claims_;  // every claim ever given, most of them lost
  std::set<std::string> with_fallback_;
};

TEST_P(StoreTest, RandomOperationsFollowTheModel) {
  constexpr int kGames = 8;
  constexpr int kSteps = 400;
  std::vector<std::uint64_t> seeds(kGames - 1);
  std::iota(seeds.begin(), seeds.end(), 1);
  seeds.push_back(std::random_device()());
  for (const auto seed : seeds) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TemporaryDirectory directory;
    const auto store = GetParam().make(directory.path(), clock_);
    Player(*store, seed).play(kSteps);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace belfry::store
