// The values in a rendered template, marked so that they can be told from its text until their places are known. The marks are
// noncharacters of Unicode, which no text is to hold; what does loses them. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::render {

// Text without characters that are marks.
[[nodiscard]] std::string without_marks(std::string_view text);

[[nodiscard]] std::string mark(std::string_view value);

// Stands for a value in a text. A Markdown parser takes it for a word.
struct Token {
  std::size_t value = 0;  // its index
  std::size_t begin = 0, end = 0;
};

struct Marked {
  std::string text;  // with a token for each value
  std::vector<std::string> values;
};

// Splits what was rendered with mark() around each value. A last value may have been cut.
[[nodiscard]] Marked split_marked(std::string_view rendered);

// The first token at or behind `from`, and one that begins or ends there.
[[nodiscard]] std::optional<Token> next_token(std::string_view text, std::size_t from);
[[nodiscard]] std::optional<Token> token_at(std::string_view text, std::size_t begin);
[[nodiscard]] std::optional<Token> token_before(std::string_view text, std::size_t end);

}  // namespace belfry::render
