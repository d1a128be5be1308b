// Files that are removed, replaced or overwritten while open in the store. The store acknowledges only what the next start will find.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TamperingTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = open_sqlite(file_, clock_, silent()).value();
    for (int i = 0; i < 20; ++i) accept_kept("kept" + std::to_string(i));
  }
  void accept_kept(const std::string& id) {
    const auto accepted = Calls(*store_).accept(simple(id, id));
    ASSERT_TRUE(accepted) << accepted.error().message;
    kept_.push_back(id);
  }
  template <class Sentence>
  void expect_refused(Sentence sentence) {
    for (int i = 0; i < 3; ++i) {
      const auto accepted = Calls(*store_).accept(simple("refused", "refused"));
      ASSERT_FALSE(accepted);
      EXPECT_EQ(accepted.error().code, base::ErrorCode::unavailable);
      EXPECT_THAT(accepted.error().message, sentence);
      EXPECT_FALSE(Calls(*store_).probe()) << "/readyz uses this";
      clock_.advance(2s);
    }
  }
  // The next start finds everything that was acknowledged.
  void expect_kept() {
    store_.reset();
    store_ = open_sqlite(file_, clock_, silent()).value();
    for (const auto& id : kept_) EXPECT_TRUE(Calls(*store_).accept(simple(id, id))->duplicate) << id;
  }
  [[nodiscard]] std::filesystem::path aside(const std::string& name) const { return directory_.path() / name; }

  TemporaryDirectory directory_;
  std::filesystem::path state_ = [this] {
    const auto path = directory_.path() / "state";
    std::filesystem::create_directory(path);
    return path;
  }();
  std::filesystem::path file_ = state_ / "belfry.db";
  std::filesystem::path log_ = state_ / "belfry.db-wal";
  base::ManualClock clock_{kStart};
  std::unique_ptr<Store> store_;
  std::vector<std::string> kept_;
};

TEST_F(TamperingTest, RemovedFileIsNoticed) {
  std::filesystem::remove(file_);
  expect_refused(AllOf(HasSubstr(file_.string()), HasSubstr("was removed or moved while in use"), HasSubstr("put it back")));
  EXPECT_FALSE(std::filesystem::exists(file_)) << "no new file is created in its place";
}

TEST_F(TamperingTest, FileThatComesBackIsUsedAgain) {
  std::filesystem::rename(file_, aside("away.db"));
  expect_refused(HasSubstr("was removed or moved"));
  std::filesystem::rename(aside("away.db"), file_);
  accept_kept("after");
  expect_kept();
}

TEST_F(TamperingTest, HardLinkElsewhereIsNotThePath) {
  std::filesystem::create_hard_link(file_, aside("link.db"));
  accept_kept("with two names");
  std::filesystem::remove(file_);
  expect_refused(HasSubstr("was removed or moved"));
  std::filesystem::create_hard_link(aside("link.db"), file_);
  accept_kept("after");
  expect_kept();
}

TEST_F(TamperingTest, ReplacedFileIsNoticed) {
  std::filesystem::rename(file_, aside("away.db"));
  std::filesystem::copy_file(aside("away.db"), file_);
  expect_refused(HasSubstr("was replaced by another file"));
  std::filesystem::rename(aside("away.db"), file_);
  accept_kept("after");
  expect_kept();
}

TEST_F(TamperingTest, RestartUsesTheReplacement) {
  TemporaryDirectory other;
  open_sqlite(other.path() / "other.db", clock_, silent()).value().reset();
  std::filesystem::copy_file(other.path() / "other.db", aside("fresh.db"));
  std::filesystem::rename(aside("fresh.db"), file_);
  expect_refused(HasSubstr("was replaced by another file"));
  store_.reset();
  const auto again = open_sqlite(file_, clock_, silent());
  ASSERT_TRUE(again) << again.error().message << ": the log of the previous file is in the way";
  EXPECT_FALSE(Calls(**again).accept(simple("kept0", "kept0"))->duplicate);
}

TEST_F(TamperingTest, StoppingKeepsAFileThatWasMovedWhole) {
  std::filesystem::rename(file_, aside("away.db"));
  expect_refused(HasSubstr("was removed or moved"));
  store_.reset();
  std::filesystem::remove(log_);
  file_ = aside("away.db");
  expect_kept();
}

