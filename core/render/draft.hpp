// Markdown with tokens, and what is to be changed in it before values take their place: delimiters that have to be longer, or gone. Pure.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "render/marks.hpp"
#include "render/places.hpp"

namespace belfry::render {

// Both outlive it. Values are changed where a style must not begin or end with their spaces.
class Draft {
 public:
  Draft(std::string_view text, std::vector<std::string>& values);

  // In this order, emphases from the inside.
  void fit(const CodeSpan& span);
  void fit(const CodeBlock& block);
  void fit(const Emphasis& emphasis);

  [[nodiscard]] bool is_removed(std::size_t at) const { return removed_[at]; }
  [[nodiscard]] std::string_view inserted(std::size_t at) const;  // before the character there
  [[nodiscard]] const Token& token(std::size_t value) const { return tokens_[value]; }

 private:
  [[nodiscard]] std::string filled(std::string_view text) const;
  [[nodiscard]] bool is_blank(std::size_t value) const;
  void remove(std::size_t begin, std::size_t end);
  // White space of a value that a style within this one has put there.
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
  std::vector<Token> tokens_;  // by value
  std::vector<bool> removed_;
  std::map<std::size_t, std::string> inserted_;
};

}  // namespace belfry::render
