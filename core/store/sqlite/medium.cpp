#include "store/sqlite/medium.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/errno_message.hpp"
#include "store/sqlite/vetting.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr auto kEraseWithin = std::chrono::seconds(1);
constexpr auto kOpenAgain = std::chrono::seconds(1);  // minimum time between attempts: each reads the whole file
constexpr int kWalPages = 16'000;                     // until a commit moves them into the file
constexpr int kWalPagesWhenFull = 64;                 // few, so that the log reuses its space instead of growing
constexpr int kWalPagesHeld = 262'144;                // during a backup: 1 GiB

// False: the file exists. Another store of this process may have it open, and opening and closing it here would drop that store's locks.
bool create_private(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made >= 0) return ::close(made) == 0;
  if (errno != EEXIST) throw MediumFailure(file.string() + ": cannot be created: " + base::errno_message());
  return false;
}

constexpr const char* kFull =
    "the disk is full: nothing new is accepted; stored notifications are delivered as long as outcomes can be recorded";

std::string sentence(const std::filesystem::path& file, Tampering what) {
  switch (what) {
    case Tampering::none: break;
    case Tampering::file_missing:
      return file.string() + ": was removed or moved while in use; put it back, or restart Belfry to start with whatever is there then";
    case Tampering::file_replaced:
      return file.string() + ": was replaced by another file while in use; put the original back, or restart Belfry to use the new one";
    case Tampering::file_overwritten: return file.string() + ": was written to by another program while in use";
    case Tampering::wal_missing: return wal_path(file).string() + ": was removed or replaced while in use";
    case Tampering::wal_truncated: return wal_path(file).string() + ": was truncated while in use, and the latest commits are lost";
  }
  return {};
}

}  // namespace

SqliteMedium::SqliteMedium(std::filesystem::path file, const base::Clock& clock, base::Logger log)
    : file_(std::move(file)), clock_(clock), log_(std::move(log)), reserve_(file_) {
  bool made = false;
  if (!std::filesystem::exists(file_)) {
    check_vacant(file_);
    made = create_private(file_);
  }
  try {
    open();
  } catch (const MediumFailure& failure) {
    if (failure.kind() != MediumFailure::Kind::full) {
      if (made) ::unlink(file_.c_str());
      throw;
    }
    note_failure(failure);
  }
}

// SQLite moves the log into the file and removes it on close, except if the file was moved. Then do it here, so that the file is complete
// at its new path, and its log is not in the way of another file at the old one.
SqliteMedium::~SqliteMedium() {
  invalidate_snapshot();
  if (!session_) return;
  auto& connection = session_->connection();
  const auto found = files_->check(session_->wal_bytes());
  const bool sound = found == Tampering::none && !suspect_;
  connection.keep_wal_on_close(!sound);
  if (sound) session_->end();
  if (sound || (found != Tampering::file_missing && found != Tampering::file_replaced && found != Tampering::wal_missing)) return;
  if (session_->truncate_wal() == SQLITE_OK && files_->wal_in_place()) ::unlink(wal_path(file_).c_str());
}

// ---- opening

void SqliteMedium::open() {
  const auto attempt = [&] {
    session_ = std::make_unique<Session>(open_vetted(file_), *backlog_,
                                         Session::Start{.end_leases = !opened_once_, .lost_since = lost_since_, .now = clock_.now()});
  };
  why_closed_.clear();
  try {
    drop_unacknowledged();
    try {
      attempt();
    } catch (const MediumFailure& failure) {
      if (failure.kind() != MediumFailure::Kind::full || !reserve_.release()) throw;
      attempt();
    }
  } catch (const MediumFailure& failure) {
    why_closed_ = failure.what();
    closed_kind_ = failure.kind();
    throw;
  }
  files_.emplace(file_);
  static_cast<void>(session_->take_written());
  changes_ = 0;
  suspect_ = false;
  tried_at_.reset();
  last_move_ = clock_.now();
  erased_since_.reset();
  if (session_->wal_pages() > 0) erased_since_ = clock_.steady();  // the log could not be moved on a full disk: try again
  full_ = !reserve_.allocate();
  session_->limit_wal(full_ ? kWalPagesWhenFull : kWalPages);
  report_start();
  report_dead_lettered();
  opened_once_ = true;
  lost_since_.reset();
}

