// Where the rows live, and the group of operations that becomes durable together. Used by the thread of GroupStore only.
#pragma once
#include <stdexcept>

#include "store/tables.hpp"

namespace belfry::store {

// The medium is full, failing or gone; what() is one sentence for people. The whole group is undone.
class MediumFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Medium {
 public:
  virtual ~Medium() = default;

  [[nodiscard]] virtual Tables& tables() = 0;

  virtual void begin_group() = 0;
  virtual void commit_group() = 0;                                 // durable when it returns
  virtual void undo_group() noexcept = 0;                          // after an exception of any of the above, or of an operation
  virtual void note_failure(const std::string& why) noexcept = 0;  // a MediumFailure cost a group; called after undo_group
  virtual void after_group(bool idle) noexcept = 0;                // the handlers have been called; idle: nothing waits
};

}  // namespace belfry::store
