// A refused file stays unchanged: its bytes, its times, and the directory around it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Everything in a directory that a start could change.
std::string picture(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  const auto look = [&](const std::filesystem::path& path) {
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec) + " " + std::to_string(found.st_mode) + " " +
           std::to_string(found.st_ino) + " " + std::to_string(found.st_size);
  };
  std::string all = look(directory) + "\n";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    files[entry.path().filename()] = look(entry.path()) + " " + contents(entry.path());
  }
  for (const auto& [name, what] : files) all += name + " " + what + "\n";
  return all;
}

class RefusalTest : public testing::Test {
 protected:
  base::Result<std::unique_ptr<Store>> open() { return open_sqlite(file_, clock_, silent()); }
  // Runs in a process that is killed, so that its write-ahead log remains.
  template <class Work>
  void killed(Work work) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = open_sqlite(file_, clock_, silent()).value();
      work(*store);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    ASSERT_GT(std::filesystem::file_size(log_), 0);
  }
  static void accept_some(Store& store, const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) {
      const auto id = prefix + std::to_string(i);
      if (!Calls(store).accept(simple(id, id))) ::abort();
    }
  }
  // Expects three starts to be refused with that sentence, without changing anything.
  template <class Sentence>
  void expect_untouched(Sentence sentence) {
    const auto before = picture(directory_.path());
    for (int i = 0; i < 3; ++i) {
      const auto store = open();
      ASSERT_FALSE(store);
      EXPECT_EQ(store.error().code, base::ErrorCode::unavailable);
      EXPECT_THAT(store.error().message, sentence);
      EXPECT_TRUE(picture(directory_.path()) == before) << store.error().message;
      const auto checked = check_sqlite(file_);
      ASSERT_FALSE(checked) << "a check accepts a file that a start refuses: " << store.error().message;
      EXPECT_EQ(checked.error(), store.error());
      EXPECT_TRUE(picture(directory_.path()) == before) << "a check has changed something";
    }
  }
  // Expects a check to accept the file, without changing anything.
  void expect_acceptable() {
    const auto before = picture(directory_.path());
    const auto checked = check_sqlite(file_);
    EXPECT_TRUE(checked) << checked.error().message;
    EXPECT_TRUE(picture(directory_.path()) == before) << "a check has changed something";
  }
  void sql(const std::string& text) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  std::filesystem::path log_ = directory_.path() / "belfry.db-wal";
  base::ManualClock clock_{kStart};
};

TEST_F(RefusalTest, StaleLogBesideARestoredFileIsNamed) {
  for (const int later : {1, 40}) {
    std::filesystem::remove(file_);
    std::filesystem::remove(log_);
    accept_some(*open().value(), "early", 20);
    const auto backup = contents(file_);
    accept_some(*open().value(), "then", 20);
    killed([&](Store& store) { accept_some(store, "late", later); });
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << backup;

    expect_untouched(
        AllOf(HasSubstr(log_.string()), HasSubstr("the write-ahead log of another database file"), HasSubstr("move belfry.db-wal away")));

    std::filesystem::remove(log_);
    const auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE(Calls(**store).accept(simple("early0"))->duplicate);
    EXPECT_FALSE(Calls(**store).accept(simple("then0", "x"))->duplicate) << "the restored file has its old contents";
  }
}

TEST_F(RefusalTest, LogOfAnotherQueueIsNamed) {
  accept_some(*open().value(), "mine", 30);
  const auto mine = contents(file_);
  std::filesystem::remove(file_);
  killed([](Store& store) { accept_some(store, "other", 30); });
  std::ofstream(file_, std::ios::binary | std::ios::trunc) << mine;
  expect_untouched(HasSubstr("the write-ahead log of another database file"));
}

TEST_F(RefusalTest, LogOfItsOwnIsTaken) {
  accept_some(*open().value(), "early", 20);
  killed([](Store& store) { accept_some(store, "late", 20); });
  killed([](Store& store) { accept_some(store, "later", 20); });
  expect_acceptable();
  const auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  for (const auto* id : {"early19", "late19", "later19"}) EXPECT_TRUE(Calls(**store).accept(simple(id))->duplicate) << id;
}

// Killed at every point while the log is moved into the file, with any part of the pages in it.
TEST_F(RefusalTest, HalfMovedLogIsTaken) {
  accept_some(*open().value(), "early", 60);
  const auto before = contents(file_);
  killed([](Store& store) { accept_some(store, "late", 60); });
  const auto log = contents(log_);
  open().value().reset();
  const auto after = contents(file_);
  for (std::size_t moved = 0; moved <= after.size(); moved += 4096UL * 7) {
    auto partly = after.substr(0, moved) + (moved < before.size() ? before.substr(moved) : std::string());
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << partly;
    std::ofstream(log_, std::ios::binary | std::ios::trunc) << log;
    expect_acceptable();
    const auto store = open();
    ASSERT_TRUE(store) << moved << ": " << store.error().message;
    EXPECT_TRUE(Calls(**store).accept(simple("late59"))->duplicate);
  }
}

