// Backups of a store in use: a backup contains everything acknowledged before, and a store that starts from it marks every delivery that
// may be a duplicate.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "core/store/store_fixture.hpp"
#include "store/backup.hpp"

namespace belfry::store {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BackupTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const std::filesystem::path& file) {
    auto store = open_sqlite(file, clock_, silent());
    if (!store) ADD_FAILURE() << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  static base::Result<Backup> backup(Store& store, const std::filesystem::path& to) {
    return answer<Backup>([&](auto handler) { store.backup(to, kStart, std::move(handler)); });
  }
  // The directory contains exactly these files.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  std::filesystem::path copy_ = directory_.path() / "copy.db";
  base::ManualClock clock_{kStart};
};

TEST_F(BackupTest, IsOneFileWithEverything) {
  const auto store = open(file_);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Calls(*store).accept(simple("n" + std::to_string(i), std::to_string(i))));
  const auto made = backup(*store, copy_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->waiting, 50);
  EXPECT_EQ(made->bytes, std::filesystem::file_size(copy_));
  EXPECT_THAT(files(), ElementsAre("belfry.db", "belfry.db-last-use", "belfry.db-reserve", "belfry.db-wal", "copy.db"));
  struct stat found{};
  ASSERT_EQ(::stat(copy_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  const auto inspected = inspect_file(copy_);
  ASSERT_TRUE(inspected) << inspected.error().message;
  EXPECT_EQ(inspected->backup_of, kStart);
  EXPECT_EQ(inspected->waiting, 50);

  const auto restored = open(copy_);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Calls(*restored).accept(simple("n" + std::to_string(i)))->duplicate);
  EXPECT_TRUE(Calls(*store).accept(simple("after", "after"))) << "the store keeps working";
}

TEST_F(BackupTest, WhatMayHaveBeenSentSinceIsInDoubt) {
  const auto store = open(file_);
  for (const auto* id : {"done", "begun", "waiting", "sent-later"}) ASSERT_TRUE(Calls(*store).accept(simple(id, id)));
  const auto lease = Calls(*store).lease_and_begin(kStart, 2);
  ASSERT_THAT(ids(*lease), ElementsAre("d-done", "d-begun"));
  ASSERT_TRUE(Calls(*store).finish(finish_of(lease->leased[0], 1, delivered(), Done{}, kStart))->applied);
  ASSERT_TRUE(backup(*store, copy_));
  ASSERT_TRUE(Calls(*store).lease_and_begin(kStart));

  for (int start = 0; start < 2; ++start) {
    const auto restored = open(copy_);
    const auto again = Calls(*restored).lease_and_begin(kStart + 1h);
    ASSERT_THAT(ids(*again), ElementsAre("d-begun", "d-waiting", "d-sent-later")) << "ended deliveries stay ended";
    for (const auto& leased : again->leased) {
      EXPECT_TRUE(leased.in_doubt) << "a sink that can look for it does so first";
      EXPECT_TRUE(leased.delivery.possible_duplicate);
      EXPECT_EQ(leased.delivery.attempts, 1) << "the second start puts nothing in doubt again";
    }
    EXPECT_THAT(whats(*Calls(*restored).history("waiting")), Contains("restored"));
    EXPECT_FALSE(inspect_file(copy_)) << "in use";
  }
  EXPECT_EQ(inspect_file(copy_)->backup_of, std::nullopt);
  const auto restored = open(copy_);
  ASSERT_TRUE(Calls(*restored).accept(simple("new", "new")));
  EXPECT_FALSE(Calls(*restored).deliveries({.since = kStart})->at(0).possible_duplicate) << "a new delivery is not in doubt";
}

TEST_F(BackupTest, DigestThatMayHaveBeenSentTakesNothingNew) {
  const auto digest = [](const std::string& id) {
    auto input = simple(id);
    input.deliveries[0].digest = DigestKey{.key = "k", .due_at = kStart + 1h};
    return input;
  };
  {
    const auto store = open(file_);
    ASSERT_TRUE(Calls(*store).accept(digest("n1")));
    ASSERT_TRUE(backup(*store, copy_));
  }
  const auto restored = open(copy_);
  ASSERT_TRUE(Calls(*restored).accept(digest("n2")));
  EXPECT_EQ(Calls(*restored).deliveries()->size(), 2) << "n2 must not count as delivered when the digest of n1 is found at the remote";
}

