// The text of a notification in the words of the configuration. Pure.
// Thread rule: immutable, any thread. Copies share what was compiled.
#pragma once
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "model/message.hpp"
#include "model/pipeline.hpp"
#include "render/template.hpp"

namespace belfry::render {

class MessageText {
 public:
  // ErrorCode::invalid says which text is wrong.
  [[nodiscard]] static base::Result<MessageText> compile(const model::MessageRule& rule);

  // A title or body that comes out empty leaves what was there: neither may be empty.
  void apply(model::Notification& notification) const;

 private:
  struct Button {
    Template label, url;
  };

  std::optional<Template> title_, body_;
  std::optional<std::vector<Button>> actions_;
};

// Plain text in one line, as a title is.
[[nodiscard]] std::string one_line(std::string text);

// Each of them keeps the plain form and the Markdown form in step. Text that is empty or white space alone changes nothing.
void set_title(model::Notification& notification, std::string plain);
void set_body(model::Notification& notification, std::string markdown);

}  // namespace belfry::render
