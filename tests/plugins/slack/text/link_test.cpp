#include "slack/text/link.hpp"

#include <gtest/gtest.h>

namespace belfry::slack {
namespace {

constexpr std::string_view kCoder = "https://coder.example.com";

TEST(SafeUrl, LeavesGoodAddressesAlone) {
  for (const std::string_view url :
       {"https://coder.example.com/@bobby/ws", "http://test.com/workspaces?filter=owner:prebuilds+status:failed+template:docker",
        "http://test.com/workspaces?filter=owner%3Ame+template%3Aalpha", "http://localhost:3000/", "https://[::1]:8443/x#y",
        "https://[2001:db8::ffff:1.2.3.4]", "http://127.0.0.1:1/", "https://a.b:/", "https://my_sandbox-1:65535?x", "https://4.example",
        "mailto:ops@example.com?subject=hi"}) {
    EXPECT_EQ(safe_url(url, ""), url);
  }
}

TEST(SafeUrl, EncodesWhatSlackRefusesOrReads) {
  EXPECT_EQ(safe_url("http://test.com/workspaces?filter=template%3A<no value>", ""),
            "http://test.com/workspaces?filter=template%3A%3Cno%20value%3E");
  EXPECT_EQ(safe_url("https://a.b/x|y\"z`{}^\\", ""), "https://a.b/x%7Cy%22z%60%7B%7D%5E%5C");
  EXPECT_EQ(safe_url("https://a.b/100%/%zz/%41", ""), "https://a.b/100%25/%25zz/%41");
  EXPECT_EQ(safe_url("https://a.b/ü", ""), "https://a.b/%C3%BC");
  EXPECT_EQ(safe_url(" HTTPS://a.b/x\n", ""), "https://a.b/x");
  EXPECT_EQ(safe_url("https://a.b/\u202ex\u200b", ""), "https://a.b/x");
}

TEST(SafeUrl, RefusesWhatIsNoWebOrMailAddress) {
  for (const std::string_view url : {"",
                                     " ",
                                     "javascript:alert(1)",
                                     "JaVaScRiPt:alert(1)",
                                     "data:text/html,x",
                                     "file:///etc/passwd",
                                     "slack://user?team=T1&id=U1",
                                     "http:",
                                     "http://",
                                     "http:///path",
                                     "https:x",
                                     "https:/x",
                                     "//evil.example",
                                     "http://user@evil.example/",
                                     "https://slack.com:443@evil.example",
                                     "https://a b/",
                                     "https://a.b<x>/",
                                     "mailto:",
                                     "localhost:3000/x",
                                     "http://:80/",
                                     "https://coder.example.com:port/x",
                                     "https://a.b:99999/",
                                     "https://a.b:0/",
                                     "https://a.b:80:80/",
                                     "https://a.b:-1/",
                                     "http://[::1/",
                                     "http://[::1]x/",
                                     "http://[::1]:x/",
                                     "http://[::1%25eth0]/",
                                     "http://[a.b]/",
                                     "http://[]/",
                                     "https://]/",
                                     "https://a..b/",
                                     "https://.a.b/",
                                     "https://a.b./",
                                     "https://.",
                                     "https://1.2.3/",
                                     "https://1.2.3.256/",
                                     "https://good.com\\@evil.com/"}) {
    EXPECT_EQ(safe_url(url, ""), std::nullopt) << url;
  }
}

TEST(SafeUrl, ResolvesAgainstTheDeployment) {
  EXPECT_EQ(safe_url("/@bobby/ws", kCoder), "https://coder.example.com/@bobby/ws");
  EXPECT_EQ(safe_url("workspaces?x=1", kCoder), "https://coder.example.com/workspaces?x=1");
  EXPECT_EQ(safe_url("/x", "https://example.com:8443/coder/"), "https://example.com:8443/x");
  EXPECT_EQ(safe_url("x", "https://example.com/coder"), "https://example.com/coder/x");
  EXPECT_EQ(safe_url("http://other.example/", kCoder), "http://other.example/");
  EXPECT_EQ(safe_url("//evil.example/x", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("\\\\evil.example/x", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("see the docs", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("see /the docs", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("<no value>", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("<no value>/x", kCoder), std::nullopt);
  EXPECT_EQ(safe_url("/@bobby/ws", ""), std::nullopt);
}

TEST(SafeUrl, EncodesRelativeOnesToo) {
  EXPECT_EQ(safe_url("/@<no value>/my ws", kCoder), "https://coder.example.com/@%3Cno%20value%3E/my%20ws");
  EXPECT_EQ(safe_url("workspaces?filter=template:<no value>", kCoder),
            "https://coder.example.com/workspaces?filter=template:%3Cno%20value%3E");
  EXPECT_EQ(safe_url("?a=\"b\"", kCoder), "https://coder.example.com/?a=%22b%22");
  EXPECT_EQ(safe_url("/\\evil.example|x", kCoder), "https://coder.example.com/%5Cevil.example%7Cx");
}

TEST(SafeUrl, HasALimit) {
  const std::string prefix = "https://a.b/";
  EXPECT_TRUE(safe_url(prefix + std::string(kUrlLimit - prefix.size(), 'x'), ""));
  EXPECT_FALSE(safe_url(prefix + std::string(kUrlLimit - prefix.size() + 1, 'x'), ""));
  EXPECT_FALSE(safe_url(prefix + std::string(2000, '<'), "")) << "the limit applies to the encoded URL";
}

TEST(NamesAnotherHost, WhateverLooksLikeAnAddress) {
  for (const std::string_view label : {"https://bank.example",
                                       "HTTPS://bank.example/login",
                                       "HttP://bank.example",
                                       "ftp://bank.example",
                                       "https://x@bank.example",
                                       "https://bank.example@evil.example",
                                       "https://evil.example:x@bank.example/",
                                       "https://evil.example or https://bank.example",
                                       "https://evil.example,https://bank.example",
                                       "https://evil.example.bank.example",
                                       "bank.example/login",
                                       "Bank.Example/",
                                       "to (bank.example/login)",
                                       "see:bank.example/login",
                                       "bank.example:443/login",
                                       "//bank.example/login",
                                       "bank.example./login",
                                       "bank.example/https://evil.example",
                                       "bank.xn--p1ai/login",
                                       "bänk.example/login",
                                       "банк.рф/x",
                                       "www.bank.example",
                                       "WWW.bank.example",
                                       "at (www.bank.example)",
                                       "x@bank.example/login",
                                       "\"bank.example/login\"",
                                       "https://[::1]/x"}) {
    EXPECT_TRUE(names_another_host(label, "https://evil.example/x")) << label;
  }
  EXPECT_TRUE(names_another_host("https://bank.example", "mailto:a@evil.example"));
}

TEST(NamesAnotherHost, ItsOwnIsNoOther) {
  for (const std::string_view label :
       {"https://a.example/x", "HTTPS://A.Example", "see https://a.example.", "a.example/login", "https://a.example:443/x", "(a.example/x)",
        "a.example:8443/x", "\"https://a.example\", they wrote"}) {
    EXPECT_FALSE(names_another_host(label, "https://a.example:8443/y")) << label;
  }
  EXPECT_FALSE(names_another_host("https://www.a.example/x www.a.example", "https://www.a.example/"));
  EXPECT_FALSE(names_another_host("https://bücher.example/x", *safe_url("https://bücher.example/y", "")));
  EXPECT_FALSE(names_another_host("https://[::1]:80/x", "https://[::1]/"));
}

TEST(NamesAnotherHost, OrdinaryLabels) {
  for (const std::string_view label : {"",
                                       "View workspace",
                                       "v1.2/3",
                                       "v1.22/30",
                                       "and/or",
                                       "README.md",
                                       "main.tf",
                                       "docs/main.tf",
                                       "path/to.dir/x",
                                       "etc/conf.d/x",
                                       "/etc/nginx.conf/x",
                                       "e.g./i.e.",
                                       "3.5GB/s",
                                       "10.0.0.0/8",
                                       "km/h",
                                       "12:30",
                                       "@bobby/dev",
                                       "bobby@corp.example",
                                       "coder/coder.git",
                                       "git@github.com:coder/coder.git",
                                       "https://",
                                       "a... b/c",
                                       "🎉/🎉",
                                       "awww. nice",
                                       "wait.../then"}) {
    EXPECT_FALSE(names_another_host(label, "https://a.example/")) << label;
  }
}

std::string bare_url_in(std::string_view text) {
  const auto url = find_bare_url(text);
  return url ? std::string(text.substr(url->begin, url->end - url->begin)) : "";
}

TEST(FindBareUrl, TakesNoPunctuationOfTheSentence) {
  EXPECT_EQ(bare_url_in("see https://a.b/c."), "https://a.b/c");
  EXPECT_EQ(bare_url_in("docs (https://a.b/c)."), "https://a.b/c");
  EXPECT_EQ(bare_url_in("https://a.b/c_(d)!"), "https://a.b/c_(d)");
  EXPECT_EQ(bare_url_in("<https://a.b>"), "https://a.b");
  EXPECT_EQ(bare_url_in("\"https://a.b/?x=1&y=2\""), "https://a.b/?x=1&y=2");
}

TEST(FindBareUrl, EndsWhereALanguageWithoutSpacesGoesOn) {
  for (const std::string_view behind :
       {"。", "，",     "、",       "）",     "」",   "』",   "】", "》",     "；", "：", "！", "？", "…", "”",  "’",
        "»",  "。谢谢", "）を見て", "を見て", "에서", "请看", "ดู",  "\u3000", "～", "・", "،",  "؟",  "।", "🎉", "\u00a0"}) {
    EXPECT_EQ(bare_url_in("请看https://a.b/c" + std::string(behind)), "https://a.b/c") << behind;
    EXPECT_EQ(bare_url_in("（https://a.b/c?d=1" + std::string(behind) + "x"), "https://a.b/c?d=1") << behind;
  }
  EXPECT_EQ(bare_url_in("https://a.b/（c"), "https://a.b/");
  for (const std::string_view whole :
       {"https://ja.example/wiki/日本語", "https://a.b/?q=日本", "https://münchen.example/straße", "https://a.b/नमस्ते"})
    EXPECT_EQ(bare_url_in(whole), whole);
}

TEST(FindBareUrl, KnowsWhatIsNone) {
  for (const std::string_view text : {"", "http", "https://", "xhttp://a.b", "http:// a", "ftp://a.b", "http://u@a.b"})
    EXPECT_EQ(bare_url_in(text), "") << text;
  EXPECT_EQ(bare_url_in("http://, then https://a.b"), "https://a.b");
}

}  // namespace
}  // namespace belfry::slack
