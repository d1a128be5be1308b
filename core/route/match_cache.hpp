// Evaluates the conditions of a rule tree on a notification without repeating work: each path is read once, and its text is searched once
// for all patterns on that path, however many rules use them. This keeps a thousand routes cheap.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/path.hpp"

namespace re2 {
class RE2;
}

namespace belfry::route {

// Filled while rules are compiled, then sealed, then read only.
// Thread rule: immutable after seal(), any thread.
class MatchCache {
 public:
  MatchCache();
  ~MatchCache();
  MatchCache(const MatchCache&) = delete;
  MatchCache& operator=(const MatchCache&) = delete;

  // Return the index of the path, or of the pattern on that path, and add it if it is new. ErrorCode::invalid: an unknown path or a
  // malformed pattern.
  [[nodiscard]] base::Result<std::size_t> path(const std::string& path);
  [[nodiscard]] base::Result<std::size_t> pattern(std::size_t path, const std::string& pattern);
  void seal();

  [[nodiscard]] const model::Path& at(std::size_t path) const;

  // Evaluation on one notification, which outlives it and must not change meanwhile. Thread rule: one thread.
  class Evaluation {
   public:
    Evaluation(const MatchCache& match_cache, const model::Notification& notification);

    [[nodiscard]] const model::PathValue& value(std::size_t path);
    // Whether the pattern is found in the value: an unanchored search in the text or, for a number or boolean, in its JSON form.
    [[nodiscard]] bool finds(std::size_t path, std::size_t pattern);
    [[nodiscard]] const model::Notification& notification() const { return *notification_; }

   private:
    struct Known {
      bool read = false;
      bool searched = false;
      model::PathValue value;
      std::vector<bool> found;  // by pattern
    };
    const MatchCache* match_cache_;
    const model::Notification* notification_;
    std::vector<Known> known_;  // by path
  };

 private:
  struct PathEntry;
  std::vector<PathEntry> paths_;
};

}  // namespace belfry::route
