// The medium on one SQLite file. It notices files that were removed or replaced under it, opens the file again after an I/O error, and on a
// full disk keeps working on what is stored.
#pragma once
#include "base/log.hpp"
#include "store/medium.hpp"
#include "store/sqlite/open_files.hpp"
#include "store/sqlite/reserve.hpp"
#include "store/sqlite/session.hpp"

namespace belfry::store::sqlite {

class SqliteMedium final : public Medium {
 public:
  // Creates the file when it is not there. A full disk is no reason to throw: the file is opened when there is room.
  SqliteMedium(std::filesystem::path file, const base::Clock& clock, base::Logger log);
  ~SqliteMedium() override;

  Tables& tables() override { return session_->tables(); }
  [[nodiscard]] std::shared_ptr<const Backlog> backlog() const override { return backlog_; }
  void begin_group() override;
  void commit_group() override;
  void undo_group() noexcept override;
  void note_failure(const MediumFailure& failure) noexcept override;
  void note_bug(const char* what) noexcept override;
  void after_group(bool idle) noexcept override;
  [[nodiscard]] bool make_room() noexcept override;
  [[nodiscard]] std::optional<std::string> refuses_new() override;
  [[nodiscard]] base::Result<Snapshot> hold_snapshot() override;
  void release_snapshot(const Snapshot& snapshot) noexcept override;

 private:
  void open();
  void reopen();
  void drop_unacknowledged();
  void report_start();
  void report_buried();
  void check_files();
  void settle_counts() noexcept;
  void save_log();
  void spoil_snapshot() noexcept;
  void let_go_of_snapshot() noexcept;
  void truncate_log() noexcept;

  const std::filesystem::path file_;
  const base::Clock& clock_;
  base::Logger log_;
  Reserve reserve_;
  std::optional<OpenFiles> files_;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>();  // counted again by each session when it begins
  std::unique_ptr<Session> session_;                                      // null: the file is closed, and begin_group() opens it
  bool opened_once_ = false;
  bool suspect_ = false;                           // something failed that leaves the session in doubt: it is opened again
  bool full_ = false;                              // nothing new is accepted until the reserve is taken again
  std::optional<base::Timestamp> lost_since_;      // the log was truncated: commits after this are gone
  std::optional<std::uint64_t> acknowledged_log_;  // bytes of the log; what is behind them was never acknowledged
  std::optional<base::SteadyTime> tried_at_;       // to open it again, in vain
  std::string why_closed_;
  MediumFailure::Kind closed_kind_ = MediumFailure::Kind::failing;
  std::optional<base::SteadyTime> erased_since_;
  base::Timestamp last_move_{};                  // when the log was moved into the file last
  std::string failing_;                          // the failure that was logged last; empty: it works
  std::int64_t changes_ = 0;                     // ever made by the session, at the last commit
  std::shared_ptr<std::atomic<bool>> snapshot_;  // held
};

}  // namespace belfry::store::sqlite
