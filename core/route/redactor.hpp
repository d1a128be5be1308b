// Replaces the matches of patterns in all content of a notification. Pure.
// Thread rule: immutable, any thread. Ownership: copies share the compiled patterns.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/notification.hpp"
#include "model/pipeline.hpp"

namespace re2 {
class RE2;
}

namespace belfry::route {

class Redactor {
 public:
  // ErrorCode::invalid: a pattern is malformed, or matches the empty text and so matches everywhere.
  [[nodiscard]] static base::Result<Redactor> compile(const std::vector<model::Redaction>& redactions);

  // Redacts title, body, update key, buttons, labels and data, and their values from before processors changed them. Returns the number of
  // replacements.
  std::size_t apply(model::Notification& notification) const;

  // The same for one text.
  std::size_t apply(std::string& text) const;

  [[nodiscard]] bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::shared_ptr<const re2::RE2> find;
    std::string rewrite;  // in RE2's rewrite syntax
  };

  std::size_t apply(nlohmann::json& tree) const;

  std::vector<Pattern> patterns_;
};

}  // namespace belfry::route
