// The storage behind GroupStore, and its transactions: the operations of one group become durable together.
// Thread rule: used on the thread of GroupStore only, except note_bug().
#pragma once
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "store/backlog.hpp"
#include "store/snapshot.hpp"
#include "store/tables.hpp"

namespace belfry::store {

// The medium is full, failing or missing; what() is one sentence for display. The whole group is rolled back.
class MediumFailure : public std::runtime_error {
 public:
  enum class Kind {
    failing,  // cannot be used or trusted
    damaged,  // is not a store, or not a complete one
    full,     // works, but has no free space
  };
  explicit MediumFailure(const std::string& what, Kind kind = Kind::failing) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

class Medium {
 public:
  virtual ~Medium() = default;

  [[nodiscard]] virtual Tables& tables() = 0;  // within a group
  // Counts of the rows as of the last commit; never null.
  [[nodiscard]] virtual std::shared_ptr<const Backlog> backlog() const = 0;

  virtual void begin_group() = 0;
  virtual void commit_group() = 0;                                       // durable when it returns
  virtual void rollback_group() noexcept = 0;                            // after an exception from any of the above or from an operation
  virtual void note_failure(const MediumFailure& failure) noexcept = 0;  // a group has failed; called after rollback_group()
  virtual void note_bug(const char* what) noexcept { static_cast<void>(what); }  // an unexpected exception was caught
  virtual void after_group(bool idle) noexcept = 0;                              // the handlers have been called; idle: nothing is queued
  // Called after a group was rolled back because the medium is full. True: some space was freed, run the group once more.
  [[nodiscard]] virtual bool free_space() noexcept { return false; }
  // Why new work is refused while stored work can go on; none: it is accepted. Within a group.
  [[nodiscard]] virtual std::optional<std::string> refusal_reason() { return std::nullopt; }

  // Preserves the state of the last commit for a copy; see snapshot.hpp. Within a group.
  [[nodiscard]] virtual base::Result<Snapshot> hold_snapshot() {
    return base::fail(base::ErrorCode::invalid, "this store keeps nothing on disk, so there is nothing to back up");
  }
  virtual void release_snapshot(const Snapshot&) noexcept {}
};

}  // namespace belfry::store
