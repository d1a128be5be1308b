// A Mustache template over the paths of a notification: "{{labels.name}} was deleted".
//
//   {{path}} ............... the value, escaped for its context (fill.hpp); nothing if there is none
//   {{{path}}}, {{&path}} .. the value unescaped; for title and body, the source's Markdown
//   {{#path}}...{{/path}} .. rendered if there is a value; once per entry of a list, whose members then are names too
//   {{^path}}...{{/path}} .. rendered if there is no value; an empty text and false count as none
//   {{! ... }} ............. a comment
//
// Partials and changes of delimiters are rejected. Limits: 16 KiB of template, 2 nested sections, the first 50 entries of a list, 32 KiB
// per value, 64 KiB of result.
// Thread rule: immutable, any thread. Ownership: copies share the compiled template.
// https://mustache.github.io/mustache.5.html
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/notification.hpp"

namespace belfry::render {

// The kind of text that a template produces, which determines how values are escaped.
enum class Format { plain, markdown, url };

class Template {
 public:
  static constexpr std::size_t kMaxBytes = 16UL * 1024;
  static constexpr std::size_t kMaxNesting = 2;
  static constexpr std::size_t kMaxEntries = 50;
  static constexpr std::size_t kMaxValue = 32UL * 1024;
  static constexpr std::size_t kMaxResult = 64UL * 1024;

  // ErrorCode::invalid: the message names the error and what to write instead: "{{#labels.x}} is never closed; write {{/labels.x}}".
  [[nodiscard]] static base::Result<Template> compile(std::string_view text, Format format);

  // Truncates a result that is too long, with an ellipsis.
  [[nodiscard]] std::string render(const model::Notification& notification) const;

  // Names that are read outside of all sections, in order; each must be a path.
  [[nodiscard]] const std::vector<std::string>& names() const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace belfry::render
