// Files of an older version are migrated.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "core/store/schema_5.hpp"
#include "core/store/schema_6.hpp"
#include "core/store/store_fixture.hpp"
#include "model/codec.hpp"

namespace belfry::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A file of version 5 with: n1 and n4 delivered; n2 a dead letter; n3 waiting; n5, whose text cannot be read; n6, without a recipient; n7
// and n8 in a digest.
class Version5Test : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database_), SQLITE_OK);
    run("PRAGMA journal_mode = WAL");
    run(kSchema5);
    run("INSERT INTO queues(row, sink, destination, ready_at, paused_until, deliveries) VALUES(1, 'slack', 'direct:ada@example.com', 0, 0, "
        "7), "
        "(2, 'mail', 'shared:ops', 0, 0, 1)");
    add(1, "Task Idle", "Ada@Example.com", "delivered", false);
    add(2, "Task Idle", "Ada@Example.com", "rejected", true);
    add(3, "Task Done", "bob@example.com", "waiting", false);
    add(4, "One-Time Passcode", "ada@example.com", "delivered", false);
    add(5, "Task Idle", "ada@example.com", "delivered", false);
    run("UPDATE texts SET text = '{\"id\": ' WHERE notification = 5");
    add(6, "Disk \"full\"", "", "discarded", false);
    add(7, "Task Idle", "carol@example.com", "waiting", false, 2);
    add(8, "Task Done", "dave@example.com", "");
    run("UPDATE deliveries SET kind = 'digest' WHERE id = 'd7'");
    run("INSERT INTO digest_members SELECT row, 7 FROM deliveries WHERE id = 'd7'");
    run("INSERT INTO digest_members SELECT row, 8 FROM deliveries WHERE id = 'd7'");
    sqlite3_close(database_);
    store_ = open_sqlite(file_, clock_, silent()).value();
  }

  void run(const std::string& text) {
    ASSERT_EQ(sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database_);
  }
  static std::string quoted(const std::string& text) {
    const std::unique_ptr<char, void (*)(void*)> sql(sqlite3_mprintf("%Q", text.c_str()), sqlite3_free);
    return sql.get();
  }
  // An empty state: without a delivery of its own.
  void add(int number, const std::string& event, const std::string& email, const std::string& state, bool dead = false, int queue = 1) {
    const auto id = std::to_string(number);
    auto stored = notification("n" + id);
    stored.name = event;
    stored.recipient.email = email;
    const bool open = state == "waiting" || state.empty();
    run("INSERT INTO notifications VALUES(" + id + ", 'n" + id + "', 'coder', 'msg-n" + id + "', 1790000000000 + " + id + ", 0, 0, 0, " +
        (open ? "1" : "0") + ", 1790000000000)");
    run("INSERT INTO texts VALUES(" + id + ", " + quoted(model::encode(stored)) + ")");
    if (state.empty()) return;
    run("INSERT INTO deliveries VALUES(NULL, 'd" + id + "', " + id + ", " + std::to_string(queue) + ", 'notification', '" +
        (queue == 1 ? "slack" : "mail") + "', " + quoted(email) + ", 'everyone', '', '', 0, 0, '', 1790000000000, '" + state + "', " +
        (dead ? "1" : "0") + ", 0, 1, 0, 0, 0, 1, 0, 1790000000000, 1790000000000, 1790086400000, " + (open ? "NULL" : "1790000001000") +
        ", 'ok', '', '', '', 0)");
  }
  std::vector<std::string> found(Filter filter) {
    std::vector<std::string> ids;
    for (const auto found = Calls(*store_).deliveries(std::move(filter)); const auto& delivery : found.value()) ids.push_back(delivery.id);
    return ids;
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{kStart};
  sqlite3* database_ = nullptr;
  std::unique_ptr<Store> store_;
};

TEST_F(Version5Test, EveryDeliveryIsListedByEventAndRecipient) {
  EXPECT_EQ(found({}).size(), 7);
  EXPECT_THAT(found({.event = "Task Idle"}), ElementsAre("d7", "d2", "d1"));
  EXPECT_THAT(found({.email = "ada@example.com"}), ElementsAre("d4", "d2", "d1")) << "in lower case; the text of n5 is not readable";
  EXPECT_THAT(found({.event = "Disk \"full\""}), ElementsAre("d6"));
  EXPECT_THAT(found({.state = ListedState::dead}), ElementsAre("d2"));
  EXPECT_THAT(found({.state = ListedState::delivered}), ElementsAre("d5", "d4", "d1"));
  EXPECT_THAT(found({.state = ListedState::waiting}), ElementsAre("d7", "d3"));
  EXPECT_THAT(found({.email = "dave@example.com"}), ElementsAre("d7")) << "a member of the digest";
  EXPECT_THAT(*Calls(*store_).notifications_for("bob@example.com"), ElementsAre("n3"));
}

