#include "slack/inbound/interaction.hpp"

#include <gtest/gtest.h>

#include "plugins/slack/inbound/request_parts.hpp"

namespace belfry::slack {
namespace {

TEST(SslCheck, OnlyTheExactFormField) {
  EXPECT_TRUE(is_ssl_check({kFormType, "ssl_check=1"}));
  EXPECT_TRUE(is_ssl_check({kFormType, "ssl_check=1&token=abc"}));
  EXPECT_TRUE(is_ssl_check({"Application/X-WWW-Form-Urlencoded ; charset=utf-8", "ssl_check=1"}));
  for (const std::string_view body : {"", "ssl_check=0", "ssl_check=true", "ssl_check=", "ssl_check", "ssl_check=11", "ssl_check=1%20",
                                      "ssl_check=1&ssl_check=0", "payload=ssl_check%3D1", "SSL_CHECK=1"}) {
    EXPECT_FALSE(is_ssl_check({kFormType, body})) << body;
  }
  EXPECT_FALSE(is_ssl_check({kFormType, "ssl_check=1&x=" + std::string(2000, 'x')})) << "the check is unsigned";
  EXPECT_FALSE(is_ssl_check({kJsonType, "ssl_check=1"}));
  EXPECT_FALSE(is_ssl_check({kJsonType, R"({"ssl_check":1})"}));
  EXPECT_FALSE(is_ssl_check({"", "ssl_check=1"}));
}

TEST(SslCheck, WhatElseItCarriesHasNoEffect) { EXPECT_EQ(reply_to({kFormType, "ssl_check=1&payload=%7Bbroken"}), Reply{}); }

TEST(Interaction, IsAcknowledgedEmpty) {
  const Reply empty{200, "", ""};
  EXPECT_EQ(reply_to({kFormType, "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%5D%7D"}), empty);
  EXPECT_EQ(reply_to({"application/x-www-form-urlencoded; charset=utf-8", "payload=%7B%22type%22%3A%22view_submission%22%7D"}), empty);
  EXPECT_EQ(reply_to({kFormType, "payload=%7B%22type%22:+%22something_new%22%7D"}), empty);
  EXPECT_EQ(reply_to({kJsonType, R"({"type":"event_callback","event":{}})"}), empty);
}

TEST(Interaction, MalformedOnesAreRefused) {
  for (const std::string_view body :
       {"", "payload=", "payload", "payload=%7B", "payload=%5B%5D", "payload=%7B%7D", "payload=%7B%22type%22%3A1%7D", "payload=null",
        "payload=%7B%22type%22%3A%22a%22%7D&payload=%7B%7D", "other=1", "payload=%ff%fe"}) {
    EXPECT_EQ(reply_to({kFormType, body}).status, 400) << body;
  }
  for (const std::string_view body : {"", "{", "[]", "{}", "null", R"({"type":null})"})
    EXPECT_EQ(reply_to({kJsonType, body}).status, 400) << body;
  EXPECT_EQ(reply_to({"text/plain", "payload={}"}).status, 400);
  EXPECT_EQ(reply_to({"", ""}).status, 400);
}

TEST(UrlVerification, EchoesTheChallenge) {
  const Reply reply = reply_to({"application/json; charset=utf-8", R"({"token":"t","challenge":"3eZ\"é","type":"url_verification"})"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.body, R"({"challenge":"3eZ\"é"})");
  EXPECT_EQ(reply_to({kJsonType, R"({"type":"url_verification"})"}).status, 400);
  EXPECT_EQ(reply_to({kJsonType, R"({"type":"url_verification","challenge":7})"}).status, 400);
}

}  // namespace
}  // namespace belfry::slack
