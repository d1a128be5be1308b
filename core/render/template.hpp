// A text with Mustache tags over the paths of a notification: "{{labels.workspace}} was deleted".
//
//   {{path}} ............... the value, escaped for its place (fill.hpp); nothing when there is none
//   {{{path}}}, {{&path}} .. the value as it is; of title and body the Markdown that the source wrote
//   {{#path}}...{{/path}} .. when there is a value; once for each entry of a list, whose members are then names too
//   {{^path}}...{{/path}} .. when there is none; an empty text and false are none
//   {{! ... }} ............. a remark
//
// Partials and other delimiters are refused. Bounded: 16 KiB of template, 2 sections within each other, the first 50 entries of a list, 32
// KiB of a value, 64 KiB of result.
// Thread rule: immutable, any thread. Copies share what was compiled.
// https://mustache.github.io/mustache.5.html
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/notification.hpp"

namespace belfry::render {

// What the text becomes, and so what in a value has to be escaped.
enum class Format { plain, markdown, url };

class Template {
 public:
  static constexpr std::size_t kMaxBytes = 16UL * 1024;
  static constexpr std::size_t kMaxNesting = 2;
  static constexpr std::size_t kMaxEntries = 50;
  static constexpr std::size_t kMaxValue = 32UL * 1024;
  static constexpr std::size_t kMaxResult = 64UL * 1024;

  // ErrorCode::invalid says what is wrong and what to write instead: "{{#labels.x}} is never closed; write {{/labels.x}}".
  [[nodiscard]] static base::Result<Template> compile(std::string_view text, Format format);

  // Cut, with an ellipsis, where it would become too long.
  [[nodiscard]] std::string render(const model::Notification& notification) const;

  // Names that are read outside of every section, in order: each has to be a path.
  [[nodiscard]] const std::vector<std::string>& names() const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace belfry::render
