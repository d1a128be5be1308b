// Any template over any values, in every format: it is refused with advice, or it makes text of bounded length; escaped Markdown comes back
// as it was.
#include <cstdint>
#include <cstdlib>

#include "render/escape.hpp"
#include "render/plain_text.hpp"
#include "render/template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belfry;
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
  return 0;
}
