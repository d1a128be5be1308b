// Cases that only a file has: a killed process, a second process, a full disk, foreign files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "core/store/store_fixture.hpp"

namespace belfry::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqliteStoreTest : public testing::Test {
 protected:
  base::Result<std::unique_ptr<Store>> open() { return open_sqlite(file_, clock_, silent()); }
  // Changes the file without the store.
  void sql(const std::string& text) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  // The bytes of the database and its log.
  [[nodiscard]] std::string bytes() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "belfry.db";
  base::ManualClock clock_{kStart};
};

TEST_F(SqliteStoreTest, EverythingIsThereAfterReopening) {
  {
    const auto store = open().value();
    Calls calls(*store);
    ASSERT_TRUE(calls.accept(simple("n1", "a")));
    ASSERT_TRUE(calls.accept(simple("n2", "b")));
    ASSERT_TRUE(calls.accept(simple("n3", "c")));
    ASSERT_TRUE(calls.kv_put("s", "k", "v"));
    ASSERT_TRUE(calls.pause("direct:c", kStart + 1h));
    const auto lease = calls.lease(kStart);
    ASSERT_THAT(ids(*lease), ElementsAre("d-n1", "d-n2"));
    ASSERT_EQ(calls.begin(lease->leased[1].claim, kStart), 1);
  }
  const auto store = open().value();
  Calls calls(*store);
  EXPECT_TRUE(calls.accept(simple("n1"))->duplicate);
  EXPECT_EQ(calls.kv_get("s", "k").value()->value, "v");
  const auto lease = calls.lease(kStart);
  ASSERT_THAT(ids(*lease), ElementsAre("d-n1", "d-n2")) << "ready at once although they were in flight; the pause remains";
  EXPECT_FALSE(lease->leased[0].in_doubt);
  EXPECT_TRUE(lease->leased[1].in_doubt);
}

TEST_F(SqliteStoreTest, ClaimOfAnEarlierProcessIsLost) {
  std::string claim;
  {
    const auto store = open().value();
    ASSERT_TRUE(Calls(*store).accept(simple("n1")));
    claim = Calls(*store).lease(kStart)->leased.at(0).claim;
  }
  const auto store = open().value();
  EXPECT_EQ(Calls(*store).begin(claim, kStart).error().code, base::ErrorCode::not_found);
  ASSERT_EQ(Calls(*store).lease(kStart)->leased.size(), 1);
  EXPECT_EQ(Calls(*store).begin(claim, kStart).error().code, base::ErrorCode::not_found);
}

