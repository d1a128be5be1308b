// Where the rows live, and the group of operations that becomes durable together. Used by the thread of GroupStore only, but for note_bug.
#pragma once
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "store/backlog.hpp"
#include "store/snapshot.hpp"
#include "store/tables.hpp"

namespace belfry::store {

// The medium is full, failing or gone; what() is one sentence for people. The whole group is undone.
class MediumFailure : public std::runtime_error {
 public:
  enum class Kind {
    failing,  // it cannot be used, or not be trusted
    damaged,  // what it holds is no store, or not a whole one
    full,     // it works, and has no room for more
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
  // Counts what the tables hold, as of the last commit; never null.
  [[nodiscard]] virtual std::shared_ptr<const Backlog> backlog() const = 0;

  virtual void begin_group() = 0;
  virtual void commit_group() = 0;                                       // durable when it returns
  virtual void undo_group() noexcept = 0;                                // after an exception of any of the above, or of an operation
  virtual void note_failure(const MediumFailure& failure) noexcept = 0;  // it cost a group; called after undo_group
  virtual void note_bug(const char* what) noexcept { static_cast<void>(what); }  // something threw that must not; the store goes on
  virtual void after_group(bool idle) noexcept = 0;                              // the handlers have been called; idle: nothing waits
  // After a group was undone because the medium is full. True: some room was made, the group may be tried once more.
  [[nodiscard]] virtual bool make_room() noexcept { return false; }
  // Why new work is refused although what is stored can be worked on; none: it is accepted. Within a group.
  [[nodiscard]] virtual std::optional<std::string> refuses_new() { return std::nullopt; }

  // Keeps the medium as the last commit left it, for a copy; see snapshot.hpp. Within a group.
  [[nodiscard]] virtual base::Result<Snapshot> hold_snapshot() {
    return base::fail(base::ErrorCode::invalid, "this store keeps nothing on disk, so there is nothing to back up");
  }
  virtual void release_snapshot(const Snapshot&) noexcept {}
};

}  // namespace belfry::store
