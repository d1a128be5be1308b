#include "api/web/templates.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "api/web/page_texts.hpp"

namespace belfry::api::web {
namespace {

// Every template, and the layout.
std::map<std::string, std::string> all_pages() {
  std::map<std::string, std::string> pages{{"layout", std::string(kLayout)}};
  for (const auto& [name, text] : kPageTexts) pages.emplace(name, text);
  return pages;
}

TEST(PageTemplates, NoValueIsUnescaped) {
  for (const auto& [name, text] : all_pages()) {
    EXPECT_EQ(text.find("{{{"), std::string::npos) << name;
    EXPECT_EQ(text.find("{{&"), std::string::npos) << name;
    EXPECT_EQ(text.find("{{>"), std::string::npos) << name;
  }
}

TEST(PageTemplates, ValuesStandInContentOrInDoubleQuotes) {
  const std::regex unquoted(R"([\w-]+=(\{\{|'))");
  const std::regex inside_tag(R"(<[a-z0-9]+[^>]*>)");
  for (const auto& [name, text] : all_pages()) {
    EXPECT_FALSE(std::regex_search(text, unquoted)) << name;
    for (std::sregex_iterator tag(text.begin(), text.end(), inside_tag), end; tag != end; ++tag) {
      // Outside its quoted values a tag may only have sections, which choose between fixed attributes.
      const auto bare = std::regex_replace(tag->str(), std::regex("\"[^\"]*\""), "");
      EXPECT_FALSE(std::regex_search(bare, std::regex(R"(\{\{[a-z_.])"))) << name << ": " << tag->str();
    }
  }
}

TEST(PageTemplates, NothingRunsAndNothingComesFromElsewhere) {
  const std::regex forbidden(R"(<script|<style|<iframe|<object|<img|javascript:|\son\w+=|\sstyle=|https?://)", std::regex::icase);
  for (const auto& [name, text] : all_pages()) EXPECT_FALSE(std::regex_search(text, forbidden)) << name;
  EXPECT_EQ(kStylesheet.find("url("), std::string_view::npos);
  EXPECT_EQ(kStylesheet.find("@import"), std::string_view::npos);
}

TEST(PageTemplates, EveryFormThatPostsCarriesTheCsrfToken) {
  const std::regex form(R"(<form[^>]*method="post"[^>]*>\s*<input type="hidden" name="csrf" value="\{\{csrf\}\}">)");
  const std::regex post(R"(method="post")");
  const auto count = [](const std::string& text, const std::regex& pattern) {
    return std::distance(std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator());
  };
  for (const auto& [name, text] : all_pages()) EXPECT_EQ(count(text, form), count(text, post)) << name;
}

TEST(PageTemplates, HtmlInAValueIsText) {
  const Templates templates;
  const auto html =
      templates.render("error", {{"title", "<b>"}, {"message", "</p><script>x</script>"}, {"back", "\"><i>"}, {"back_label", "B"}});
  EXPECT_NE(html.find("<title>&lt;b&gt; - Belfry</title>"), std::string::npos) << html;
  EXPECT_NE(html.find("&lt;/p&gt;&lt;script&gt;x&lt;/script&gt;"), std::string::npos);
  EXPECT_NE(html.find("href=\"&quot;&gt;&lt;i&gt;\""), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
}

TEST(PageTemplates, MustacheInAValueIsText) {
  const Templates templates;
  EXPECT_NE(templates.render("error", {{"title", "t"}, {"message", "{{csrf}}"}, {"csrf", "secret"}}).find("{{csrf}}"), std::string::npos);
}

TEST(PageTemplates, UnknownPagesAreABug) { EXPECT_THROW(static_cast<void>(Templates().render("none", {})), std::out_of_range); }

}  // namespace
}  // namespace belfry::api::web
