#include "api/web/html.hpp"

#include <gtest/gtest.h>

namespace belfry::api::web {
namespace {

TEST(EscapeHtml, EscapesMarkupForContentAndForQuotedAttributes) {
  EXPECT_EQ(escape_html("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
  EXPECT_EQ(escape_html(R"(" onfocus="x' & y)"), "&quot; onfocus=&quot;x&#39; &amp; y");
  EXPECT_EQ(escape_html("&lt;"), "&amp;lt;");
  EXPECT_EQ(escape_html(""), "");
}

TEST(EscapeHtml, ShowsCharactersThatHideOrReorderText) {
  EXPECT_EQ(escape_html("invoice\u202Egpj.exe"), "invoice\\u202egpj.exe");
  EXPECT_EQ(escape_html("\u2066a\u2069\u200F\u061C"), "\\u2066a\\u2069\\u200f\\u061c");
  EXPECT_EQ(escape_html("a\u200Bb\uFEFFc"), "a\\u200bb\\ufeffc");
  EXPECT_EQ(escape_html("\x1B[31mred\x07"), "\\u001b[31mred\\u0007");
  EXPECT_EQ(escape_html("\x7F\u0085"), "\\u007f\\u0085");
}

TEST(EscapeHtml, KeepsLinesTabsAndScripts) {
  EXPECT_EQ(escape_html("a\r\nb\tc\n"), "a\nb\tc\n");
  EXPECT_EQ(escape_html("a\rb"), "a\\u000db");
  EXPECT_EQ(escape_html("Zoë 日本 \U0001F468\u200D\U0001F469"), "Zoë 日本 \U0001F468\u200D\U0001F469");
}

TEST(EscapeHtml, ReplacesMalformedBytes) {
  EXPECT_EQ(escape_html("a\xC0\xAF<"), "a\uFFFD\uFFFD&lt;");
  EXPECT_EQ(escape_html("\xE2\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(escape_html(std::string_view("\0", 1)), "\\u0000");
}

}  // namespace
}  // namespace belfry::api::web
