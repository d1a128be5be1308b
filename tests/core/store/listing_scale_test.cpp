// Lists of a large store, compared with plain queries of its file. BELFRY_LISTING_FINISHED and BELFRY_LISTING_WAITING set its size: with
// either, the time of each list is printed, and how long the accepts beside it took.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

std::int64_t size_setting(const char* name, std::int64_t usual) {
  const char* value = std::getenv(name);
  return value == nullptr ? usual : std::strtoll(value, nullptr, 10);
}

// Notification i and its delivery, received after i seconds, are row i + 1. The finished ones come first; one recipient has the first
// 3,000. Some of the waiting ones are in back-off, some are held, and some belong to a paused queue. All expire at the same time. A sink,
// two events and a recipient occur once.
constexpr const char* kFill = R"sql(
CREATE TEMP TABLE numbers(i INTEGER PRIMARY KEY);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1 + ?2) INSERT INTO numbers SELECT i FROM n;
INSERT INTO queues(row, sink, destination, ready_at, paused_until, deliveries)
  SELECT i + 1, iif(i % 3 = 0, 'mail', 'slack'), 'direct:user' || i || '@example.com', 0,
  iif(i % 100 = 5, 1790000000000 + ?1 * 1000 + ?2 * 2000, 0), 1 FROM numbers WHERE i < 1000;
INSERT INTO notifications(row, id, source, msg_id, received_at, sensitive, erased, unrouted, unfinished, ended_at, email, event)
  SELECT i + 1, 'n' || i, 'coder', 'msg-' || i, 1790000000000 + i * 1000, 0, 0, 0, i >= ?1, 1790000000000 + i * 1000,
  'user' || iif(i < 3000, 0, i % 1000) || '@example.com', 'Event ' || (i % 40) FROM numbers;
INSERT INTO texts SELECT row, '{}' FROM notifications;
INSERT INTO deliveries(row, id, notification, queue, kind, sink, email, event, route, fallback, overrides, sensitive, allow_sensitive,
  fallback_of, created_at, state, dead_letter, possible_duplicate, attempts, open_attempt, begun_at, failures, leases, claim_until,
  joins_at, due_at, expires_at, finished_at, last_reason, last_detail, receipt)
  SELECT i + 1, 'd' || i, i + 1, i % 1000 + 1, 'notification', iif(i % 1000 % 3 = 0, 'mail', 'slack'),
  'user' || iif(i < 3000, 0, i % 1000) || '@example.com', 'Event ' || (i % 40), 'everyone', '', '', 0, 0, '', 1790000000000 + i * 1000,
  CASE WHEN i >= ?1 THEN 'waiting' WHEN i % 97 IN (7, 8) THEN 'rejected' WHEN i % 997 = 3 THEN 'expired'
  WHEN i < 500 THEN 'discarded' ELSE 'delivered' END, i < ?1 AND i % 97 = 7, 0, 1, 0, 0, 0, 1, 0, 1790000000000 + i * 1000,
  1790000000000 + iif(i >= ?1 AND i % 11 = 0, (?1 + ?2 * 2) * 1000, i * 1000), 1890000000000, iif(i < ?1, 1790000000000 + i * 1000, NULL),
  'ok', '', '' FROM numbers;
UPDATE deliveries SET joins_at = due_at WHERE finished_at IS NULL AND row % 2 = 0;
INSERT INTO queues(row, sink, destination, ready_at, paused_until, deliveries) VALUES(1001, 'pager', 'direct:once@example.com', 0, 0, 1);
UPDATE deliveries SET sink = 'pager', queue = 1001 WHERE row = ?1 + 2;
UPDATE deliveries SET event = 'Once' WHERE row = ?1 + 3;
UPDATE deliveries SET event = 'Once, delivered', state = 'delivered', dead_letter = 0 WHERE row = 600;
UPDATE notifications SET email = 'once@example.com' WHERE row = ?1 + 4;
UPDATE deliveries SET email = 'once@example.com' WHERE row = ?1 + 4;
)sql";

struct Case {
  std::string name;
  Filter filter;
  std::string condition;
};

class ListingScaleTest : public testing::Test {
 protected:
  void SetUp() override {
    open_sqlite(file_, clock_, silent()).value().reset();
    std::string fill = kFill;
    for (const auto& [name, number] : {std::pair{"?1", finished_}, std::pair{"?2", waiting_}}) {
      for (auto at = fill.find(name); at != std::string::npos; at = fill.find(name, at)) fill.replace(at, 2, std::to_string(number));
    }
    run("BEGIN; " + fill + " COMMIT");
  }

