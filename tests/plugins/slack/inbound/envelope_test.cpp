#include "slack/inbound/envelope.hpp"

#include <gtest/gtest.h>

#include <string>

namespace belfry::slack {
namespace {

using Kind = SocketMessage::Kind;

TEST(Envelope, Hello) {
  EXPECT_EQ(
      parse_socket_message(R"({"type":"hello","num_connections":1,"debug_info":{"host":"applink-1"},"connection_info":{"app_id":"A1"}})")
          .kind,
      Kind::hello);
  EXPECT_EQ(parse_socket_message(R"({"type":"hello"})").kind, Kind::hello);
}

TEST(Envelope, DisconnectSaysWhy) {
  for (const std::string reason : {"warning", "refresh_requested", "link_disabled", "too_many_websockets"}) {
    const SocketMessage message =
        parse_socket_message(R"({"type":"disconnect","reason":")" + reason + R"(","debug_info":{"host":"applink-1"}})");
    EXPECT_EQ(message.kind, Kind::disconnect);
    EXPECT_EQ(message.reason, reason);
  }
  EXPECT_EQ(parse_socket_message(R"({"type":"disconnect"})").kind, Kind::disconnect);
  EXPECT_EQ(parse_socket_message(R"({"type":"disconnect","reason":null})").reason, "");
}

TEST(Envelope, IsAcknowledgedByItsId) {
  EXPECT_EQ(parse_socket_message(R"({"envelope_id":"e-1","type":"interactive","payload":{"type":"block_actions"}})").acknowledgement,
            R"({"envelope_id":"e-1"})");
  EXPECT_EQ(parse_socket_message(R"({"envelope_id":"a\"b","type":"interactive","payload":{"type":"view_submission"}})").acknowledgement,
            R"({"envelope_id":"a\"b"})");
}

TEST(Envelope, APayloadOnlyWhereSlackTakesOne) {
  const auto reply = [](const std::string& accepts) {
    return parse_socket_message(R"({"envelope_id":"e","type":"slash_commands","accepts_response_payload":)" + accepts + R"(,"payload":{}})")
        .acknowledgement;
  };
  EXPECT_EQ(reply("true"), R"({"envelope_id":"e","payload":{}})");
  EXPECT_EQ(reply("false"), R"({"envelope_id":"e"})");
  EXPECT_EQ(reply("1"), R"({"envelope_id":"e"})");
  EXPECT_EQ(reply("\"true\""), R"({"envelope_id":"e"})");
}

TEST(Envelope, OfEveryTypeIsAcknowledged) {
  for (const std::string type : {"events_api", "slash_commands", "something_new"}) {
    const SocketMessage message =
        parse_socket_message(R"({"envelope_id":"e","type":")" + type + R"(","retry_attempt":1,"retry_reason":"timeout"})");
    EXPECT_EQ(message.kind, Kind::envelope) << type;
    EXPECT_EQ(message.acknowledgement, R"({"envelope_id":"e"})") << type;
  }
}

// Each shape of envelope sent by the Python library's test server.
TEST(Envelope, TheShapesOfSlackAreAcknowledged) {
  const std::string plain = R"({"envelope_id":"e"})";
  struct Shape {
    std::string members;
    std::string acknowledgement;
  };
  for (
      const auto& [members, acknowledgement] : std::initializer_list<Shape>{
          {R"("payload":{"token":"t","command":"/hello","text":"","response_url":"https://hooks.slack.com/commands/1"},)"
           R"("type":"slash_commands","accepts_response_payload":true)",
           R"({"envelope_id":"e","payload":{}})"},
          {R"("payload":{"token":"t","event":{"type":"app_mention","text":"<@U1>","blocks":[{"type":"rich_text"}]},"type":"event_callback",)"
           R"("authorizations":[{"enterprise_id":null,"is_bot":true}]},)"
           R"("type":"events_api","accepts_response_payload":false,"retry_attempt":0,"retry_reason":"")",
           plain},
          {R"("payload":{"token":"t","event":{"type":"message","text":"hi","channel_type":"channel"},"type":"event_callback"},)"
           R"("type":"events_api","accepts_response_payload":false,"retry_attempt":2,"retry_reason":"timeout")",
           plain},
          {R"("payload":{"type":"shortcut","enterprise":null,"callback_id":"do-something","trigger_id":"1.2.3"},)"
           R"("type":"interactive","accepts_response_payload":false)",
           plain},
          {R"("payload":{"type":"block_actions","container":{"type":"view"},"view":{"id":"V1","blocks":[{"type":"actions","elements":[")" +
               std::string(60'000, 'a') + R"("]}]}},"type":"interactive","accepts_response_payload":false)",
           plain}}) {
    const SocketMessage message = parse_socket_message(R"({"envelope_id":"e",)" + members + "}");
    EXPECT_EQ(message.kind, Kind::envelope) << members.substr(0, 200);
    EXPECT_EQ(message.acknowledgement, acknowledgement) << members.substr(0, 200);
  }
}

TEST(Envelope, WhatHttpWouldRefuseIsNotAcknowledged) {
  for (const std::string payload : {"null", "[]", "{}", "\"x\"", R"({"type":1})"}) {
    const SocketMessage message = parse_socket_message(R"({"envelope_id":"e","type":"interactive","payload":)" + payload + "}");
    EXPECT_EQ(message.kind, Kind::envelope);
    EXPECT_EQ(message.acknowledgement, "") << payload;
  }
  EXPECT_EQ(parse_socket_message(R"({"envelope_id":"e","type":"interactive"})").acknowledgement, "");
}

TEST(Envelope, EverythingElseIsNothing) {
  for (const std::string text :
       {"", " ", "{", "[]", "null", "1", "\"hello\"", "{}", R"({"type":null})", R"({"type":"interactive","envelope_id":""})",
        R"({"type":"interactive","envelope_id":7})", R"({"envelope_id":"e"})", "\xff\xfe", R"({"type":"hello"} x)", R"({"type":"HELLO"})"})
    EXPECT_EQ(parse_socket_message(text), SocketMessage{}) << text;
  EXPECT_EQ(parse_socket_message(std::string(200'000, '[')), SocketMessage{});
}

TEST(Envelope, MayBeLarge) {
  const std::string text =
      R"({"envelope_id":"e","type":"interactive","payload":{"type":"block_actions","message":")" + std::string(1'000'000, 'x') + R"("}})";
  EXPECT_EQ(parse_socket_message(text).acknowledgement, R"({"envelope_id":"e"})");
}

}  // namespace
}  // namespace belfry::slack
