#include "base/secret_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace belfry::base {
namespace {

using testing::HasSubstr;

TEST(SecretText, WhatStandsAroundItIsTrimmed) {
  for (const std::string before : {"", " ", "\n", "\r\n\t ", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n "}) {
    for (const std::string after : {"", " ", "\n", "\r\n", "\n\n\n", " \t\v\f"}) {
      EXPECT_EQ(trimmed_secret(before + "a secret" + after), "a secret") << before << after;
    }
  }
  EXPECT_EQ(trimmed_secret(""), "");
  EXPECT_EQ(trimmed_secret("\xEF\xBB\xBF \n"), "");
  EXPECT_EQ(trimmed_secret("\"quoted\""), "\"quoted\"");
}

TEST(SecretText, WhatCannotBeMeantIsAFault) {
  EXPECT_EQ(secret_error("correct horse battery staple"), "");
  EXPECT_EQ(secret_error("pässwörd日本"), "");
  EXPECT_EQ(secret_error(""), "");
  for (const std::string_view lines : {"one\ntwo", "one\r\ntwo", "one\rtwo"}) EXPECT_THAT(secret_error(lines), HasSubstr("a line break"));
  for (const std::string& text : {std::string("a\tb"), std::string("a\0b", 3), std::string("a\x1b[31mb"), std::string("a\x7f")}) {
    EXPECT_THAT(secret_error(text), HasSubstr("a control character"));
  }
  for (const std::string_view unseen : {"\u00a0", "\u00ad", "\u200b", "\u200d", "\u200e", "\u202e", "\u2060", "\ufeff"}) {
    EXPECT_THAT(secret_error("xoxb-1" + std::string(unseen)), HasSubstr("an invisible character")) << unseen;
  }
}

TEST(SecretText, WhatLooksLikeSomethingElseIsADoubt) {
  for (const std::string_view quoted : {"\"xoxb-1\"", "'xoxb-1'", "`xoxb-1`", "\"\""})
    EXPECT_THAT(secret_warning(quoted), HasSubstr("quotes"));
  for (const std::string_view named : {"SLACK_BOT_TOKEN=xoxb-1", "TOKEN=", "A2_B=c"})
    EXPECT_THAT(secret_warning(named), HasSubstr("NAME=VALUE"));
  for (const std::string_view secret : {"xoxb-1", "c2VjcmV0cw==", "A=b", "a=b", "\"", "it's", "PASS_WORD", "Passw0rd=", "=x"}) {
    EXPECT_EQ(secret_warning(secret), "") << secret;
  }
}

}  // namespace
}  // namespace belfry::base