  // The first column of each row.
  std::vector<std::string> run(const std::string& text) const {
    sqlite3* database = nullptr;
    std::vector<std::string> found;
    const auto collect = [](void* to, int, char** values, char**) {
      static_cast<std::vector<std::string>*>(to)->emplace_back(values[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, text.c_str(), collect, &found, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
    return found;
  }

  // Reads the first pages of each list.
  void check(const std::vector<Case>& cases);

  [[nodiscard]] base::Timestamp at(std::int64_t number) const { return kStart + std::chrono::seconds(number); }

  std::int64_t finished_ = size_setting("BELFRY_LISTING_FINISHED", 15'000);
  std::int64_t waiting_ = size_setting("BELFRY_LISTING_WAITING", 18'000);
  bool timed_ = std::getenv("BELFRY_LISTING_FINISHED") != nullptr || std::getenv("BELFRY_LISTING_WAITING") != nullptr;
  base::Timestamp now_ = at(finished_ + waiting_);
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{now_};
};

// Accepts one after another until it is destroyed, and remembers the longest.
class Accepts {
 public:
  Accepts(Store& store, base::Timestamp now)
      : thread_([this, &store, now] {
          for (int i = 0; !stop_; ++i) {
            const auto begun = std::chrono::steady_clock::now();
            auto input = acceptance("beside" + std::to_string(i), {});
            input.notification.received_at = now;
            EXPECT_TRUE(Calls(store).accept(input));
            longest_ = std::max(longest_, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
          }
        }) {}
  ~Accepts() {
    stop_ = true;
    thread_.join();
    std::cout << "the longest accept took " << longest_ << " ms\n";
  }
  Accepts(const Accepts&) = delete;
  Accepts& operator=(const Accepts&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  double longest_ = 0;
  std::thread thread_;
};

#define UNFINISHED "finished_at IS NULL AND state = 'waiting' AND "
#define PAUSED "queue IN (SELECT row FROM queues WHERE paused_until > NOW)"

void ListingScaleTest::check(const std::vector<Case>& cases) {
  std::vector<std::vector<std::string>> expected;
  for (const auto& one : cases) {
    std::string text = "SELECT id FROM deliveries WHERE " + one.condition + " ORDER BY row DESC LIMIT 300";
    for (const auto& [name, value] : {std::pair{"NOW", now_.time_since_epoch().count()}, std::pair{"HALF", finished_ / 2}})
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, std::string_view(name).size(), std::to_string(value));
    expected.push_back(run(text));
  }
  const auto store = open_sqlite(file_, clock_, silent()).value();
  Calls calls(*store);
  std::unique_ptr<Accepts> beside;
  if (timed_) beside = std::make_unique<Accepts>(*store, now_);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::vector<std::string> found;
    const auto begun = std::chrono::steady_clock::now();
    PageRequest request{.limit = 100};
    for (int page = 0; page < 3 && (page == 0 || request.before != 0); ++page) {
      const auto listed = calls.list(cases[i].filter, request, now_);
      ASSERT_TRUE(listed) << listed.error().message;
      for (const auto& one : listed->deliveries) found.push_back(one.delivery.id);
      request.before = listed->next;
      if (timed_ && page == 0) {
        const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
        std::cout << cases[i].name << ": " << listed->deliveries.size() << " in " << took << " ms\n";
      }
    }
    EXPECT_EQ(found, expected[i]) << cases[i].name;
  }
}

TEST_F(ListingScaleTest, EveryFilterFindsTheNewest) {
  using enum ListedState;
  const std::vector<Case> cases{
      {"everything", {}, "1"},
      {"sink", {.sink = "mail"}, "sink = 'mail'"},
      {"event", {.event = "Event 3"}, "event = 'Event 3'"},
      {"unknown event", {.event = "Event 40"}, "0"},
      {"recipient", {.email = "USER7@example.com"}, "email = 'user7@example.com'"},
      {"recent", {.since = at(finished_ + waiting_ - 100)}, "created_at >= NOW - 100000"},
      {"none since", {.since = now_ + 1h}, "0"},
      {"rare state, none since", {.state = dead, .since = now_ + 1h}, "0"},
      {"waiting", {.state = waiting}, UNFINISHED "due_at <= NOW AND NOT " PAUSED},
      {"in flight", {.state = in_flight}, "state = 'in_flight'"},
      {"back-off", {.state = backoff}, UNFINISHED "due_at > NOW AND due_at <> joins_at"},
      {"held", {.state = held}, UNFINISHED "NOT (due_at > NOW AND due_at <> joins_at) AND (due_at > NOW OR " PAUSED ")"},
      {"waiting of an event", {.state = waiting, .event = "Event 3"}, UNFINISHED "due_at <= NOW AND event = 'Event 3' AND NOT " PAUSED},
      {"delivered", {.state = delivered}, "state = 'delivered'"},
      {"rejected", {.state = rejected}, "state = 'rejected' AND dead_letter = 0"},
      {"expired of a sink", {.state = expired, .sink = "slack"}, "state = 'expired' AND sink = 'slack'"},
      {"discarded, the oldest", {.state = discarded}, "state = 'discarded'"},
      {"discarded, of an event", {.state = discarded, .event = "Event 9"}, "state = 'discarded' AND event = 'Event 9'"},
      {"dead", {.state = dead}, "dead_letter = 1"},
      {"dead of a sink and event",
       {.state = dead, .sink = "mail", .event = "Event 7"},
       "dead_letter = 1 AND sink = 'mail' AND event = 'Event 7'"},
      {"recipient of many", {.email = "user0@example.com"}, "email = 'user0@example.com'"},
      {"dead of a recipient of many", {.state = dead, .email = "user0@example.com"}, "dead_letter = 1 AND email = 'user0@example.com'"},
      {"expired of a recipient", {.state = expired, .email = "user7@example.com"}, "state = 'expired' AND email = 'user7@example.com'"},
      {"dead, middle", {.state = dead, .since = at(finished_ / 2)}, "dead_letter = 1 AND created_at >= 1790000000000 + HALF * 1000"},
  };
  check(cases);
}

// Filters for each member, some with a value that does not occur, or once.
TEST_F(ListingScaleTest, EveryPairOfFiltersFindsTheNewest) {
  using enum ListedState;
  const std::string before = std::to_string(kStart.time_since_epoch().count() + finished_ * 1'000);
  const std::vector<std::vector<Case>> members{
      {{"waiting", {.state = waiting}, UNFINISHED "due_at <= NOW AND NOT " PAUSED},
       {"held", {.state = held}, UNFINISHED "NOT (due_at > NOW AND due_at <> joins_at) AND (due_at > NOW OR " PAUSED ")"},
       {"in flight", {.state = in_flight}, "0"},
       {"discarded", {.state = discarded}, "state = 'discarded'"},
       {"dead", {.state = dead}, "dead_letter = 1"}},
      {{"mail", {.sink = "mail"}, "sink = 'mail'"},
       {"one of a sink", {.sink = "pager"}, "sink = 'pager'"},
       {"unknown sink", {.sink = "teams"}, "0"}},
      {{"recipient", {.email = "user7@example.com"}, "email = 'user7@example.com'"},
       {"one of a recipient", {.email = "once@example.com"}, "email = 'once@example.com'"},
       {"unknown recipient", {.email = "nobody@example.com"}, "0"}},
      {{"event", {.event = "Event 3"}, "event = 'Event 3'"},
       {"one of an event", {.event = "Once"}, "event = 'Once'"},
       {"delivered one of an event", {.event = "Once, delivered"}, "event = 'Once, delivered'"},
       {"unknown event", {.event = "Event 40"}, "0"}},
      {{"unfinished since", {.since = at(finished_)}, "created_at >= " + before}, {"none since", {.since = now_ + 1h}, "0"}}};
  std::vector<Case> cases;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const auto& one : members[i]) {
      cases.push_back(one);
      for (std::size_t j = i + 1; j < members.size(); ++j) {
        for (const auto& other : members[j]) {
          auto filter = one.filter;
          if (!other.filter.sink.empty()) filter.sink = other.filter.sink;
          if (!other.filter.email.empty()) filter.email = other.filter.email;
          if (!other.filter.event.empty()) filter.event = other.filter.event;
          if (other.filter.since) filter.since = other.filter.since;
          cases.push_back({one.name + ", " + other.name, filter, "(" + one.condition + ") AND (" + other.condition + ")"});
        }
      }
    }
  }
  check(cases);
}

}  // namespace
}  // namespace belfry::store
