// Marks the values in a rendered template, to separate them from its text until their context is known. The marks are Unicode
// noncharacters, which text should not contain; they are removed from text that does. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::render {

// Returns the text without mark characters.
[[nodiscard]] std::string without_marks(std::string_view text);

// Encloses the value in marks, for split_marked().
[[nodiscard]] std::string mark(std::string_view value);

// Stands for a value in a text. A Markdown parser reads it as a word.
struct Placeholder {
  std::size_t value = 0;  // index
  std::size_t begin = 0, end = 0;
};

struct Marked {
  std::string text;  // with a placeholder for each value
  std::vector<std::string> values;
};

// Splits text that was rendered with mark() around each value. The last value may be truncated.
[[nodiscard]] Marked split_marked(std::string_view rendered);

// The first placeholder at or after `from`; the one that begins at `begin`; the one that ends at `end`.
[[nodiscard]] std::optional<Placeholder> next_placeholder(std::string_view text, std::size_t from);
[[nodiscard]] std::optional<Placeholder> placeholder_at(std::string_view text, std::size_t begin);
[[nodiscard]] std::optional<Placeholder> placeholder_before(std::string_view text, std::size_t end);

}  // namespace belfry::render