TEST_F(RefusalTest, ACheckCreatesNothing) {
  expect_acceptable();
  std::ofstream(file_).close();  // a start that was killed before it wrote anything
  expect_acceptable();
  std::filesystem::remove(file_);
  accept_some(*open().value(), "n", 20);
  expect_acceptable();
}

TEST_F(RefusalTest, CountsWhatWaitsForEachSinkAndCreatesNothing) {
  const auto expect_counts = [&](const std::map<std::string, std::uint64_t>& counts) {
    const auto before = picture(directory_.path());
    const auto found = unfinished_by_sink(file_);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, counts);
    EXPECT_TRUE(picture(directory_.path()) == before) << "counting has changed something";
  };
  expect_counts({});
  accept_some(*open().value(), "early", 3);
  expect_counts({{"slack", 3}});
  killed([](Store& store) { accept_some(store, "late", 2); });
  expect_counts({{"slack", 5}});
}

TEST_F(RefusalTest, AFileWhoseModeCannotBeChangedIsLeftAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may change the owner of a file";
  accept_some(*open().value(), "n", 20);
  constexpr uid_t kOwner = 65533;
  ASSERT_EQ(::chown(file_.c_str(), kOwner, kOwner), 0);
  std::filesystem::permissions(file_, std::filesystem::perms(0666));
  expect_acceptable();
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0777));
  // In a process of another user.
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(2);
    expect_untouched(HasSubstr("is accessible to other users, and its mode cannot be changed: Operation not permitted"));
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(RefusalTest, NewerSchemaIsLeftAlone) {
  open().value().reset();
  sql("PRAGMA user_version = 99");
  expect_untouched(HasSubstr("written by a newer Belfry"));
}

TEST_F(RefusalTest, OtherDatabasesAreLeftAlone) {
  sql("CREATE TABLE mine(x); INSERT INTO mine VALUES('precious');");
  std::filesystem::permissions(file_, std::filesystem::perms(0644));
  expect_untouched(HasSubstr("not a Belfry database"));
  sql("PRAGMA journal_mode = WAL");
  expect_untouched(HasSubstr("not a Belfry database"));
}

TEST_F(RefusalTest, DamagedFileIsLeftAlone) {
  accept_some(*open().value(), "n", 60);
  const auto size = std::filesystem::file_size(file_);
  std::fstream(file_, std::ios::in | std::ios::out | std::ios::binary).seekp(static_cast<std::streamoff>(size / 2))
      << std::string(16'384, 'Z');
  expect_untouched(HasSubstr("damaged"));
}

TEST_F(RefusalTest, LockedFileIsLeftAlone) {
  const auto first = open().value();
  accept_some(*first, "n", 20);
  expect_untouched(HasSubstr("in use by another process"));
  accept_some(*first, "more", 20);
}

TEST_F(RefusalTest, LogWithoutItsFileIsKept) {
  killed([](Store& store) { accept_some(store, "n", 20); });
  const auto file = contents(file_);
  std::filesystem::remove(file_);
  expect_untouched(AllOf(HasSubstr("is missing"), HasSubstr(log_.string())));
  std::ofstream(file_).close();
  expect_untouched(AllOf(HasSubstr("is empty"), HasSubstr(log_.string())));
  std::ofstream(file_, std::ios::binary) << file;
  EXPECT_TRUE(Calls(*open().value()).accept(simple("n19"))->duplicate) << "put back, the database is complete again";
}

TEST_F(RefusalTest, ForeignJournalIsNotRolledBack) {
  accept_some(*open().value(), "n", 20);
  std::ofstream(file_.string() + "-journal") << std::string(5000, 'j');
  expect_untouched(HasSubstr("belfry.db-journal"));
}

TEST_F(RefusalTest, DirectoryIsNoDatabase) {
  std::filesystem::create_directory(file_);
  const auto store = open();
  EXPECT_THAT(store.error().message, HasSubstr("is not a file"));
}

TEST_F(RefusalTest, NoPermissionIsNoReasonToMakeFiles) {
  accept_some(*open().value(), "n", 20);
  if (::geteuid() == 0) GTEST_SKIP() << "root may do anything";
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0500));
  expect_untouched(HasSubstr("cannot be written by user"));
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0700));
  std::filesystem::permissions(file_, std::filesystem::perms(0400));
  expect_untouched(HasSubstr("cannot be read and written by user"));
}

}  // namespace
}  // namespace belfry::store