TEST_F(TamperingTest, DirectoryThatIsSwappedIsNoticed) {
  std::filesystem::rename(state_, aside("state.old"));
  std::filesystem::create_directory(state_);
  expect_refused(HasSubstr("was removed or moved"));
  std::ofstream(log_) << "the log of another program";
  store_.reset();
  EXPECT_TRUE(std::filesystem::exists(log_)) << "close() removed a log that is not its own";
  file_ = aside("state.old") / "belfry.db";
  expect_kept();
}

TEST_F(TamperingTest, RemovedLogCostsNothing) {
  for (int round = 0; round < 3; ++round) {
    std::filesystem::remove(log_);
    accept_kept("after" + std::to_string(round));
    accept_kept("later" + std::to_string(round));
  }
  EXPECT_TRUE(std::filesystem::exists(log_));
  // Starts from copies of the files, as after kill -9.
  std::filesystem::copy(state_, aside("copy"));
  const auto copy = open_sqlite(aside("copy") / "belfry.db", clock_, silent());
  ASSERT_TRUE(copy) << copy.error().message;
  for (const auto& id : kept_) EXPECT_TRUE(Calls(**copy).accept(simple(id, id))->duplicate) << id;
}

TEST_F(TamperingTest, LogOfAnotherFileIsNotUsed) {
  std::filesystem::rename(log_, aside("mine.wal"));
  TemporaryDirectory other;
  {
    const auto store = open_sqlite(other.path() / "belfry.db", clock_, silent()).value();
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(Calls(*store).accept(simple("other" + std::to_string(i), "other")));
    std::filesystem::copy_file(other.path() / "belfry.db-wal", log_);
  }
  // The contents of the removed log have been saved; the log in its place is refused.
  const auto accepted = Calls(*store_).accept(simple("saved", "saved"));
  if (accepted) kept_.emplace_back("saved");
  expect_refused(AllOf(HasSubstr("the write-ahead log of another database file"), HasSubstr(log_.string())));
  std::filesystem::remove(log_);
  accept_kept("after");
  expect_kept();
}

TEST_F(TamperingTest, TruncatedLogIsNoticedAndWhatWaitsIsInDoubt) {
  ASSERT_EQ(::truncate(log_.c_str(), 0), 0);
  EXPECT_FALSE(Calls(*store_).accept(simple("refused", "refused")));
  ASSERT_TRUE(Calls(*store_).accept(simple("after", "after"))) << "later notifications are durable again";
  const auto found = *Calls(*store_).deliveries();
  for (const auto& delivery : found) EXPECT_EQ(delivery.possible_duplicate, delivery.id != "d-after") << delivery.id;
}

TEST_F(TamperingTest, TruncatedFileIsNoticed) {
  ASSERT_EQ(::truncate(file_.c_str(), 0), 0);
  EXPECT_THAT(Calls(*store_).accept(simple("refused", "refused")).error().message, HasSubstr("was written to by another program"));
  expect_refused(AllOf(HasSubstr(file_.string()), HasSubstr("is empty"), HasSubstr(log_.string())));
}

TEST_F(TamperingTest, OverwrittenFileIsNoticed) {
  TemporaryDirectory other;
  {
    const auto store = open_sqlite(other.path() / "other.db", clock_, silent()).value();
    ASSERT_TRUE(Calls(*store).accept(simple("restored", "restored")));
  }
  std::ifstream in(other.path() / "other.db", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
  const auto first = Calls(*store_).accept(simple("refused", "refused"));
  EXPECT_THAT(first.error().message, HasSubstr("was written to by another program"));
  expect_refused(HasSubstr("the write-ahead log of another database file"));
}

TEST_F(TamperingTest, TouchedFileIsGoodAgainAtOnce) {
  ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), nullptr, 0), 0);
  EXPECT_FALSE(Calls(*store_).accept(simple("refused", "refused")));
  accept_kept("after");
  EXPECT_FALSE(Calls(*store_).deliveries()->back().possible_duplicate);
  expect_kept();
}

}  // namespace
}  // namespace belfry::store