// The failed commit may be in the log nevertheless, although its callers were notified of the failure: a lease in it would have no holder.
void SqliteMedium::drop_unacknowledged() {
  if (!acknowledged_wal_) return;
  const auto wal = wal_path(file_);
  if (size_of(wal) > *acknowledged_wal_ && ::truncate(wal.c_str(), static_cast<off_t>(*acknowledged_wal_)) != 0) {
    throw MediumFailure(wal.string() + ": cannot be truncated: " + base::errno_message());
  }
  acknowledged_wal_.reset();
}

void SqliteMedium::report_start() {
  if (full_) log_.error(kFull, {{"file", file_.string()}});
  const auto& report = session_->report();
  if (report.backup_of) {
    log_.warn("the queue was restored from a backup; waiting deliveries may have been sent since, and are marked as possible duplicates",
              {{"file", file_.string()}, {"backup_of", base::to_rfc3339(*report.backup_of)}, {"deliveries", report.in_doubt}});
  } else if (report.copy_of) {
    log_.warn("the database was copied to this place; waiting deliveries may have been sent since, and are marked as possible duplicates",
              {{"file", file_.string()}, {"copy_of", base::to_rfc3339(*report.copy_of)}, {"deliveries", report.in_doubt}});
  } else if (lost_since_) {
    log_.error(
        "the write-ahead log was truncated; notifications accepted since are lost, waiting deliveries are marked as possible duplicates",
        {{"file", file_.string()}, {"since", base::to_rfc3339(*lost_since_)}, {"deliveries", report.in_doubt}});
  }
}

void SqliteMedium::report_dead_lettered() {
  for (const auto& delivery : session_->report().dead_lettered) {
    log_.error(
        "a stored delivery cannot be read and is a dead letter now; look at it, then discard it",
        {{"sink", delivery.sink}, {"delivery", delivery.id}, {"notification", delivery.notification_id}, {"error", delivery.last_detail}});
  }
}

void SqliteMedium::reopen() {
  const auto now = clock_.steady();
  if (tried_at_ && now - *tried_at_ < kOpenAgain) throw MediumFailure(why_closed_, closed_kind_);
  if (files_ && session_) {
    const auto found = files_->check(0);
    // Keep the session: the open file and its log may be moved back to their paths.
    if (found == Tampering::file_missing || found == Tampering::file_replaced) throw MediumFailure(sentence(file_, found));
  }
  invalidate_snapshot();
  if (session_) {
    if (files_->wal_in_place()) acknowledged_wal_ = session_->wal_bytes();
    session_->connection().keep_wal_on_close(true);
    session_.reset();
  }
  tried_at_ = now;
  if (!std::filesystem::exists(file_)) {
    why_closed_ = sentence(file_, Tampering::file_missing);
    closed_kind_ = MediumFailure::Kind::failing;
    throw MediumFailure(why_closed_);
  }
  open();
}

// ---- groups

void SqliteMedium::begin_group() {
  if (!session_ || suspect_) reopen();
  session_->begin();
}

void SqliteMedium::commit_group() {
  check_files();
  session_->commit();
  if (session_->take_written()) {
    files_->note_written();
    last_move_ = clock_.now();
  }
  check_files();
  settle_counts();
  // A group that only reads does not prove that the store works.
  const auto changes = session_->changes();
  if (std::exchange(changes_, changes) != changes && !failing_.empty()) {
    failing_.clear();
    log_.info("the store works again", {{"file", file_.string()}});
  }
}

// A failure must not fail the group, which is committed: reopen the session instead, which recounts.
void SqliteMedium::settle_counts() noexcept {
  try {
    if (session_->tables().take_recount()) return session_->tables().recount();
    if (backlog_->commit()) return;
    log_.warn("the backlog counts were wrong and have been recomputed; please report this", {{"file", file_.string()}});
    session_->tables().recount();
  } catch (...) {
    suspect_ = true;
  }
}

