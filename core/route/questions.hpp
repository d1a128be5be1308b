// What the conditions of a rule tree ask of a notification, each thing once: a path is read once, and a text is searched once for all
// patterns that its path has, however many rules ask. That is what keeps a thousand routes cheap.
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

// Filled while rules are compiled, then sealed, then only read.
// Thread rule: after seal(), immutable, any thread.
class Questions {
 public:
  Questions();
  ~Questions();
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  // Numbers to ask by. ErrorCode::invalid: an unknown path, a wrong pattern.
  [[nodiscard]] base::Result<std::size_t> path(const std::string& path);
  [[nodiscard]] base::Result<std::size_t> pattern(std::size_t path, const std::string& pattern);
  void seal();

  [[nodiscard]] const model::Path& at(std::size_t path) const;

  // Of one notification, which outlives it and does not change meanwhile. One thread.
  class Answers {
   public:
    Answers(const Questions& questions, const model::Notification& notification);

    [[nodiscard]] const model::PathValue& value(std::size_t path);
    // Whether the pattern is found in the value: an unanchored search in the text; of a number or boolean, in its JSON form.
    [[nodiscard]] bool finds(std::size_t path, std::size_t pattern);
    [[nodiscard]] const model::Notification& notification() const { return *notification_; }

   private:
    struct Known {
      bool read = false;
      bool searched = false;
      model::PathValue value;
      std::vector<bool> found;  // by pattern
    };
    const Questions* questions_;
    const model::Notification* notification_;
    std::vector<Known> known_;  // by path
  };

 private:
  struct Asked;
  std::vector<Asked> paths_;
};

}  // namespace belfry::route