// An older version did not limit the size of a digest.
TEST_F(SqliteStoreTest, ADigestBeyondTheBoundsIsDivided) {
  const auto member = [](int number) {
    auto one = planned("d" + std::to_string(number));
    one.digest = DigestKey{"hourly", kStart};
    auto all = acceptance("n" + std::to_string(number), {one});
    all.notification.body.assign(60'000, 'x');
    return all;
  };
  {
    const auto store = open().value();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(Calls(*store).accept(member(i)));
  }
  sql("UPDATE digest_members SET digest = (SELECT min(digest) FROM digest_members); DELETE FROM open_digests; "
      "DELETE FROM deliveries WHERE row > (SELECT min(row) FROM deliveries); UPDATE queues SET deliveries = 1; "
      "UPDATE deliveries SET attempts = 1, open_attempt = 1, begun_at = 5");
  const auto store = open().value();
  Calls calls(*store);
  std::vector<std::string> members;
  for (int i = 0; i < 5; ++i) {
    const auto lease = calls.lease(kStart);
    ASSERT_EQ(lease->leased.size(), 1);
    const auto& leased = lease->leased[0];
    EXPECT_EQ(leased.items.size(), 4);
    EXPECT_LE(leased.bytes, 256 * 1024);
    EXPECT_TRUE(leased.in_doubt || leased.delivery.possible_duplicate) << "an attempt of the whole digest may have arrived";
    for (const auto& item : leased.items) members.push_back(item.id);
    ASSERT_TRUE(calls.finish(finish_of(leased, 0, delivered(), Done{}, kStart))->applied);
  }
  ASSERT_EQ(members.size(), 20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(members[static_cast<std::size_t>(i)], "n" + std::to_string(i));
  EXPECT_THAT(calls.lease(kStart)->leased, IsEmpty());
  EXPECT_EQ(calls.sweep(kStart + 1h)->removed, 20);
  EXPECT_THAT(*calls.deliveries(), IsEmpty());
}

// Makes a file of schema 7 one of schema 5.
constexpr const char* kUndoVersion6 = R"sql(
ALTER TABLE windows DROP COLUMN first;
DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries(sink, expires_at, state, due_at, joins_at, created_at, queue) WHERE finished_at IS NULL;
DROP INDEX notifications_email; DROP INDEX deliveries_ended; DROP INDEX deliveries_ended_event;
DROP INDEX deliveries_in_flight;
DROP TABLE operator_actions; DROP TABLE sources;
ALTER TABLE notifications DROP COLUMN email; ALTER TABLE notifications DROP COLUMN event; ALTER TABLE deliveries DROP COLUMN event;
)sql";

// Schema 4 does not store the text size of an open digest.
TEST_F(SqliteStoreTest, AnOpenDigestOfAnOlderVersionIsClosedByItsText) {
  const auto member = [](int number) {
    auto one = planned("d" + std::to_string(number));
    one.digest = DigestKey{"hourly", kStart + 1h};
    auto all = acceptance("n" + std::to_string(number), {one});
    all.notification.body.assign(60'000, 'x');
    return all;
  };
  {
    const auto store = open().value();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Calls(*store).accept(member(i)));
  }
  sql(std::string(kUndoVersion6) +
      "DROP INDEX deliveries_contradictory; ALTER TABLE open_digests DROP COLUMN bytes; PRAGMA user_version = 4");
  const auto store = open().value();
  Calls calls(*store);
  EXPECT_EQ(calls.stats(kStart)->sinks.at("slack").held, 1);
  EXPECT_THAT(calls.accept(member(3))->sinks, IsEmpty()) << "a fourth fits";
  EXPECT_THAT(calls.accept(member(4))->sinks, ElementsAre("slack")) << "a fifth does not";
  EXPECT_EQ(calls.stats(kStart)->sinks.at("slack").held, 2);
}

TEST_F(SqliteStoreTest, OnlyTheOwnerMayRead) {
  const auto mode = [](const std::filesystem::path& path) {
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777U;
  };
  ::umask(0);
  auto store = open().value();
  EXPECT_EQ(mode(file_), 0600);
  EXPECT_EQ(mode(file_.string() + "-wal"), 0600);
  store.reset();
  std::filesystem::permissions(file_, std::filesystem::perms(0644));
  store = open().value();
  EXPECT_EQ(mode(file_), 0600);
}

TEST_F(SqliteStoreTest, MissingDirectoryIsNamed) {
  file_ = directory_.path() / "missing" / "belfry.db";
  const auto store = open();
  EXPECT_EQ(store.error().code, base::ErrorCode::unavailable);
  EXPECT_THAT(store.error().message, HasSubstr("missing/belfry.db: cannot be created: No such file or directory"));
}

TEST_F(SqliteStoreTest, SecondStoreIsRefusedUntilTheFirstIsGone) {
  auto first = open().value();
  EXPECT_THAT(open().error().message, HasSubstr("in use by another process"));
  EXPECT_THAT(open().error().message, HasSubstr("in use by another process")) << "the check did not drop the lock";
  EXPECT_TRUE(Calls(*first).accept(simple("n1")));
  first.reset();
  EXPECT_TRUE(open());
}

TEST_F(SqliteStoreTest, SecondProcessIsRefused) {
  const auto first = open().value();
  const pid_t child = ::fork();
  if (child == 0) {
    sqlite3* database = nullptr;
    sqlite3_open(file_.c_str(), &database);
    ::_exit(sqlite3_exec(database, "SELECT * FROM notifications", nullptr, nullptr, nullptr) == SQLITE_BUSY ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(SqliteStoreTest, NewerSchemaIsRefused) {
  open().value().reset();
  sql("PRAGMA user_version = 99");
  EXPECT_THAT(open().error().message, HasSubstr("written by a newer Belfry (schema 99, this one supports up to 7)"));
}

TEST_F(SqliteStoreTest, OtherFilesAreRefusedAndLeftAlone) {
  sql("CREATE TABLE mine(x); INSERT INTO mine VALUES('precious');");
  const auto before = bytes();
  EXPECT_THAT(open().error().message, HasSubstr("belfry.db: not a Belfry database"));
  EXPECT_TRUE(bytes() == before);

  std::ofstream(file_, std::ios::trunc) << std::string(10'000, 'x');
  EXPECT_THAT(open().error().message, HasSubstr("belfry.db: not a Belfry database"));
  EXPECT_TRUE(bytes() == std::string(10'000, 'x'));
}

TEST_F(SqliteStoreTest, EmptyFileBecomesAStore) {
  std::ofstream(file_).close();
  EXPECT_TRUE(Calls(*open().value()).accept(simple("n1")));
}

TEST_F(SqliteStoreTest, DamagedFileIsRefused) {
  {
    const auto store = open().value();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(Calls(*store).accept(simple("n" + std::to_string(i))));
  }
  const auto size = std::filesystem::file_size(file_);
  {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file << std::string(16'384, '\x5A');
  }
  EXPECT_THAT(open().error().message, HasSubstr("damaged"));
  std::filesystem::resize_file(file_, size / 2);
  EXPECT_THAT(open().error().message, HasSubstr("damaged"));
}

TEST_F(SqliteStoreTest, UnreadableTextIsADeadLetterAndBlocksNobody) {
  {
    const auto store = open().value();
    ASSERT_TRUE(Calls(*store).accept(simple("n1")));
    ASSERT_TRUE(Calls(*store).accept(simple("n2")));
  }
  sql("UPDATE texts SET text = '{}' WHERE notification = (SELECT row FROM notifications WHERE id = 'n1')");
  const auto store = open().value();
  Calls calls(*store);
  EXPECT_THAT(ids(*calls.lease(kStart)), ElementsAre("d-n2"));
  const auto dead = calls.deliveries({.state = ListedState::dead});
  ASSERT_EQ(dead->size(), 1);
  EXPECT_EQ(dead->at(0).last_reason, "unreadable");
}

TEST_F(SqliteStoreTest, OneFailingOperationSpoilsNoOther) {
  const auto store = open().value();
  std::atomic<int> kept = 0;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 100; ++i) {
    auto input = simple("n" + std::to_string(i));
    if (i % 10 == 3) input.deliveries.push_back(planned("d-n0", "other"));  // an id that is taken
    store->accept(std::move(input), [&](base::Result<Accepted> accepted) { ++(accepted ? kept : refused); });
  }
  store->close();
  EXPECT_EQ(kept, 90);
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(store->stats(kStart).sinks.at("slack").waiting, 90) << "operations that were rolled back do not count";
  const auto again = open().value();
  EXPECT_EQ(Calls(*again).deliveries()->size(), 90);
  EXPECT_FALSE(Calls(*again).history("n3")) << "the operation had no effect";
}

TEST_F(SqliteStoreTest, ErasedTextIsNotInTheFiles) {
  const std::string secret = "passcode-8f3b61d2";
  const auto store = open().value();
  Calls calls(*store);
  const auto accept = [&](const std::string& id, const std::string& address) {
    auto input = simple(id, address);
    input.notification.sensitive = true;
    input.notification.body = secret + std::string(9'000, 'y') + secret;  // some of it in overflow pages
    input.notification.labels = {{"otp", secret}};
    ASSERT_TRUE(calls.accept(input));
  };
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(calls.accept(simple("before" + std::to_string(i), "b" + std::to_string(i))));
    accept("n" + std::to_string(i), "a" + std::to_string(i));
  }
  ASSERT_TRUE(bytes().contains(secret));
  auto lease = calls.lease(kStart, 100);
  ASSERT_EQ(lease->leased.size(), 40);
  for (const auto& leased : lease->leased) ASSERT_TRUE(calls.finish(finish_of(leased, 0, delivered(), Done{}, kStart))->applied);
  // The log is truncated soon after, when the store has nothing else to do.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (bytes().contains(secret) && std::chrono::steady_clock::now() < deadline) ASSERT_TRUE(calls.deliveries());
  EXPECT_FALSE(bytes().contains(secret));
  EXPECT_TRUE(bytes().contains("body of before0")) << "the scan finds text that is still stored";
}

// Limits the size of every file of this process to `max_bytes` bytes.
class FullDisk {
 public:
  explicit FullDisk(rlim_t max_bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = max_bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(SqliteStoreTest, FullDiskIsSaidAndSurvived) {
  const auto store = open().value();
  Calls calls(*store);
  ASSERT_TRUE(calls.accept(simple("n0")));
  int kept = 1;
  base::Error error;
  {
    const FullDisk full(std::filesystem::file_size(file_) + 200'000);
    for (; kept < 1000; ++kept) {
      const auto accepted = calls.accept(simple("n" + std::to_string(kept)));
      if (!accepted) {
        error = accepted.error();
        break;
      }
    }
    EXPECT_EQ(calls.deliveries()->size(), kept) << "reads still work";
  }
  EXPECT_LT(kept, 1000);
  EXPECT_EQ(error.code, base::ErrorCode::unavailable);
  EXPECT_THAT(error.message, HasSubstr("belfry.db: the disk is full"));
  EXPECT_EQ(calls.probe(), true);
  EXPECT_FALSE(calls.accept(simple("n" + std::to_string(kept)))->duplicate) << "the failed accept had no effect";
  EXPECT_EQ(calls.deliveries()->size(), kept + 1);
}

TEST_F(SqliteStoreTest, EveryHandlerOfAFailedGroupIsTold) {
  const auto store = open().value();
  std::atomic<int> unavailable = 0;
  {
    const FullDisk full(1);
    for (int i = 0; i < 50; ++i) {
      store->accept(simple("n" + std::to_string(i)), [&](base::Result<Accepted> accepted) {
        unavailable += !accepted && accepted.error().code == base::ErrorCode::unavailable ? 1 : 0;
      });
    }
    EXPECT_FALSE(Calls(*store).probe());
  }
  EXPECT_EQ(unavailable, 50);
  EXPECT_THAT(*Calls(*store).deliveries(), IsEmpty());
  EXPECT_TRUE(Calls(*store).accept(simple("n1")));
}

// The child writes the id of every accept that was reported as durable to a pipe.
[[noreturn]] void accept_until_killed(const std::filesystem::path& file, int acknowledged) {
  const base::ManualClock clock(kStart);
  const auto store = open_sqlite(file, clock, silent()).value();
  for (int i = 0;; ++i) {
    const auto id = std::to_string(i);
    std::promise<void> settled;
    store->accept(simple("n" + id, "a" + std::to_string(i % 7)), [&, i](base::Result<Accepted> accepted) {
      if (accepted && ::write(acknowledged, &i, sizeof i) != sizeof i) ::_exit(1);
      settled.set_value();
    });
    settled.get_future().wait();
  }
}

TEST_F(SqliteStoreTest, KilledProcessKeepsWhatItAcknowledged) {
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove(file_);
    std::filesystem::remove(file_.string() + "-wal");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) accept_until_killed(file_, ends[1]);
    ::close(ends[1]);
    int last = -1;
    for (int i = -1; i < 100 + round * 37 && ::read(ends[0], &i, sizeof i) == sizeof i;) last = i;
    ::kill(child, SIGKILL);
    for (int i = 0; ::read(ends[0], &i, sizeof i) == sizeof i;) last = i;
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_GE(last, 100);

    const auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    for (int i = 0; i <= last; ++i) ASSERT_TRUE(Calls(**store).accept(simple("n" + std::to_string(i)))->duplicate) << i;
  }
}

TEST_F(SqliteStoreTest, CommitsAreObserved) {
  std::atomic<std::size_t> operations = 0;
  {
    const auto store = open_sqlite(file_, clock_, silent(), [&](base::Millis, std::size_t count) { operations += count; }).value();
    for (int i = 0; i < 100; ++i) store->accept(simple("n" + std::to_string(i)), [](base::Result<Accepted>) {});
  }
  EXPECT_EQ(operations, 100);
}

}  // namespace
}  // namespace belfry::store
