// Detects a database that was restored from a copy, however the copy was made, but not one that was only closed, killed or moved.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Not;

constexpr auto kOver = fs::copy_options::overwrite_existing;

class LastUseTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const fs::path& file) {
    auto store = open_sqlite(file, clock_, silent());
    if (!store) ADD_FAILURE() << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  // Starts, accepts one notification, and stops cleanly.
  void use(const std::string& id) {
    const auto store = open(file_);
    ASSERT_TRUE(store);
    ASSERT_TRUE(Calls(*store).accept(simple(id, id)));
  }
  void use_and_be_killed(const std::string& id) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = open_sqlite(file_, clock_, silent()).value();
      ::_exit(Calls(*store).accept(simple(id, id)) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  // Expects the waiting deliveries to be in doubt or not, also after another start.
  void expect_doubt(const fs::path& file, bool doubt) {
    for (int start = 0; start < 2; ++start) {
      const auto store = open(file);
      ASSERT_TRUE(store);
      const auto found = Calls(*store).deliveries({.since = kStart});
      ASSERT_FALSE(found->empty());
      for (const auto& delivery : *found) {
        EXPECT_EQ(delivery.possible_duplicate, doubt) << delivery.id << ", start " << start;
        EXPECT_EQ(delivery.attempts, doubt ? 1 : 0) << "put in doubt only once";
      }
      const auto decisions = whats(*Calls(*store).history("early"));
      if (doubt) {
        EXPECT_THAT(decisions, Contains("restored"));
      } else {
        EXPECT_THAT(decisions, Not(Contains("restored")));
      }
    }
  }
  void copy_to(const fs::path& place) const {
    fs::create_directory(place);
    for (const auto& file : {file_, log_, kept_})
      if (fs::exists(file)) fs::copy(file, place / file.filename(), kOver);
  }
  void sql(const std::string& text) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  TemporaryDirectory directory_;
  fs::path place_ = directory_.path() / "state";
  bool made_ = fs::create_directory(place_);
  fs::path file_ = place_ / "belfry.db";
  fs::path log_ = place_ / "belfry.db-wal";
  fs::path kept_ = place_ / "belfry.db-last-use";
  fs::path aside_ = directory_.path() / "aside";
  base::ManualClock clock_{kStart};
};

TEST_F(LastUseTest, StartsAndKillsAreNoCopies) {
  use("early");
  for (int i = 0; i < 3; ++i) {
    use("used" + std::to_string(i));
    use_and_be_killed("killed" + std::to_string(i));
    use_and_be_killed("again" + std::to_string(i));
  }
  expect_doubt(file_, false);
}

TEST_F(LastUseTest, PutBackOverTheFileAfterItWasUsed) {
  use("early");
  copy_to(aside_);
  use("late");
  fs::copy(aside_ / "belfry.db", file_, kOver);
  expect_doubt(file_, true);
}

TEST_F(LastUseTest, PutBackAfterAUseThatWasKilled) {
  use("early");
  copy_to(aside_);
  use_and_be_killed("late");
  fs::remove(log_);
  fs::copy(aside_ / "belfry.db", file_, kOver);
  expect_doubt(file_, true);
}

TEST_F(LastUseTest, CopiedWhileInUseWithItsLog) {
  {
    const auto store = open(file_);
    ASSERT_TRUE(Calls(*store).accept(simple("early", "early")));
    copy_to(aside_);
    ASSERT_TRUE(Calls(*store).accept(simple("late", "late")));
  }
  for (const auto* name : {"belfry.db", "belfry.db-wal"}) fs::copy(aside_ / name, place_ / name, kOver);
  expect_doubt(file_, true);
}

TEST_F(LastUseTest, TheWholeDirectoryPutBack) {
  use("early");
  copy_to(aside_);
  use("late");
  fs::remove_all(place_);
  fs::create_directory(place_);
  for (const auto& entry : fs::directory_iterator(aside_)) fs::copy(entry.path(), place_ / entry.path().filename());
  expect_doubt(file_, true);
}

TEST_F(LastUseTest, CopiedElsewhereAlone) {
  use("early");
  use("second");
  fs::create_directory(aside_);
  fs::copy(file_, aside_ / "belfry.db");
  expect_doubt(aside_ / "belfry.db", true);
  expect_doubt(file_, false);
}

TEST_F(LastUseTest, ADirectoryThatIsRenamedIsTheSame) {
  use("early");
  fs::rename(place_, aside_);
  expect_doubt(aside_ / "belfry.db", false);
}

TEST_F(LastUseTest, WhatCannotBeReadVouchesForNothing) {
  for (const auto* text : {"", "1 2\n", "00000000000000000x42 00000000000000131074\n"}) {
    fs::remove_all(place_);
    fs::create_directory(place_);
    use("early");
    use("second");
    std::ofstream(kept_, std::ios::trunc) << text;
    expect_doubt(file_, true);
  }
}

// The state left by a version without such a file.
TEST_F(LastUseTest, AnUpgradePutsNothingInDoubt) {
  use("early");
  sql("DELETE FROM counters WHERE name = 'state'");
  fs::remove(kept_);
  expect_doubt(file_, false);
}

// Without permission to write next to the database, the store still works.
TEST_F(LastUseTest, WithoutAPlaceForIt) {
  fs::create_directory(kept_);
  use("early");
  use_and_be_killed("killed");
  expect_doubt(file_, false);
}

}  // namespace
}  // namespace belfry::store
