// The medium in one SQLite file. Detects that its files were removed or replaced while open, reopens the database after an I/O error, and
// keeps serving stored deliveries on a full disk.
#pragma once
#include "base/log.hpp"
#include "store/medium.hpp"
#include "store/sqlite/open_files.hpp"
#include "store/sqlite/reserve.hpp"
#include "store/sqlite/session.hpp"

namespace belfry::store::sqlite {

class SqliteMedium final : public Medium {
 public:
  // Creates the file if it does not exist. Does not throw for a full disk: the database opens when space is available.
  SqliteMedium(std::filesystem::path file, const base::Clock& clock, base::Logger log);
  ~SqliteMedium() override;

  Tables& tables() override { return session_->tables(); }
  [[nodiscard]] std::shared_ptr<const Backlog> backlog() const override { return backlog_; }
  void begin_group() override;
  void commit_group() override;
  void rollback_group() noexcept override;
  void note_failure(const MediumFailure& failure) noexcept override;
  void note_bug(const char* what) noexcept override;
  void after_group(bool idle) noexcept override;
  [[nodiscard]] bool free_space() noexcept override;
  [[nodiscard]] std::optional<std::string> refusal_reason() override;
  [[nodiscard]] base::Result<Snapshot> hold_snapshot() override;
  void release_snapshot(const Snapshot& snapshot) noexcept override;

 private:
  void open();
  void reopen();
  void drop_unacknowledged();
  void report_start();
  void report_dead_lettered();
  void check_files();
  void settle_counts() noexcept;
  void save_wal();
  void invalidate_snapshot() noexcept;
  void drop_snapshot() noexcept;
  void truncate_wal() noexcept;

  const std::filesystem::path file_;
  const base::Clock& clock_;
  base::Logger log_;
  Reserve reserve_;
  std::optional<OpenFiles> files_;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>();  // recounted when a session begins
  std::unique_ptr<Session> session_;                                      // null: the file is closed, and begin_group() opens it
  bool opened_once_ = false;
  bool suspect_ = false;                           // after a failure the session cannot be trusted and is reopened
  bool full_ = false;                              // nothing new is accepted until the reserve is allocated again
  std::optional<base::Timestamp> lost_since_;      // the log was truncated: commits after this are lost
  std::optional<std::uint64_t> acknowledged_wal_;  // size of the acknowledged part of the log, in bytes
  std::optional<base::SteadyTime> tried_at_;       // last failed attempt to reopen
  std::string why_closed_;
  MediumFailure::Kind closed_kind_ = MediumFailure::Kind::failing;
  std::optional<base::SteadyTime> erased_since_;
  base::Timestamp last_move_{};                  // when the log was last moved into the file
  std::string failing_;                          // the failure logged last; empty: the store works
  std::int64_t changes_ = 0;                     // rows changed by the session, as of the last commit
  std::shared_ptr<std::atomic<bool>> snapshot_;  // the snapshot that is held; null: none
};

}  // namespace belfry::store::sqlite
