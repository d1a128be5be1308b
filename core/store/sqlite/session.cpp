#include "store/sqlite/session.hpp"

#include "store/medium.hpp"
#include "store/operations/operations.hpp"
#include "store/sqlite/file_mode.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/restored.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/vetting.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr std::uint64_t kFrameHeader = 24;  // bytes, sqlite.org/fileformat.html

}  // namespace

Session::Session(std::unique_ptr<Connection> accepted, Backlog& backlog, const Start& start)
    : connection_(std::move(accepted)), last_use_(connection_->file()), tables_(*connection_, backlog) {
  restrict_mode(connection_->file());
  for (const auto* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON",
                             "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -4096", "PRAGMA journal_size_limit = 67108864"}) {
    connection_->run(pragma);
  }
  sqlite3_wal_hook(connection_->handle(), after_commit, this);
  connection_->run("BEGIN IMMEDIATE; COMMIT");
  page_size_ = static_cast<std::uint64_t>(connection_->number("PRAGMA page_size"));
  try {
    prepare(start);
  } catch (...) {
    rollback();
    throw;
  }
  connection_->keep_wal_on_close(false);
}

Session::~Session() { sqlite3_wal_hook(connection_->handle(), nullptr, nullptr); }

void Session::prepare(const Start& start) {
  migrate(*connection_);
  connection_->run("BEGIN IMMEDIATE");
  report_.backup_of = backup_taken_at(*connection_);
  if (!report_.backup_of && start.end_leases && last_use_.is_copy(*connection_)) report_.copy_of = last_known(start.now);
  const auto since = report_.backup_of ? report_.backup_of : report_.copy_of ? report_.copy_of : start.lost_since;
  if (start.end_leases || since) tables_.end_leases();
  if (since) report_.in_doubt = put_in_doubt(*connection_, *since, start.now);
  tables_.repair_queues(start.now);
  tables_.recheck_distant_queues(start.now);
  report_.dead_lettered = operations::dead_letter_unreachable(tables_, tables_.unreachable_deliveries(), start.now);
  if (read_generation(*connection_) == Generation{}) begin_generation(*connection_);
  tables_.touch();  // a commit that writes reports the size of the log
  connection_->run("COMMIT");
  last_use_.save(*connection_);
  tables_.recount();
  // After a disk failure, pages read from the log may exist in memory only: moving them into the file makes them durable.
  if (const int code = truncate_wal(); code != SQLITE_OK && (code & 0xFF) != SQLITE_FULL) connection_->raise(code);
}

void Session::begin() {
  begin_.run();
  if (!wal_begins_) return;
  begin_generation(*connection_);
  last_use_.advance(*connection_);
}

void Session::commit() {
  const bool began = std::exchange(wal_begins_, false);
  try {
    commit_.run();
  } catch (...) {
    wal_begins_ = began;
    throw;
  }
  if (began) last_use_.save(*connection_);
}

// Advances the state, so that a copy made while the store was open is older.
void Session::end() noexcept {
  try {
    connection_->run("BEGIN IMMEDIATE");
    last_use_.advance(*connection_);
    connection_->run("COMMIT");
    last_use_.save(*connection_);
  } catch (...) {
    rollback();
  }
}

base::Timestamp Session::last_known(base::Timestamp now) {
  const auto kept = tables_.clock();
  return std::min(kept.mark ? std::max(kept.newest, kept.mark->time) : kept.newest, now);
}

void Session::rollback() noexcept {
  tables_.on_rollback();
  // SQLite rolls back after most failures itself.
  if (sqlite3_get_autocommit(connection_->handle()) == 0) sqlite3_exec(connection_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::int64_t Session::changes() const { return sqlite3_total_changes64(connection_->handle()); }

// A failed checkpoint loses nothing: the log remains complete, and the next commit tries again.
int Session::after_commit(void* self, sqlite3*, const char*, int pages) {
  auto& session = *static_cast<Session*>(self);
  session.wal_pages_ = pages;
  if (pages >= session.wal_limit_ && session.wal_limit_ > 0) static_cast<void>(session.recycle_wal());
  return SQLITE_OK;
}

int Session::truncate_wal() noexcept { return checkpoint(SQLITE_CHECKPOINT_TRUNCATE); }
int Session::recycle_wal() noexcept { return checkpoint(SQLITE_CHECKPOINT_PASSIVE); }

int Session::checkpoint(int mode) noexcept {
  if (wal_held_) return SQLITE_OK;
  int pages = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, mode, &pages, &moved);
  written_ = true;
  if (code != SQLITE_OK || pages != moved) return code;
  wal_pages_ = 0;
  wal_begins_ = true;
  return code;
}

std::uint64_t Session::wal_bytes() const {
  return wal_pages_ == 0 ? 0 : kWalHeader + static_cast<std::uint64_t>(wal_pages_) * (kFrameHeader + page_size_);
}

}  // namespace belfry::store::sqlite
