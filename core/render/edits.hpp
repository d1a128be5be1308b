// Adjusts Markdown with placeholders before values replace them: lengthens delimiters, or removes them. Pure.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "render/layout.hpp"
#include "render/marks.hpp"

namespace belfry::render {

// Records the edits of a text. Trims white space from values where a style must not begin or end with it.
// Ownership: the text and the values outlive this object.
class MarkdownEdits {
 public:
  MarkdownEdits(std::string_view text, std::vector<std::string>& values);

  // Call in this order; emphases from the innermost outwards.
  void adjust(const CodeSpan& span);
  void adjust(const CodeBlock& block);
  void adjust(const Emphasis& emphasis);

  [[nodiscard]] bool is_removed(std::size_t at) const { return removed_[at]; }
  [[nodiscard]] std::string_view inserted(std::size_t at) const;  // before the character at `at`
  [[nodiscard]] const Placeholder& placeholder(std::size_t value) const { return placeholders_[value]; }

 private:
  [[nodiscard]] std::string filled(std::string_view text) const;
  [[nodiscard]] bool is_blank(std::size_t value) const;
  void remove(std::size_t begin, std::size_t end);
  // White space of a value that an inner style has moved to `at`.
  [[nodiscard]] std::string_view space_inserted(std::size_t at) const;
  void remove_around(std::size_t begin, std::size_t end, std::size_t delimiter);
  bool trim_front(const Emphasis& emphasis);
  void trim_back(const Emphasis& emphasis);
  void set_apart(const Emphasis& emphasis);
  void join_lines(std::size_t begin, std::size_t end);
  [[nodiscard]] std::size_t before_delimiters(std::size_t at) const;
  [[nodiscard]] std::size_t behind_delimiters(std::size_t at) const;

  std::string_view text_;
  std::vector<std::string>& values_;
  std::vector<Placeholder> placeholders_;  // by value
  std::vector<bool> removed_;
  std::map<std::size_t, std::string> inserted_;
};

}  // namespace belfry::render
