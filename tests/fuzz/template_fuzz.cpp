// Renders arbitrary templates and values in every format. A template must be rejected with advice, or render to text of bounded length. In
// every Markdown context (kPlaces), the value must be shown as it is, and the Markdown around it must keep its meaning.
// Input: template, '\0', value.
#include <cstdint>
#include <cstdlib>

#include "base/utf8.hpp"
#include "render/characters.hpp"
#include "render/escape.hpp"
#include "render/marks.hpp"
#include "render/plain_text.hpp"
#include "render/template.hpp"
#include "support/markdown_shape.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace belfry;

constexpr std::string_view kWord = "VALUE";

constexpr const char* kPlaces[] = {"a VALUE b",
                                   "VALUE",
                                   "c\n\n**VALUE**",
                                   "a **VALUE** _VALUE_ ~~VALUE~~ b",
                                   "# a VALUE b",
                                   "- VALUE\n- b",
                                   "> - a VALUE\n> - b",
                                   "1. a\n\n   VALUE\n2. b",
                                   "| a | b |\n|---|---|\n| VALUE | `a VALUE` |",
                                   "`a VALUE`",
                                   "``VALUE`` b",
                                   "```\nVALUE\n```\nb",
                                   "> ~~~\n> a VALUE\n> ~~~\n\nb",
                                   "a\n\n    b VALUE\n\nc",
                                   "[a VALUE](https://a.b/)",
                                   "- [a](https://a.b/VALUE \"VALUE\") b",
                                   "\\VALUE &VALUE; [VALUE]"};

void check_places(const std::string& value) {
  model::Notification n;
  n.labels["x"] = value;
  for (const std::string place : kPlaces) {
    const auto made = render::Template::compile(test::replaced(place, kWord, "{{labels.x}}"), render::Format::markdown)->render(n);
    const auto wanted = test::markdown_shape(place), shape = test::markdown_shape(made);
    if (!wanted) std::abort();
    if (!shape) continue;
    const bool is_blank = render::leading_space(value) == value.size();
    if (test::collapsed(shape->seen) != test::collapsed(test::replaced(wanted->seen, kWord, value))) std::abort();
    if (is_blank ? shape->blocks != wanted->blocks : shape->tags != test::replaced(wanted->tags, kWord, render::percent_encode(value)))
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto middle = input.find('\0');
  const auto text = input.substr(0, middle);
  const std::string value(middle == std::string_view::npos ? std::string_view() : input.substr(middle + 1));
  model::Notification n;
  n.title = n.title_markdown = n.body = n.body_markdown = value;
  n.labels["x"] = value;
  n.data = {{"l", {{{"x", value}}, {{"x", 1}, {"y", true}}}}, {"t", value}, {"n", 4}};
  for (const auto format : {render::Format::plain, render::Format::markdown, render::Format::url}) {
    const auto compiled = render::Template::compile(text, format);
    if (!compiled) {
      if (compiled.error().message.find("; ") == std::string::npos) std::abort();
      continue;
    }
    const auto made = compiled->render(n);
    if (made.size() > render::Template::kMaxResult + 3) std::abort();
    static_cast<void>(render::plain_text(made));
  }
  // The Markdown parser does not preserve invalid UTF-8 and invisible characters.
  if (value.size() < 1000 && base::is_utf8(value) && !value.contains("\u200b") && render::without_marks(value) == value &&
      !value.contains('\r') && value.find_first_of(std::string_view("\0\x01", 2)) == std::string::npos)
    check_places(value);
  return 0;
}
