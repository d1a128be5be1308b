#include "store/sqlite/medium.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/system_reason.hpp"
#include "store/sqlite/vetting.hpp"

namespace belfry::store::sqlite {
namespace {

constexpr auto kEraseWithin = std::chrono::seconds(1);
constexpr auto kOpenAgain = std::chrono::seconds(1);  // at most that often, since it reads the whole file
constexpr int kLogPages = 16'000;                     // before a commit moves them into the file
constexpr int kLogPagesWhenFull = 64;                 // the room that the log has is used again instead
constexpr int kLogPagesHeld = 262'144;                // while a backup is made: 1 GiB

// False: it exists. Another store of this process may have it open; opening it here and closing it would drop that one's locks.
bool create_private(const std::filesystem::path& file) {
  const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made >= 0) return ::close(made) == 0;
  if (errno != EEXIST) throw MediumFailure(file.string() + ": cannot be made: " + base::system_reason());
  return false;
}

constexpr const char* kFull = "the disk is full: nothing new is accepted; what is stored is delivered as long as outcomes can be recorded";

std::string sentence(const std::filesystem::path& file, Tampering what) {
  switch (what) {
    case Tampering::none: break;
    case Tampering::file_missing:
      return file.string() + ": was removed or moved while in use; put it back, or restart Belfry to begin with what is there then";
    case Tampering::file_replaced:
      return file.string() + ": was replaced by another file while in use; put the first one back, or restart Belfry to use the new one";
    case Tampering::file_overwritten: return file.string() + ": was written to by another program while in use";
    case Tampering::log_missing: return log_of(file).string() + ": was removed or replaced while in use";
    case Tampering::log_truncated: return log_of(file).string() + ": was truncated while in use, and what was committed last is lost";
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

// Closing moves the log into the file and removes it, but not when the file was moved: then it is done here, so that the file is whole
// wherever it is, and its log is not in the way of another file at the path.
SqliteMedium::~SqliteMedium() {
  spoil_snapshot();
  if (!session_) return;
  auto& connection = session_->connection();
  const auto found = files_->look(session_->log_bytes());
  const bool sound = found == Tampering::none && !suspect_;
  connection.keep_log_on_close(!sound);
  if (sound) session_->end();
  if (sound || (found != Tampering::file_missing && found != Tampering::file_replaced && found != Tampering::log_missing)) return;
  if (session_->truncate_log() == SQLITE_OK && files_->log_in_place()) ::unlink(log_of(file_).c_str());
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
      if (failure.kind() != MediumFailure::Kind::full || !reserve_.give_up()) throw;
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
  if (session_->log_pages() > 0) erased_since_ = clock_.steady();  // the disk was too full to move the log
  full_ = !reserve_.take();
  session_->limit_log(full_ ? kLogPagesWhenFull : kLogPages);
  report_start();
  report_buried();
  opened_once_ = true;
  lost_since_.reset();
}

// The commit that failed may be in the log nevertheless, and whoever asked for it has been told that it was not kept: a lease in it would
// have no holder.
void SqliteMedium::drop_unacknowledged() {
  if (!acknowledged_log_) return;
  const auto log = log_of(file_);
  if (size_of(log) > *acknowledged_log_ && ::truncate(log.c_str(), static_cast<off_t>(*acknowledged_log_)) != 0) {
    throw MediumFailure(log.string() + ": cannot be truncated: " + base::system_reason());
  }
  acknowledged_log_.reset();
}

void SqliteMedium::report_start() {
  if (full_) log_.error(kFull, {{"file", file_.string()}});
  const auto& report = session_->report();
  if (report.backup_of) {
    log_.warn("the queue was restored from a backup; what waits may have been sent since, and is marked as a possible duplicate",
              {{"file", file_.string()}, {"backup_of", base::to_rfc3339(*report.backup_of)}, {"deliveries", report.in_doubt}});
  } else if (report.copy_of) {
    log_.warn("the database was copied to this place; what waits may have been sent since, and is marked as a possible duplicate",
              {{"file", file_.string()}, {"copy_of", base::to_rfc3339(*report.copy_of)}, {"deliveries", report.in_doubt}});
  } else if (lost_since_) {
    log_.error("the write-ahead log was truncated; what was accepted since then is lost, what waits is marked as a possible duplicate",
               {{"file", file_.string()}, {"since", base::to_rfc3339(*lost_since_)}, {"deliveries", report.in_doubt}});
  }
}

void SqliteMedium::report_buried() {
  for (const auto& delivery : session_->report().buried) {
    log_.error("a stored delivery cannot be read and is a dead letter now; look at it, then discard it",
               {{"delivery", delivery.id}, {"sink", delivery.sink}, {"detail", delivery.last_detail}});
  }
}

void SqliteMedium::reopen() {
  const auto now = clock_.steady();
  if (tried_at_ && now - *tried_at_ < kOpenAgain) throw MediumFailure(why_closed_, closed_kind_);
  if (files_ && session_) {
    const auto found = files_->look(0);
    // The open file may come back to its path, and its log with it.
    if (found == Tampering::file_missing || found == Tampering::file_replaced) throw MediumFailure(sentence(file_, found));
  }
  spoil_snapshot();
  if (session_) {
    if (files_->log_in_place()) acknowledged_log_ = session_->log_bytes();
    session_->connection().keep_log_on_close(true);
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
  // A group that only read proves nothing.
  const auto changes = session_->changes();
  if (std::exchange(changes_, changes) != changes && !failing_.empty()) {
    failing_.clear();
    log_.info("the store works again", {{"file", file_.string()}});
  }
}

// The group is committed whatever becomes of the counts: a session that cannot count is opened again, and counts then.
void SqliteMedium::settle_counts() noexcept {
  try {
    if (session_->tables().take_recount()) return session_->tables().recount();
    if (backlog_->commit()) return;
    log_.warn("the counts of what waits were wrong and have been taken again; please report this", {{"file", file_.string()}});
    session_->tables().recount();
  } catch (...) {
    suspect_ = true;
  }
}

// Before a commit, since it would go where nobody finds it; and after it, since it may have.
void SqliteMedium::check_files() {
  const auto found = files_->look(session_->log_bytes());
  if (found == Tampering::none) return;
  if (found == Tampering::log_missing && sqlite3_get_autocommit(session_->connection().handle()) != 0) return save_log();
  if (found == Tampering::log_missing) return;  // saved after the commit
  if (found == Tampering::log_truncated) lost_since_ = last_move_;
  suspect_ = true;
  throw MediumFailure(sentence(file_, found));
}

// The open log has everything although its name is gone: moved into the file it is safe, and the next group makes a new log.
void SqliteMedium::save_log() {
  spoil_snapshot();
  suspect_ = true;
  if (const int code = session_->truncate_log(); code != SQLITE_OK) session_->connection().raise(code);
  files_->note_written();
  log_.warn("the write-ahead log was removed or replaced while in use; what it held has been moved into the database",
            {{"log", log_of(file_).string()}});
}

void SqliteMedium::undo_group() noexcept {
  if (session_) session_->undo();
}

void SqliteMedium::note_failure(const MediumFailure& failure) noexcept {
  (failure.kind() == MediumFailure::Kind::full ? full_ : suspect_) = true;
  if (std::exchange(failing_, failure.what()) != failure.what()) log_.error("the store cannot be used", {{"why", failure.what()}});
}

void SqliteMedium::note_bug(const char* what) noexcept {
  try {
    log_.error("a handler of the store threw, or a group could not be settled", {{"what", what}});
  } catch (...) {
    // No memory to say so.
  }
}

void SqliteMedium::after_group(bool idle) noexcept {
  if (!session_) return;
  if (session_->tables().take_erased() && !erased_since_) erased_since_ = clock_.steady();
  if (erased_since_ && !suspect_ && !snapshot_ && (idle || clock_.steady() - *erased_since_ >= kEraseWithin)) truncate_log();
  if (snapshot_ && session_->log_pages() > kLogPagesHeld) spoil_snapshot();
}

// The log holds pages as they were when a text was written. Tried again after the next group when it fails.
void SqliteMedium::truncate_log() noexcept {
  const int code = session_->truncate_log();
  if (session_->take_written()) files_->note_written();
  if (code == SQLITE_OK) return erased_since_.reset();
  log_.warn("erased text is still in the write-ahead log", {{"why", sqlite3_errstr(code)}});
}

// ---- a full disk

bool SqliteMedium::make_room() noexcept {
  spoil_snapshot();
  if (!session_ || !reserve_.give_up()) return false;
  session_->limit_log(kLogPagesWhenFull);
  full_ = true;
  log_.error(kFull, {{"file", file_.string()}});
  return true;
}

std::optional<std::string> SqliteMedium::refuses_new() {
  if (!full_) return std::nullopt;
  if (!reserve_.take()) return file_.string() + ": the disk is full; free some space on it";
  full_ = false;
  session_->limit_log(kLogPages);
  log_.info("there is room on the disk again; new notifications are accepted", {{"file", file_.string()}});
  return std::nullopt;
}

// ---- backup

base::Result<Snapshot> SqliteMedium::hold_snapshot() {
  if (snapshot_) return base::fail("another backup is being made; wait until it is done");
  snapshot_ = std::make_shared<std::atomic<bool>>(true);
  session_->hold_log(true);
  return Snapshot{
      .file = file_, .file_bytes = size_of(file_), .log = log_of(file_), .log_bytes = session_->log_bytes(), .valid = snapshot_};
}

void SqliteMedium::release_snapshot(const Snapshot& snapshot) noexcept {
  if (snapshot_ == snapshot.valid) let_go_of_snapshot();
}

void SqliteMedium::spoil_snapshot() noexcept {
  if (snapshot_) *snapshot_ = false;
  let_go_of_snapshot();
}

void SqliteMedium::let_go_of_snapshot() noexcept {
  snapshot_.reset();
  if (session_) session_->hold_log(false);
}

}  // namespace belfry::store::sqlite
