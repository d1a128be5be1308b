// The examples of the GFM specification (tests/fixtures/gfm/SECTION.txt): source text and resulting lines. In a file
//   → .......... a tab
//   ⟨STYLES URL|TEXT⟩ .. a styled text or a link
//   | .......... before a line of preformatted text
// https://github.github.com/gfm/
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "slack/text/document.hpp"

namespace belfry::slack {
namespace {

namespace fs = std::filesystem;

const std::string kExampleBorder = std::string(80, '-') + "\n";

struct Example {
  std::string name;
  std::string markdown;
  std::string lines;
};

std::string with_tabs(std::string text) {
  constexpr std::string_view kTab = "→";
  for (std::size_t at = 0; (at = text.find(kTab, at)) != std::string::npos;) text.replace(at, kTab.size(), "\t");
  return text;
}

std::vector<Example> examples_of(const fs::path& file) {
  std::ifstream in(file);
  const std::string text = (std::stringstream() << in.rdbuf()).str();
  std::vector<Example> out;
  constexpr std::string_view kHead = "\n=== ";
  for (std::size_t at = text.find(kHead); at != std::string::npos;) {
    const std::size_t next = text.find(kHead, at + 1);
    const std::size_t body = text.find('\n', at + 1) + 1;
    const std::size_t end = next == std::string::npos ? text.size() : next + 1;
    const std::size_t border = text.find(kExampleBorder, body);
    const std::size_t number = at + kHead.size();
    out.push_back({file.stem().string() + "_" + text.substr(number, body - 1 - number), with_tabs(text.substr(body, border - body)),
                   text.substr(border + kExampleBorder.size(), end - border - kExampleBorder.size())});
    at = next;
  }
  return out;
}

std::vector<Example> examples() {
  const char* root = std::getenv("BELFRY_SOURCE_DIR");
  std::vector<Example> out;
  if (root == nullptr) return out;
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "tests/fixtures/gfm")) {
    if (entry.path().extension() != ".txt") continue;
    for (Example& example : examples_of(entry.path())) out.push_back(std::move(example));
  }
  std::ranges::sort(out, {}, &Example::name);
  return out;
}

std::string described(const Span& span) {
  std::string marks;
  const auto add = [&](bool is, const char* name) {
    if (is) marks += (marks.empty() ? "" : "+") + std::string(name);
  };
  add(span.style.bold, "bold");
  add(span.style.italic, "italic");
  add(span.style.strike, "strike");
  add(span.style.code, "code");
  if (!span.url.empty()) marks += (marks.empty() ? "" : " ") + span.url;
  return marks.empty() ? span.text : "⟨" + marks + "|" + span.text + "⟩";
}

std::string described(const Document& document) {
  std::string out;
  for (const Line& line : document) {
    if (line.gap != Gap::none && !out.empty()) out += line.gap == Gap::quoted ? ">\n" : "\n";
    std::string text;
    for (const Span& span : line.spans) text += described(span);
    if (line.rule) {
      out += (out.empty() ? "" : "\n") + std::string(kRule);
    } else if (line.preformatted) {
      out += text.empty() ? "|" : "| " + text;
    } else {
      out += line.prefix + line.marker + text;
    }
    out += '\n';
  }
  return out;
}

class Gfm : public testing::TestWithParam<Example> {};

TEST_P(Gfm, IsReadAsSpecified) {
  EXPECT_EQ(described(parse_markdown(GetParam().markdown, "https://coder.example.com")), GetParam().lines) << GetParam().markdown;
}

INSTANTIATE_TEST_SUITE_P(Example, Gfm, testing::ValuesIn(examples()), [](const auto& instance) { return instance.param.name; });

TEST(Gfm, AllSectionsAreThere) { EXPECT_EQ(examples().size(), 97u); }

}  // namespace
}  // namespace belfry::slack
