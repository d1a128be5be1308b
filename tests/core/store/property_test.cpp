// Random operations, compared with a model that implements the guarantees only: a list of deliveries, always searched from the front.
// BELFRY_PROPERTY_GAMES sets the number of games, BELFRY_PROPERTY_SEED the first seed.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include "core/store/property_model.hpp"
#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using model::DeliveryState;

class Player {
 public:
  // `reopen` opens the stored data again; null: the store keeps none.
  Player(std::unique_ptr<Store> store, std::function<std::unique_ptr<Store>()> reopen, const std::filesystem::path& directory,
         std::uint64_t seed)
      : store_(std::move(store)), reopen_(std::move(reopen)), file_(directory / "belfry.db"), random_(seed) {}

  void play(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
      count();
    }
    compare();
  }

 private:
  int below(int n) { return std::uniform_int_distribution(0, n - 1)(random_); }
  base::Millis some_time() { return std::chrono::milliseconds(500) * below(80); }
  std::string some_sink() { return below(3) == 0 ? "mail" : "slack"; }
  Queue some_queue() { return {some_sink(), "a" + std::to_string(below(3))}; }
  Expected* some_delivery() {
    return model_.deliveries.empty() ? nullptr
                                     : &model_.deliveries[static_cast<std::size_t>(below(static_cast<int>(model_.deliveries.size())))];
  }
  Calls calls() { return Calls(*store_); }

  void step() {
    switch (below(23)) {
      case 0:
      case 1: return accept();
      case 2: return accept_for_digest();
      case 3: return accept_again();
      case 4:
      case 5:
      case 6: return lease();
      case 7: return lease_expired();
      case 8: return begin();
      case 9:
      case 10: return finish();
      case 11: return release();
      case 12: return finish_late();
      case 13: return below(2) == 0 ? pause() : end_backoff();
      case 14: return retry();
      case 15: return discard();
      case 16: return below(4) == 0 ? restart() : finish();
      case 17: return below(2) == 0 ? set_clock() : age_deliveries();
      case 18: return list();
      default: now_ += some_time();
    }
  }

  PlannedDelivery some_planned(const std::string& id) {
    const auto [sink, address] = some_queue();
    auto one = planned(id, address, now_, sink);
    if (below(3) == 0) one.delivery.due_at = now_ + some_time();
    one.delivery.expires_at = now_ + some_time() * 4 + 1s;
    return one;
  }

  Expected expected(const PlannedDelivery& one, const std::string& notification) {
    const auto& d = one.delivery;
    return {.id = d.id,
            .members = {notification},
            .queue = {d.sink, d.destination.address},
            .created_at = d.created_at,
            .joins_at = d.due_at,
            .due_at = d.due_at,
            .expires_at = d.expires_at};
  }

  void accept() {
    const auto id = std::to_string(++notifications_);
    auto one = some_planned("d" + id);
    one.time_of_day = one.delivery.due_at > now_ && below(2) == 0;
    const auto input = with_wall_clock(acceptance("n" + id, {one}));
    EXPECT_THAT(calls().accept(input)->sinks, testing::ElementsAre(one.delivery.sink));
    model_.deliveries.push_back(expected(one, "n" + id));
    if (one.time_of_day) hold_until_time_of_day(model_.deliveries.back(), input);
  }

  void accept_for_digest() {
    const auto id = std::to_string(++notifications_);
    auto one = some_planned("d" + id);
    const auto key = "k" + std::to_string(below(2));
    one.digest = DigestKey{key, now_ + some_time(), one.delivery.expires_at};
    one.digest->time_of_day = below(2) == 0;
    const auto input = with_wall_clock(acceptance("n" + id, {one}));
    const auto accepted = calls().accept(input);
    if (auto* open = model_.open_digest({one.delivery.sink, one.delivery.destination.address}, key, now_)) {
      open->members.push_back("n" + id);
      EXPECT_THAT(accepted->sinks, testing::IsEmpty()) << "joins " << open->id;
      return;
    }
    EXPECT_THAT(accepted->sinks, testing::ElementsAre(one.delivery.sink));
    auto opened = expected(one, "n" + id);
    opened.joins_at = opened.due_at = one.digest->due_at;
    opened.digest_key = key;
    if (one.digest->time_of_day) hold_until_time_of_day(opened, input);
    model_.open(std::move(opened));
  }

  // Times of day may have been computed before the wall clock was set.
  Acceptance with_wall_clock(Acceptance input) {
    input.wall_offset = below(4) == 0 ? wall_offset_before_ : wall_offset_;
    return input;
  }
  void hold_until_time_of_day(Expected& one, const Acceptance& input) {
    one.time_of_day = true;
    if (kept_) Model::follow(one, wall_offset_ - input.wall_offset, now_);
  }

  void set_clock() {
    constexpr std::array<base::Millis, 8> kSteps{-1h, 192h, -240h, 30min, -30min, 13h, -13h, 1s};
    const auto step = kSteps.at(static_cast<std::size_t>(below(kSteps.size())));
    wall_offset_before_ = std::exchange(wall_offset_, wall_offset_ + step);
    kept_ = true;
    EXPECT_EQ(calls().save_clock({.boot_id = "boot", .time = now_, .wall_offset = wall_offset_}), model_.set_clock(step, now_));
  }

  void age_deliveries() {
    const auto passed = some_time();
    const auto before = now_ - some_time();
    EXPECT_EQ(calls().age_deliveries(passed, before), model_.age(before, passed));
  }

  void accept_again() {
    const auto* one = some_delivery();
    if (one == nullptr) return;
    EXPECT_TRUE(calls().accept(acceptance(one->members.back(), {planned("x", "a0", now_)}))->duplicate);
  }

  void lease() {
    const auto sink = some_sink();
    const auto ready = model_.leasable(sink, now_);
    const auto limit = static_cast<std::size_t>(below(6));
    const auto time = some_time() + 1s;
    const bool begins = below(2) == 0;
    const auto lease = begins ? calls().lease_and_begin(now_, limit, time, sink) : calls().lease(now_, limit, sink, time);
    EXPECT_EQ(lease->leased.size(), std::min(limit, ready.size()));
    take(*lease, ready, time, begins);
    if (limit <= ready.size()) return;  // the lease need not have checked every queue
    EXPECT_GT(lease->next_ready.value_or(base::Timestamp::max()), now_);
    const auto next = model_.next_ready(sink, now_);
    EXPECT_LE(lease->next_ready.value_or(base::Timestamp::max()), next.value_or(base::Timestamp::max())) << "waits too long";
  }

  void lease_expired() {
    const auto sink = some_sink();
    const auto over = model_.expired(sink, now_);
    const auto lease = calls().lease_expired(now_, 2, sink);
    EXPECT_EQ(lease->leased.size(), std::min<std::size_t>(2, over.size()));
    take(*lease, over, 30s);
  }

  void take(const Lease& lease, const std::set<std::string>& ready, base::Millis time, bool begins = false) {
    for (const auto& leased : lease.leased) {
      EXPECT_TRUE(ready.contains(leased.delivery.id)) << leased.delivery.id;
      auto& one = *model_.by_id(leased.delivery.id);
      EXPECT_EQ(model_.in_flight(one.queue, now_), nullptr) << leased.delivery.id << " together with another one";
      EXPECT_EQ(leased.in_doubt, one.in_doubt) << one.id;
      EXPECT_EQ(leased.delivery.failures, one.failures) << one.id;
      std::vector<std::string> items;
      for (const auto& item : leased.items) items.push_back(item.id);
      EXPECT_EQ(items, one.members) << one.id;
      const bool begun = begins && !one.in_doubt && one.expires_at > now_;
      EXPECT_EQ(leased.attempt, begun ? one.attempts + 1 : 0) << one.id;
      one.attempts += begun ? 1 : 0;
      one.in_doubt = one.in_doubt || begun;
      one.state = DeliveryState::in_flight;
      one.claim_until = now_ + time;
      one.claim = leased.claim;
      one.digest_key.clear();  // closed
      claims_.push_back(leased);
    }
  }

  const Leased* some_claim() {
    if (claims_.empty()) return nullptr;
    const auto recent = static_cast<std::size_t>(below(std::min(6, static_cast<int>(claims_.size()))));
    return below(4) == 0 ? &claims_[static_cast<std::size_t>(below(static_cast<int>(claims_.size())))]
                         : &claims_[claims_.size() - 1 - recent];
  }
  Expected* holder(const Leased& leased) {
    auto* one = model_.by_id(leased.delivery.id);
    return one->state == DeliveryState::in_flight && one->claim == leased.claim ? one : nullptr;
  }

  void begin() {
    const auto* leased = some_claim();
    if (leased == nullptr) return;
    auto* one = holder(*leased);
    const auto attempt = calls().begin(leased->claim, now_);
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
    const bool in_doubt = attempt != 0 && below(2) == 0;
    const int how = below(6);
    Disposition next = Done{};
    PlannedDelivery fallback = some_planned("f" + std::to_string(++fallbacks_));
    if (how == 1 || how == 2) next = RetryAt{.at = now_ + some_time(), .counts_as_failure = how == 1, .in_doubt = in_doubt};
    if (how == 3) next = DeadLetter{DeliveryState::expired};
    if (how == 4) next = FallBack{DeliveryState::rejected, {fallback.delivery}};
    const bool arrived = how == 0 || how == 5;
    const auto finished = calls().finish(finish_of(*leased, attempt, arrived ? delivered() : failed(), next, now_));
    ASSERT_TRUE(finished);
    ASSERT_EQ(finished->applied, one != nullptr) << leased->delivery.id;
    if (one == nullptr) return;
    if (attempt != 0) one->in_doubt = in_doubt && (how == 1 || how == 2);
    if (arrived && attempt != 0) one->arrived.insert(attempt);
    if (const auto* retry = std::get_if<RetryAt>(&next)) {
      one->state = DeliveryState::waiting;
      one->due_at = retry->at;
      one->failures += how == 1 ? 1 : 0;
      return;
    }
    one->state = arrived ? DeliveryState::delivered : how == 3 ? DeliveryState::expired : DeliveryState::rejected;
    one->dead_letter = how == 3;
    if (how == 4) fall_back(*one, fallback, *finished);
  }

  void fall_back(const Expected& from, const PlannedDelivery& to, const Finished& finished) {
    auto follower = expected(to, "");
    follower.members = model_.not_yet_for(follower.queue, from.members);
    EXPECT_EQ(finished.sinks.empty(), follower.members.empty()) << follower.id;
    if (!follower.members.empty()) model_.deliveries.push_back(std::move(follower));
  }

  void release() {
    const auto* leased = some_claim();
    if (leased == nullptr) return;
    auto* one = holder(*leased);
    const auto at = now_ + some_time();
    const bool unsent = one != nullptr && leased->attempt != 0 && one->in_doubt && one->attempts == leased->attempt && below(2) == 0;
    EXPECT_EQ(calls().release(leased->claim, at, unsent ? leased->attempt : 0), one != nullptr);
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
    EXPECT_EQ(calls().finish_late(one->id, attempt, delivered(), now_), expected) << one->id;
    if (expected == LateResult::settled) one->state = DeliveryState::delivered;
  }

  void pause() {
    const auto queue = some_queue();
    const auto until = now_ + some_time();
    ASSERT_TRUE(calls().pause("direct:" + queue.second, until, queue.first));
    model_.paused[queue] = until;
  }

  void end_backoff() {
    const auto sink = some_sink();
    EXPECT_EQ(calls().end_backoff(now_, sink), model_.end_backoff(sink, now_));
  }

  // Some exist, some are there twice.
  std::vector<std::string> some_ids() {
    std::vector<std::string> ids;
    for (int i = below(4); i >= 0; --i) {
      const auto* one = some_delivery();
      ids.push_back(one == nullptr || below(10) == 0 ? "unknown" : one->id);
    }
    return ids;
  }

  void retry() {
    const auto ids = some_ids();
    Changed expected;
    for (const auto& id : std::set(ids.begin(), ids.end())) {
      auto* one = model_.by_id(id);
      if (const auto why = one == nullptr ? "does not exist" : Model::why_not_retried(*one); !why.empty()) {
        expected.unchanged.push_back({id, why});
        continue;
      }
      expected.changed.push_back(id);
      one->state = DeliveryState::waiting;
      one->dead_letter = false;
      one->failures = 0;
      one->joins_at = one->due_at = now_;
      one->expires_at = now_ + 100s;
    }
    expect(calls().retry(ids, now_, 100s), expected);
  }

  void discard() {
    const auto ids = some_ids();
    Changed expected;
    for (const auto& id : std::set(ids.begin(), ids.end())) {
      auto* one = model_.by_id(id);
      if (const auto why = one == nullptr ? "does not exist" : Model::why_not_discarded(*one, now_); !why.empty()) {
        expected.unchanged.push_back({id, why});
        continue;
      }
      expected.changed.push_back(id);
      one->digest_key.clear();
      one->state = DeliveryState::discarded;
      one->dead_letter = false;
    }
    expect(calls().discard(ids, now_), expected);
  }

  void expect(const base::Result<Changed>& found, const Changed& expected) {
    EXPECT_THAT(found->changed, testing::UnorderedElementsAreArray(expected.changed));
    EXPECT_THAT(found->unchanged, testing::UnorderedElementsAreArray(expected.unchanged));
    changed_ += expected.changed.size();
  }

  // Walks the pages of a random filter.
  void list() {
    Filter filter{.sink = below(3) == 0 ? some_sink() : "", .email = below(3) == 0 ? "BOBBY@coder.com" : ""};
    if (below(4) > 0) filter.state = static_cast<ListedState>(below(9));
    if (below(3) == 0) filter.since = now_ - some_time();
    std::vector<std::string> expected;
    for (auto one = model_.deliveries.rbegin(); one != model_.deliveries.rend(); ++one) {
      const bool matches = (!filter.state || model_.listed(*one, now_) == *filter.state) &&
                           (filter.sink.empty() || filter.sink == one->queue.first) && (!filter.since || one->created_at >= *filter.since);
      if (matches) expected.push_back(one->id);
    }
    std::vector<std::string> found;
    PageRequest request{.limit = static_cast<std::size_t>(below(5) + 1)};
    do {
      const auto page = calls().list(filter, request, now_);
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_LE(page->deliveries.size(), request.limit);
      for (const auto& listed : page->deliveries) {
        found.push_back(listed.delivery.id);
        EXPECT_EQ(listed.state, model_.listed(*model_.by_id(listed.delivery.id), now_)) << listed.delivery.id;
      }
      request.before = page->next;
    } while (request.before != 0);
    EXPECT_EQ(found, expected);
  }

  void restart() {
    if (!reopen_) return;
    switch (below(4)) {
      case 0: return reopen([] {});
      case 1: return reopen_killed();
      case 2: return reopen_restored();
      default: std::filesystem::remove(log_);  // the next call detects it and reopens the file
    }
  }

  template <class Between>
  void reopen(Between between) {
    store_.reset();
    between();
    store_ = reopen_();
    for (auto& one : model_.deliveries)
      if (one.state == DeliveryState::in_flight) one.state = DeliveryState::waiting;
  }

  // Copies of the files in use, as opposed to those that a clean close leaves.
  void reopen_killed() {
    const TemporaryDirectory aside;
    const auto last_use = std::filesystem::path(file_.string() + "-last-use");
    for (const auto& path : {file_, log_, last_use}) std::filesystem::copy(path, aside.path() / path.filename());
    reopen([&] {
      for (const auto& path : {file_, log_, last_use})
        std::filesystem::copy(aside.path() / path.filename(), path, std::filesystem::copy_options::overwrite_existing);
    });
  }

  // The restored store has no record of deliveries after the backup, so any waiting one may have been sent.
  void reopen_restored() {
    const TemporaryDirectory aside;
    const auto copy = aside.path() / "copy.db";
    const auto made = answer<Backup>([&](auto handler) { store_->backup(copy, now_, std::move(handler)); });
    ASSERT_TRUE(made) << made.error().message;
    reopen([&] { std::filesystem::copy(copy, file_, std::filesystem::copy_options::overwrite_existing); });
    for (auto& one : model_.deliveries) {
      one.digest_key.clear();
      if (!one.open()) continue;
      one.attempts += one.in_doubt ? 0 : 1;
      one.in_doubt = true;
    }
  }

  // Compares the incremental counts with a full count.
  void count() {
    std::map<std::string, SinkStats> expected;
    for (const auto& one : model_.deliveries) {
      auto& figures = expected[one.queue.first];
      figures.dead_letters += one.dead_letter ? 1 : 0;
      if (!one.open()) continue;
      if (one.joins_at <= now_) figures.oldest = std::min(figures.oldest.value_or(one.joins_at), one.joins_at);
      switch (model_.listed(one, now_)) {
        case ListedState::in_flight: ++figures.in_flight; break;
        case ListedState::backoff: ++figures.backoff; break;
        case ListedState::held: ++figures.held; break;
        default: ++figures.waiting;
      }
    }
    auto counted = store_->stats(now_).sinks;
    for (const auto& [sink, figures] : expected) {
      const auto& found = counted[sink];
      EXPECT_EQ(found.waiting, figures.waiting) << sink;
      EXPECT_EQ(found.in_flight, figures.in_flight) << sink;
      EXPECT_EQ(found.backoff, figures.backoff) << sink;
      EXPECT_EQ(found.held, figures.held) << sink;
      EXPECT_EQ(found.dead_letters, figures.dead_letters) << sink;
      EXPECT_EQ(found.oldest, figures.oldest) << sink;
    }
  }

  void compare() {
    std::uint64_t audited = 0;
    for (const auto actions = calls().list_audit(0, 1000); const auto& action : *actions) audited += action.deliveries;
    EXPECT_EQ(audited, changed_);
    for (const auto& one : model_.deliveries) {
      const auto history = calls().history(one.members.front());
      const auto found = std::ranges::find(history->deliveries, one.id, &model::Delivery::id);
      ASSERT_NE(found, history->deliveries.end()) << one.id;
      EXPECT_EQ(found->state, one.state) << one.id;
      EXPECT_EQ(found->dead_letter, one.dead_letter) << one.id;
      EXPECT_EQ(found->attempts, one.attempts) << one.id;
      EXPECT_EQ(found->failures, one.failures) << one.id;
      EXPECT_EQ(std::ranges::count(history->attempts, one.id, &model::Attempt::delivery_id), one.attempts) << one.id;
    }
  }

  std::unique_ptr<Store> store_;
  std::function<std::unique_ptr<Store>()> reopen_;
  const std::filesystem::path file_;
  const std::filesystem::path log_ = file_.string() + "-wal";
  std::mt19937_64 random_;
  Model model_;
  base::Timestamp now_ = kStart;
  std::vector<Leased> claims_;  // every claim so far, most of them lost
  int notifications_ = 0;
  int fallbacks_ = 0;
  std::uint64_t changed_ = 0;  // by operators
  base::Millis wall_offset_{};
  base::Millis wall_offset_before_{};
  bool kept_ = false;
};

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* value = std::getenv(name);
  return value == nullptr ? usual : std::strtoull(value, nullptr, 10);
}

TEST_P(StoreTest, RandomOperationsFollowTheModel) {
  constexpr int kSteps = 400;
  const auto games = setting("BELFRY_PROPERTY_GAMES", 8);
  const auto first = setting("BELFRY_PROPERTY_SEED", 1);
  for (std::uint64_t game = 0; game < games; ++game) {
    const auto seed = game + 1 == games && first == 1 ? std::random_device()() : first + game;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TemporaryDirectory directory;
    const auto make = [&] { return GetParam().make(directory.path(), clock_); };
    Player(make(), GetParam().keeps ? std::function(make) : nullptr, directory.path(), seed).play(kSteps);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace belfry::store
