// A failing disk: SQLite's reads and writes fail with EIO, ENOSPC or EDQUOT until the disk is repaired.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::atomic<int> read_error = 0;  // errno; 0: the disk works
std::atomic<int> write_error = 0;
std::atomic<int> spared_writes = 0;  // number of writes that still succeed

ssize_t faulty_pread(int fd, void* to, size_t count, off_t at) {
  if (const int error = read_error; error != 0) return errno = error, -1;
  return ::pread(fd, to, count, at);
}

ssize_t faulty_pwrite(int fd, const void* from, size_t count, off_t at) {
  if (const int error = write_error; error != 0 && spared_writes-- <= 0) return errno = error, -1;
  return ::pwrite(fd, from, count, at);
}

// Replaces system calls with SQLite's own interface for such tests (sqlite.org/c3ref/vfs.html).
class FaultTest : public testing::Test {
 protected:
  FaultTest() {
    set("pread", reinterpret_cast<sqlite3_syscall_ptr>(faulty_pread));
    set("pread64", reinterpret_cast<sqlite3_syscall_ptr>(faulty_pread));
    set("pwrite", reinterpret_cast<sqlite3_syscall_ptr>(faulty_pwrite));
    set("pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(faulty_pwrite));
  }
  ~FaultTest() override {
    sound();
    for (const auto* name : {"pread", "pread64", "pwrite", "pwrite64"}) set(name, nullptr);
  }
  static void set(const char* name, sqlite3_syscall_ptr call) {
    auto* vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, name, call);
  }
  static void sound() { read_error = write_error = spared_writes = 0; }

  base::Result<std::unique_ptr<Store>> open() { return open_sqlite(file_, clock_, silent()); }
  void fill(Store& store, int count) {
    for (int i = 0; i < count; ++i) {
      const auto id = "kept" + std::to_string(next_++);
      const auto accepted = Calls(store).accept(simple(id, id));
      ASSERT_TRUE(accepted) << accepted.error().message;
    }
  }
  void expect_kept(Store& store) const {
    for (int i = 0; i < next_; ++i) {
      const auto id = "kept" + std::to_string(i);
      EXPECT_TRUE(Calls(store).accept(simple(id, id))->duplicate) << id;
    }
  }
  // The message must not suggest damage or starting empty: the file is intact.
  static auto blames_the_disk() { return AllOf(HasSubstr("Input/output error"), HasSubstr("check the disk"), Not(HasSubstr("damaged"))); }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{kStart};
  int next_ = 0;
};

TEST_F(FaultTest, FailingReadsAreNoDamage) {
  fill(*open().value(), 200);
  read_error = EIO;
  EXPECT_THAT(open().error().message, blames_the_disk());
  sound();
  expect_kept(*open().value());
}

// One unreadable page, somewhere after those that the first statements need.
TEST_F(FaultTest, UnreadablePageIsNoDamage) {
  fill(*open().value(), 400);
  static std::atomic<off_t> bad;
  bad = static_cast<off_t>(std::filesystem::file_size(file_) / 2 / 4096 * 4096);
  const auto pread_with_hole = +[](int fd, void* to, size_t count, off_t at) -> ssize_t {
    if (at <= bad && bad < at + static_cast<off_t>(count)) return errno = EIO, -1;
    return ::pread(fd, to, count, at);
  };
  set("pread", reinterpret_cast<sqlite3_syscall_ptr>(pread_with_hole));
  set("pread64", reinterpret_cast<sqlite3_syscall_ptr>(pread_with_hole));
  EXPECT_THAT(open().error().message, blames_the_disk());
  set("pread", reinterpret_cast<sqlite3_syscall_ptr>(faulty_pread));
  set("pread64", reinterpret_cast<sqlite3_syscall_ptr>(faulty_pread));
  expect_kept(*open().value());
}

