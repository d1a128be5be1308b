#include "slack/text/text.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace belfry::slack {
namespace {

constexpr std::size_t kAll = 1'000'000;

std::string cleaned(std::string_view text) { return clean(text, kAll).text; }

TEST(Clean, KeepsWhatPeopleWrite) {
  for (const std::string_view text :
       {"", "Hi Bobby,\n\n\tdone", "naïve – “ok” 日本語 🎉", "می\u200cخواهم", "👨\u200d👩\u200d👧", "क्\u200dष",
        "❤\ufe0f\u200d🔥 ☎\ufe0e 1\ufe0f\u20e3 #\ufe0f\u20e3 ≨\ufe00 葛\ufe00", "한국어 ភាសា ᠮᠣᠩᠭᠣᠯ"}) {
    EXPECT_EQ(cleaned(text), text);
  }
}

TEST(Clean, RemovesWhatDeceives) {
  EXPECT_EQ(cleaned(std::string_view("a\0b\x01\x1b[31mc\x7f", 10)), "ab[31mc");
  EXPECT_EQ(cleaned("a\u202egnp.exe\u202c"), "agnp.exe");
  EXPECT_EQ(cleaned("\u2066a\u2069\u200e\u200f\u061c"), "a");
  EXPECT_EQ(cleaned("pay\u200bpal \ufeffx\u2060y\u00adz"), "paypal xyz");
  EXPECT_EQ(cleaned("\U000e0041tag"), "tag");
  EXPECT_EQ(cleaned("\u0085\u2028\u2029"), "\n\n\n");
  EXPECT_EQ(cleaned("a\r\nb\rc"), "a\nb\nc");
}

TEST(Clean, RemovesWhatNobodySees) {
  for (const std::string_view hidden : {"\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u17b4", "\u17b5", "\u180b", "\u180c", "\u180d",
                                        "\u180e", "\u180f", "\U000e0100", "\U000e01ef", "\ufe00", "\ufe0e", "\ufe0f\ufe0f"}) {
    EXPECT_EQ(cleaned("pay" + std::string(hidden) + "pal"), "paypal");
    EXPECT_EQ(clean_line(hidden, kAll), "");
    EXPECT_EQ(clean_line("\u00a0" + std::string(hidden) + "\u3000", kAll), "");
  }
  EXPECT_EQ(cleaned("é\ufe0f\ufe0f"), "é\ufe0f") << "one is enough";
  EXPECT_EQ(cleaned("1\ufe00"), "1");
  EXPECT_EQ(clean_line("\u00a0\u200d\u00a0", kAll), "");
  EXPECT_EQ(clean_line("\ufe0f\u200d\ufe0f", kAll), "");
}

TEST(Clean, JoinersHideNothingInAscii) {
  EXPECT_EQ(cleaned("pay\u200dpal \u200cx"), "paypal x");
  EXPECT_EQ(cleaned("\u200d"), "");
  EXPECT_EQ(cleaned("é\u200d\u200dé"), "éé");
}

TEST(Clean, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(cleaned("\xff"), "\uFFFD");
  EXPECT_EQ(cleaned("a\xc3"), "a\uFFFD");
  EXPECT_EQ(cleaned("\xc0\xaf"), "\uFFFD\uFFFD");
  EXPECT_EQ(cleaned("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(cleaned("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(Clean, SaysThatItCut) {
  EXPECT_EQ(clean("äöü", 3).text, "äöü");
  EXPECT_FALSE(clean("äöü", 3).cut);
  EXPECT_EQ(clean("äöü", 2).text, "äö");
  EXPECT_TRUE(clean("äöü", 2).cut);
}

TEST(CleanLine, IsOneLine) {
  EXPECT_EQ(clean_line("  a\n\n b\t\u3000c  ", kAll), "a b c");
  EXPECT_EQ(clean_line(" \u00a0\u200b\n", kAll), "");
}

TEST(Length, CountsUtf16) {
  EXPECT_EQ(length(""), 0u);
  EXPECT_EQ(length("aä日"), 3u);
  EXPECT_EQ(length("🎉"), 2u);
}

TEST(Shorten, EndsVisibly) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abcd", 3), "ab…");
  EXPECT_EQ(shorten("abcd", 1), "…");
  EXPECT_EQ(shorten("", 0), "");
}

TEST(Shorten, KeepsCharactersWhole) {
  EXPECT_EQ(shorten("a🎉b", 3), "a…");
  EXPECT_EQ(shorten("ae\u0301bc", 3), "a…") << "an accent stays with its letter";
  EXPECT_EQ(shorten("ab👨\u200d👩\u200d👧cd", 7), "ab…");
  EXPECT_EQ(shorten("a👍🏽bc", 5), "a…");
}

TEST(Shorten, KeepsClustersWhole) {
  for (const std::string_view one : {"🇩🇪", "कि", "각", "กำ", "1\ufe0f\u20e3", "🏴‍☠️", "e\u0323\u0301"}) {
    const std::string text = "日" + std::string(one) + "日日";
    for (std::size_t limit = 2; limit < length(text); ++limit) {
      const std::string kept = shorten(text, limit);
      EXPECT_TRUE(kept == "日…" || kept == "日" + std::string(one) + "…" || kept == "日" + std::string(one) + "日…") << kept;
    }
  }
}

TEST(Shorten, HalfAnAddressOrCodeIsAnotherOne) {
  const auto cuts = [](std::string_view text) {
    std::set<std::string> all;
    for (std::size_t limit = 1; limit < length(text); ++limit) all.insert(shorten(text, limit));
    return all;
  };
  EXPECT_EQ(cuts("see https://a.example/b?c=d"), (std::set<std::string>{"…", "s…", "se…", "see…"}));
  EXPECT_EQ(cuts("日https://a.example/本/語"), (std::set<std::string>{"…", "日…"}));
  EXPECT_EQ(cuts("pay IBAN-4711"), (std::set<std::string>{"…", "p…", "pa…", "pay…"}));
  EXPECT_EQ(cuts("ada@b.example"), (std::set<std::string>{"…"}));
  EXPECT_EQ(shorten("日本https://a.example。語語語", 22), "日本https://a.example。語…") << "the URL has ended";
  EXPECT_EQ(shorten_escaped("run coder-4711 &&&", 21), "run coder-4711 &amp;…");
}

TEST(Shorten, AHeapOfAccentsIsCutThrough) {
  std::string heap = "a";
  for (int i = 0; i < 1000; ++i) heap += "\u0301";
  EXPECT_EQ(length(shorten(heap, 500)), 500u);
}

TEST(Escape, ExactlyThreeCharacters) { EXPECT_EQ(escape("<!here> & \"'*_~`|"), "&lt;!here&gt; &amp; \"'*_~`|"); }

TEST(Escape, NeverCutsAnEntity) {
  EXPECT_EQ(shorten_escaped("<<", 8), "&lt;&lt;");
  EXPECT_EQ(shorten_escaped("<<<", 8), "&lt;…");
  EXPECT_EQ(shorten_escaped("&&", 9), "&amp;…");
}

}  // namespace
}  // namespace belfry::slack
