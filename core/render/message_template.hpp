// Replaces the text of a notification with templates of the configuration. Pure.
// Thread rule: immutable, any thread. Ownership: copies share the compiled templates.
#pragma once
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "model/message.hpp"
#include "model/pipeline.hpp"
#include "render/template.hpp"

namespace belfry::render {

class MessageTemplate {
 public:
  // ErrorCode::invalid: the message names the wrong template.
  [[nodiscard]] static base::Result<MessageTemplate> compile(const model::MessageRule& rule);

  // A title or body that renders empty is not replaced: neither may be empty.
  void apply(model::Notification& notification) const;

 private:
  struct Button {
    Template label, url;
  };

  std::optional<Template> title_, body_;
  std::optional<std::vector<Button>> actions_;
};

// Puts plain text on one line, as for a title.
[[nodiscard]] std::string one_line(std::string text);

// Each sets the plain form and the Markdown form together. Empty or blank text changes nothing.
void set_title(model::Notification& notification, std::string plain);
void set_body(model::Notification& notification, std::string markdown);

}  // namespace belfry::render
