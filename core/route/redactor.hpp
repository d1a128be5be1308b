// Takes what patterns find out of everything that a notification says. Pure.
// Thread rule: immutable, any thread. Copies share the compiled patterns.
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
  // ErrorCode::invalid: a pattern is wrong, or finds the empty text, which is everywhere.
  [[nodiscard]] static base::Result<Redactor> compile(const std::vector<model::Redaction>& redactions);

  // In title, body, buttons, labels and data, and in what they were before processors changed them. Gives how often something was found.
  std::size_t apply(model::Notification& notification) const;

  [[nodiscard]] bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::shared_ptr<const re2::RE2> find;
    std::string rewrite;  // in RE2's form
  };

  std::size_t apply(std::string& text) const;
  std::size_t apply(nlohmann::json& tree) const;

  std::vector<Pattern> patterns_;
};

}  // namespace belfry::route