// Runs before a commit, which must not go to a lost file, and after it, because the files may have been lost meanwhile.
void SqliteMedium::check_files() {
  const auto found = files_->check(session_->wal_bytes());
  if (found == Tampering::none) return;
  if (found == Tampering::wal_missing && sqlite3_get_autocommit(session_->connection().handle()) != 0) return save_wal();
  if (found == Tampering::wal_missing) return;  // saved after the commit
  if (found == Tampering::wal_truncated) lost_since_ = last_move_;
  suspect_ = true;
  throw MediumFailure(sentence(file_, found));
}

// The open log is complete although its path is lost. Moving it into the file makes it safe, and the next group creates a new log.
void SqliteMedium::save_wal() {
  invalidate_snapshot();
  suspect_ = true;
  if (const int code = session_->truncate_wal(); code != SQLITE_OK) session_->connection().raise(code);
  files_->note_written();
  log_.warn("the write-ahead log was removed or replaced while in use; its contents have been moved into the database",
            {{"log", wal_path(file_).string()}});
}

void SqliteMedium::rollback_group() noexcept {
  if (session_) session_->rollback();
}

void SqliteMedium::note_failure(const MediumFailure& failure) noexcept {
  (failure.kind() == MediumFailure::Kind::full ? full_ : suspect_) = true;
  if (std::exchange(failing_, failure.what()) != failure.what()) log_.error("the store cannot be used", {{"why", failure.what()}});
}

void SqliteMedium::note_bug(const char* what) noexcept {
  try {
    log_.error("a store handler threw an exception", {{"what", what}});
  } catch (...) {
    // Logging may fail for want of memory.
  }
}

void SqliteMedium::after_group(bool idle) noexcept {
  if (!session_) return;
  if (session_->tables().take_erased() && !erased_since_) erased_since_ = clock_.steady();
  if (erased_since_ && !suspect_ && !snapshot_ && (idle || clock_.steady() - *erased_since_ >= kEraseWithin)) truncate_wal();
  if (snapshot_ && session_->wal_pages() > kWalPagesHeld) invalidate_snapshot();
}

// The log still holds pages with the erased text. After a failure, the next group tries again.
void SqliteMedium::truncate_wal() noexcept {
  const int code = session_->truncate_wal();
  if (session_->take_written()) files_->note_written();
  if (code == SQLITE_OK) return erased_since_.reset();
  log_.warn("erased text is still in the write-ahead log", {{"why", sqlite3_errstr(code)}});
}

// ---- a full disk

bool SqliteMedium::free_space() noexcept {
  invalidate_snapshot();
  if (!session_ || !reserve_.release()) return false;
  session_->limit_wal(kWalPagesWhenFull);
  full_ = true;
  log_.error(kFull, {{"file", file_.string()}});
  return true;
}

std::optional<std::string> SqliteMedium::refusal_reason() {
  if (!full_) return std::nullopt;
  if (!reserve_.allocate()) return file_.string() + ": the disk is full; free some space on it";
  full_ = false;
  session_->limit_wal(kWalPages);
  log_.info("the disk has free space again; new notifications are accepted", {{"file", file_.string()}});
  return std::nullopt;
}

// ---- backup

base::Result<Snapshot> SqliteMedium::hold_snapshot() {
  if (snapshot_) return base::fail("another backup is in progress; wait until it is done");
  snapshot_ = std::make_shared<std::atomic<bool>>(true);
  session_->hold_wal(true);
  return Snapshot{
      .file = file_, .file_bytes = size_of(file_), .wal = wal_path(file_), .wal_bytes = session_->wal_bytes(), .valid = snapshot_};
}

void SqliteMedium::release_snapshot(const Snapshot& snapshot) noexcept {
  if (snapshot_ == snapshot.valid) drop_snapshot();
}

void SqliteMedium::invalidate_snapshot() noexcept {
  if (snapshot_) *snapshot_ = false;
  drop_snapshot();
}

void SqliteMedium::drop_snapshot() noexcept {
  snapshot_.reset();
  if (session_) session_->hold_wal(false);
}

}  // namespace belfry::store::sqlite