TEST_F(Version5Test, NothingElseChanges) {
  Calls calls(*store_);
  const auto stats = calls.stats(kStart);
  EXPECT_EQ(stats->sinks.at("slack").waiting, 1);
  EXPECT_EQ(stats->sinks.at("slack").dead_letters, 1);
  EXPECT_TRUE(calls.accept(simple("n1"))->duplicate);
  EXPECT_EQ(calls.history("n3")->notification.name, "Task Done");
  EXPECT_THAT(ids(*calls.lease(kStart)), ElementsAre("d3"));
}

TEST_F(Version5Test, SourcesAreTakenFromTheNotifications) {
  const auto heard = Calls(*store_).sources_heard();
  ASSERT_EQ(heard->size(), 1);
  EXPECT_EQ(heard->at(0).source, "coder");
  EXPECT_EQ(heard->at(0).msg_id, "msg-n8");
  EXPECT_EQ(heard->at(0).at, kStart + 8ms);
  EXPECT_THAT(*Calls(*store_).list_audit(), IsEmpty());
}

TEST_F(Version5Test, TheFileIsOfTheNewVersionAfterwards) {
  store_.reset();
  ASSERT_EQ(sqlite3_open(file_.c_str(), &database_), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(database_, "PRAGMA user_version", -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(statement, 0), 7);
  sqlite3_finalize(statement);
  sqlite3_close(database_);
}

// A file of version 6 with n1 delivered, n2 in flight, n3 waiting and n4 a dead letter, and a window of a dedupe that is in use.
class Version6Test : public testing::Test {
 protected:
  void SetUp() override {
    const auto number = [](int i) { return std::to_string(i); };
    std::string file = "PRAGMA journal_mode = WAL;" + std::string(kSchema6) +
                       "INSERT INTO queues(row, sink, destination, ready_at, paused_until, deliveries) VALUES(1, 'slack', "
                       "'direct:bobby@coder.com', 0, 0, 4);"
                       "INSERT INTO windows VALUES(1, 'dedupe', 'same', 1790086400000, 1);";
    const char* states[] = {"delivered", "in_flight", "waiting", "rejected"};
    for (int i = 1; i <= 4; ++i) {
      const bool open = i == 2 || i == 3;
      const auto id = number(i);
      file += "INSERT INTO notifications VALUES(" + id + ", 'n" + id + "', 'coder', 'msg-n" + id + "', 1790000000000, 0, 0, 0, " +
              number(open ? 1 : 0) + ", 1790000000000, 'bobby@coder.com', 'Event " + id + "');" +
              std::unique_ptr<char, void (*)(void*)>(
                  sqlite3_mprintf("INSERT INTO texts VALUES(%d, %Q);", i, model::encode(notification("n" + id)).c_str()), sqlite3_free)
                  .get() +
              "INSERT INTO deliveries(id, notification, queue, kind, sink, email, route, fallback, overrides, sensitive, allow_sensitive, "
              "fallback_of, created_at, state, dead_letter, possible_duplicate, attempts, open_attempt, begun_at, failures, leases, "
              "claim_until, joins_at, due_at, expires_at, finished_at, last_reason, last_detail, receipt, event) VALUES('d" +
              id + "', " + id +
              ", 1, 'notification', 'slack', 'bobby@coder.com', 'everyone', '', '', 0, 0, '', 1790000000000, "
              "'" +
              states[i - 1] + "', " + number(i == 4 ? 1 : 0) + ", 0, 1, 0, 0, 0, 1, 0, 1790000000000, 1790000000000, 1790086400000, " +
              (open ? "NULL" : "1790000001000") + ", 'ok', '', '', 'Event " + id + "');";
    }
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, file.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
    store_ = open_sqlite(file_, clock_, silent()).value();
  }

  std::vector<std::string> found(Filter filter) {
    std::vector<std::string> ids;
    for (const auto found = Calls(*store_).deliveries(std::move(filter)); const auto& delivery : found.value()) ids.push_back(delivery.id);
    return ids;
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{kStart};
  std::unique_ptr<Store> store_;
};

TEST_F(Version6Test, EveryDeliveryIsStillThere) {
  EXPECT_THAT(found({}), ElementsAre("d4", "d3", "d2", "d1"));
  EXPECT_THAT(found({.state = ListedState::waiting}), ElementsAre("d3", "d2")) << "the lease of d2 ended with its process";
  EXPECT_THAT(found({.event = "Event 3"}), ElementsAre("d3"));
  EXPECT_THAT(found({.state = ListedState::dead}), ElementsAre("d4"));
  Calls calls(*store_);
  const auto stats = calls.stats(kStart);
  EXPECT_EQ(stats->sinks.at("slack").waiting, 2);
  EXPECT_EQ(stats->sinks.at("slack").dead_letters, 1);
  EXPECT_THAT(ids(*calls.lease(kStart)), ElementsAre("d2"));
}

TEST_F(Version6Test, AWindowStaysInUse) {
  auto repeated = simple("n5");
  repeated.deliveries[0].dedupe = DedupeKey{.key = "same", .window = 24h};
  Calls calls(*store_);
  ASSERT_TRUE(calls.accept(repeated));
  EXPECT_THAT(whats(*calls.history("n5")), ElementsAre("received", "deduplicated"));
}

}  // namespace
}  // namespace belfry::store