TEST_F(BackupTest, IsWholeWhileTheStoreIsBusy) {
  const auto store = open(file_);
  std::atomic<int> acknowledged = 0;
  std::atomic<bool> stop = false;
  std::thread load([&] {
    for (int i = 0; !stop; ++i) {
      if (Calls(*store).accept(simple("n" + std::to_string(i), "a" + std::to_string(i % 50)))) acknowledged = i + 1;
      if (i % 3 == 0) {
        if (const auto lease = Calls(*store).lease_and_begin(kStart); lease) {
          for (const auto& leased : lease->leased)
            static_cast<void>(Calls(*store).finish(finish_of(leased, leased.attempt, delivered(), Done{}, kStart)));
        }
      }
    }
  });
  for (int round = 0; round < 10; ++round) {
    const int before = acknowledged;
    const auto to = directory_.path() / ("copy" + std::to_string(round));
    const auto made = backup(*store, to);
    ASSERT_TRUE(made) << made.error().message;
    const auto restored = open(to);
    for (int i = 0; i < before; ++i)
      ASSERT_TRUE(Calls(*restored).accept(simple("n" + std::to_string(i)))->duplicate) << i << " of " << before;
  }
  stop = true;
  load.join();
}

TEST_F(BackupTest, ExistingFileIsLeftAlone) {
  const auto store = open(file_);
  std::ofstream(copy_) << "precious";
  EXPECT_THAT(backup(*store, copy_).error().message, HasSubstr("copy.db: exists already"));
  EXPECT_EQ(std::filesystem::file_size(copy_), 8);
}

TEST_F(BackupTest, NothingIsLeftOfOneThatFails) {
  const auto store = open(file_);
  ASSERT_TRUE(Calls(*store).accept(simple("n1")));
  EXPECT_THAT(backup(*store, directory_.path() / "missing" / "copy.db").error().message, HasSubstr("cannot be created"));
  EXPECT_TRUE(backup(*store, copy_)) << "a failed backup does not block the next one";
}

TEST_F(BackupTest, StoppingEndsIt) {
  auto store = open(file_);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Calls(*store).accept(simple("n" + std::to_string(i))));
  std::promise<base::Result<Backup>> promise;
  store->backup(copy_, kStart, [&](base::Result<Backup> made) { promise.set_value(std::move(made)); });
  store->close();
  const auto made = promise.get_future().get();
  EXPECT_TRUE(made || made.error().message.contains("stopping")) << made.error().message;
  EXPECT_EQ(std::filesystem::exists(copy_), made.has_value());
}

TEST_F(BackupTest, OfAFileThatNobodyUses) {
  {
    const auto store = open(file_);
    ASSERT_TRUE(Calls(*store).accept(simple("n1")));
    EXPECT_THAT(backup_offline(file_, copy_, kStart).error().message, HasSubstr("in use by another process"));
  }
  const auto made = backup_offline(file_, copy_, kStart);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(files(), ElementsAre("belfry.db", "belfry.db-last-use", "belfry.db-reserve", "copy.db"));
  EXPECT_EQ(inspect_file(file_)->backup_of, std::nullopt) << "the source is unchanged";
  EXPECT_TRUE(Calls(*open(copy_)).accept(simple("n1"))->duplicate);
}

TEST_F(BackupTest, DamageIsFound) {
  const auto store = open(file_);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(Calls(*store).accept(simple("n" + std::to_string(i))));
  ASSERT_TRUE(backup(*store, copy_));
  std::fstream(copy_, std::ios::in | std::ios::out | std::ios::binary).seekp(100'000) << std::string(16'384, 'Z');
  EXPECT_THAT(inspect_file(copy_).error().message, HasSubstr("damaged"));
  std::filesystem::resize_file(copy_, 0);
  EXPECT_THAT(inspect_file(copy_).error().message, HasSubstr("is empty"));
}

}  // namespace
}  // namespace belfry::store