TEST_F(FaultTest, StoreRecoversWhenTheDiskDoes) {
  const auto store = open().value();
  fill(*store, 300);
  for (const auto& [reads, writes] : {std::pair{0, EIO}, std::pair{EIO, 0}, std::pair{EIO, EIO}}) {
    read_error = reads;
    write_error = writes;
    for (int i = 0; i < 5; ++i) {
      const auto accepted = Calls(*store).accept(simple("lost", "lost"));
      // If memory serves the read, the write succeeds as usual.
      if (accepted) continue;
      EXPECT_EQ(accepted.error().code, base::ErrorCode::unavailable);
      EXPECT_THAT(accepted.error().message, blames_the_disk());
      EXPECT_FALSE(Calls(*store).probe());
      clock_.advance(1s);
    }
    sound();
    clock_.advance(1s);
    fill(*store, 10);
    EXPECT_EQ(Calls(*store).probe(), true);
  }
  expect_kept(*store);
}

TEST_F(FaultTest, RecoversFromAFailureAtEveryWrite) {
  const auto store = open().value();
  fill(*store, 20);
  for (int spared = 0; spared < 40; ++spared) {
    spared_writes = spared;
    write_error = EIO;
    const auto accepted = Calls(*store).accept(simple("at" + std::to_string(spared), "at"));
    sound();
    clock_.advance(1s);
    fill(*store, 1);
    const auto again = Calls(*store).accept(simple("at" + std::to_string(spared), "at"));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->duplicate || !accepted) << "acknowledged, but lost";
    EXPECT_EQ(store->stats(kStart).sinks.at("slack").waiting, Calls(*store).deliveries()->size()) << spared;
  }
  expect_kept(*store);
}

TEST_F(FaultTest, ClaimsSurviveAReopening) {
  const auto store = open().value();
  fill(*store, 3);
  const auto lease = Calls(*store).lease_and_begin(kStart);
  ASSERT_EQ(lease->leased.size(), 3);
  write_error = EIO;
  EXPECT_FALSE(Calls(*store).finish(finish_of(lease->leased[0], lease->leased[0].attempt, delivered(), Done{}, kStart)));
  sound();
  for (const auto& leased : lease->leased) {
    const auto finished = Calls(*store).finish(finish_of(leased, leased.attempt, delivered(), Done{}, kStart));
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_TRUE(finished->applied) << "the outcome that the caller kept in memory is recorded";
  }
}

// A lease whose commit failed has no holder: it must not be in the log after a reopen.
TEST_F(FaultTest, FailedCommitIsNotFoundAgain) {
  const auto store = open().value();
  fill(*store, 3);
  for (int spared = 0; spared < 12; ++spared) {
    spared_writes = spared;
    write_error = EIO;
    const auto failed = Calls(*store).lease_and_begin(kStart);
    sound();
    clock_.advance(1s);
    const auto lease = failed ? failed : Calls(*store).lease_and_begin(kStart);
    ASSERT_TRUE(lease) << lease.error().message;
    ASSERT_EQ(lease->leased.size(), 3) << spared;
    EXPECT_EQ(store->stats(kStart).sinks.at("slack").in_flight, 3) << spared;
    for (const auto& leased : lease->leased) ASSERT_TRUE(*Calls(*store).release(leased.claim, kStart, leased.attempt));
    EXPECT_EQ(store->stats(kStart).sinks.at("slack").waiting, 3) << spared;
  }
}

TEST_F(FaultTest, FullDiskRefusesNewWorkAndFinishesTheRest) {
  for (const int error : {ENOSPC, EDQUOT}) {
    const auto store = open().value();
    fill(*store, 30);
    write_error = error;
    const auto refused = Calls(*store).accept(simple("refused", "refused"));
    EXPECT_THAT(refused.error().message, HasSubstr(error == ENOSPC ? "the disk is full" : "the disk quota is used up"));
    sound();
    EXPECT_TRUE(Calls(*store).probe());
    fill(*store, 1);
  }
}

}  // namespace
}  // namespace belfry::store
