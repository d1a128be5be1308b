#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "store/group_store.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/tables.hpp"

namespace belfry::store {
namespace {

constexpr auto kEraseWithin = std::chrono::seconds(1);

// Nobody but the owner may read what people were told. A file that exists is not opened here: closing it again would drop the locks of
// another store of this process.
void create_private(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made >= 0) {
    ::close(made);
  } else if (errno != EEXIST) {
    throw MediumFailure(file.string() + ": cannot be made: " + std::generic_category().message(errno));
  }
}

void keep_private(const std::filesystem::path& file) {
  struct stat found{};
  const bool open_to_others = ::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (open_to_others && ::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0) {
    throw MediumFailure(file.string() + ": others may read it, and its mode cannot be changed: " + std::generic_category().message(errno));
  }
}

class SqliteMedium final : public Medium {
 public:
  SqliteMedium(const std::filesystem::path& file, const base::Clock& clock, base::Logger log)
      : connection_(file), clock_(clock), log_(std::move(log)), tables_(connection_) {
    // Exclusive before WAL: then the index of the log is in memory, and the first read takes the lock and keeps it.
    connection_.run("PRAGMA locking_mode = EXCLUSIVE");
    sqlite::check_identity(connection_);
    keep_private(file);
    connection_.run("PRAGMA journal_mode = WAL");
    connection_.run("PRAGMA synchronous = FULL");
    connection_.run("PRAGMA secure_delete = ON");
    connection_.run("PRAGMA temp_store = MEMORY");
    connection_.run("PRAGMA cache_size = -4096");
    connection_.run("PRAGMA wal_autocheckpoint = 16000");
    connection_.run("PRAGMA journal_size_limit = 67108864");
    connection_.run("BEGIN IMMEDIATE; COMMIT");
    sqlite::migrate(connection_);
    connection_.run("BEGIN");
    tables_.end_leases();
    connection_.run("COMMIT");
    erased_since_ = clock_.steady();
    truncate_log();
  }

  Tables& tables() override { return tables_; }
  void begin_group() override { begin_.run(); }

  void commit_group() override {
    commit_.run();
    // A group that only read proves nothing.
    const auto changes = sqlite3_total_changes64(connection_.handle());
    if (std::exchange(changes_, changes) != changes && std::exchange(failing_, false))
      log_.info("the store works again", {{"file", connection_.file().string()}});
  }

  void undo_group() noexcept override {
    tables_.undone();
    // Most failures have rolled back already.
    if (sqlite3_get_autocommit(connection_.handle()) == 0) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  void note_failure(const std::string& why) noexcept override {
    if (!std::exchange(failing_, true)) log_.error("the store cannot write", {{"why", why}});
  }

  void after_group(bool idle) noexcept override {
    if (tables_.take_erased() && !erased_since_) erased_since_ = clock_.steady();
    if (erased_since_ && (idle || clock_.steady() - *erased_since_ >= kEraseWithin)) truncate_log();
  }

 private:
  // The log holds pages as they were when a text was written. Tried again after the next group when it fails.
  void truncate_log() noexcept {
    const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (code == SQLITE_OK) return erased_since_.reset();
    log_.warn("erased text is still in the write-ahead log", {{"why", sqlite3_errstr(code)}});
  }

  sqlite::Connection connection_;
  const base::Clock& clock_;
  base::Logger log_;
  sqlite::SqliteTables tables_;
  sqlite::Statement begin_{connection_, "BEGIN IMMEDIATE"};
  sqlite::Statement commit_{connection_, "COMMIT"};
  std::optional<base::SteadyTime> erased_since_;
  bool failing_ = false;
  std::int64_t changes_ = 0;  // ever made by the connection, at the last commit
};

}  // namespace

base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& file, const base::Clock& clock, base::Logger log,
                                                 CommitObserver observer) {
  try {
    // Nobody asks how much memory SQLite has in use; counting takes a lock for every piece of it (sqlite.org, sqlite3_config).
    static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(uncounted);
    create_private(file);
    return std::make_unique<GroupStore>(std::make_unique<SqliteMedium>(file, clock, std::move(log)), clock, std::move(observer));
  } catch (const std::exception& failure) {
    return base::fail(base::ErrorCode::unavailable, std::string("store ") + failure.what());
  }
}

}  // namespace belfry::store
