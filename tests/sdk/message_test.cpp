// Message: lenient parsing of the document. Schemas: the gateway's documents conform to the published contract.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <belfry/testkit/fake_host.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "model/codec.hpp"

namespace belfry::testkit {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(MessageTest, ReadsEveryMember) {
  auto document = notification("d-1");
  document["items"][0]["targets"] = {"t1", "t2"};
  document["items"][0]["data"] = {{"k", 1}};
  document["items"][0]["severity"] = "error";
  document["overrides"] = {{"channel", "C1"}};
  document["update_key"] = "u";
  const Message message(document, {.number = 3});
  EXPECT_EQ(message.delivery_id(), "d-1");
  EXPECT_EQ(message.kind(), Message::Kind::notification);
  EXPECT_EQ(message.attempt(), 3U);
  EXPECT_EQ(message.overrides().at("channel"), "C1");
  EXPECT_EQ(message.update_key(), "u");
  EXPECT_EQ(message.destination().audience, Audience::direct);
  EXPECT_EQ(message.destination().address, "bobby@coder.com");
  const auto& item = message.item();
  EXPECT_EQ(item.source, "coder");
  EXPECT_EQ(item.title, "Workspace 'bobby-workspace' created");
  EXPECT_EQ(item.body_markdown, "Hi Bobby, the workspace **bobby-workspace** has been created.");
  EXPECT_EQ(item.recipient.email, "bobby@coder.com");
  EXPECT_EQ(item.recipient.username, "bobby");
  ASSERT_EQ(item.actions.size(), 1U);
  EXPECT_EQ(item.actions[0].label, "View workspace");
  EXPECT_EQ(item.labels.at("template"), "bobby-template");
  EXPECT_EQ(item.data.at("k"), 1);
  EXPECT_THAT(item.targets, ElementsAre("t1", "t2"));
  EXPECT_EQ(item.severity, "error");
  EXPECT_EQ(item.received_at.time_since_epoch().count(), 1767225600000);
}

TEST(MessageTest, WrongTypesAreAsIfAbsent) {
  auto document = notification();
  document["items"][0] = {{"title", 1},           {"actions", nullptr},  {"labels", {{"a", 1}, {"b", "x"}}}, {"data", json::array()},
                          {"recipient", "bobby"}, {"targets", {1, "t"}}, {"received_at_ms", "now"}};
  document["destination"] = nullptr;
  document["overrides"] = nullptr;
  const Message message(document);
  const auto& item = message.item();
  EXPECT_EQ(item.title, "");
  EXPECT_THAT(item.actions, IsEmpty());
  EXPECT_THAT(item.labels, ElementsAre(testing::Pair("b", "x")));
  EXPECT_TRUE(item.data.is_null());
  EXPECT_EQ(item.recipient.email, "");
  EXPECT_THAT(item.targets, ElementsAre("t"));
  EXPECT_EQ(message.destination().address, "");
  EXPECT_TRUE(message.overrides().empty());
}

TEST(MessageTest, SensitiveTextIsForbiddenInSharedPlacesUnlessAllowed) {
  auto document = shared_notification("C1");
  EXPECT_FALSE(Message(document).forbidden_here());
  document["sensitive"] = true;
  EXPECT_TRUE(Message(document).forbidden_here());
  document["allow_sensitive"] = true;
  EXPECT_FALSE(Message(document).forbidden_here());
  auto direct = notification();
  direct["sensitive"] = true;
  EXPECT_FALSE(Message(direct).forbidden_here());
}

TEST(MessageTest, WhatIsNoDocumentThrowsItsOutcome) {
  EXPECT_THROW((void)Message(json::array()).document(), OutcomeError);
  auto document = notification();
  document["items"] = json::array();
  EXPECT_THROW((void)Message(document).item(), OutcomeError);
  belfry_message raw{};
  const Message empty(raw);
  EXPECT_EQ(empty.delivery_id(), "");
  EXPECT_THROW((void)empty.items(), OutcomeError);
}

TEST(MessageTest, ReadsTheRawStruct) {
  belfry_message raw{};
  raw.attempt = 2;
  raw.flags = BELFRY_MESSAGE_POSSIBLE_DUPLICATE | BELFRY_MESSAGE_SENSITIVE;
  raw.deadline_ms = 1234;
  const Message message(raw);
  EXPECT_EQ(message.attempt(), 2U);
  EXPECT_TRUE(message.possible_duplicate());
  EXPECT_TRUE(message.sensitive());
  EXPECT_EQ(message.deadline(), MonotonicTime(Millis(1234)));
}

// ---- The schemas

std::string schema(const char* name) {
  std::ifstream file(std::string(std::getenv("BELFRY_SOURCE_DIR")) + "/sdk/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

Findings check(const char* name, const json& document) { return validate(schema(name), document); }

model::Message gateway_message(model::DeliveryKind kind, std::size_t items) {
  model::Message message;
  message.delivery.id = "01890a5d-ac96-774b-bcce-b302099a8057";
  message.delivery.kind = kind;
  message.delivery.destination = {model::Audience::direct, "bobby@coder.com"};
  for (std::size_t i = 0; i < items; ++i) {
    model::Notification n;
    n.id = "n";
    n.source = "coder";
    n.msg_id = "m";
    n.title = "title";
    n.body = "body";
    n.actions = {{"View", "/x"}};
    n.labels = {{"a", "b"}};
    message.items.push_back(n);
  }
  return message;
}

TEST(SchemaTest, WhatTheGatewayWritesIsAMessage) {
  EXPECT_THAT(check("message.schema.json", json::parse(model::message_document(gateway_message(model::DeliveryKind::notification, 1)))),
              IsEmpty());
  EXPECT_THAT(check("message.schema.json", json::parse(model::message_document(gateway_message(model::DeliveryKind::digest, 3)))),
              IsEmpty());
  auto rich = gateway_message(model::DeliveryKind::notification, 1);
  rich.delivery.destination.audience = model::Audience::shared;
  rich.delivery.overrides = {{"channel", "C1"}};
  rich.items[0].data = {{"nested", {{"list", {1, 2}}}}};
  rich.items[0].severity = "critical";
  rich.items[0].targets = {"t"};
  EXPECT_THAT(check("message.schema.json", json::parse(model::message_document(rich))), IsEmpty());
}

TEST(SchemaTest, TheSdkReadsWhatTheGatewayWrites) {
  auto sent = gateway_message(model::DeliveryKind::digest, 2);
  sent.delivery.sensitive = true;
  sent.items[1].recipient.email = "b@c.d";
  const Message message(json::parse(model::message_document(sent)));
  EXPECT_EQ(message.kind(), Message::Kind::digest);
  ASSERT_EQ(message.items().size(), 2U);
  EXPECT_EQ(message.items()[1].recipient.email, "b@c.d");
  EXPECT_EQ(message.items()[0].actions[0].url, "/x");
  EXPECT_TRUE(message.sensitive());
}

TEST(SchemaTest, TheTestKitsMessagesAreMessages) {
  EXPECT_THAT(check("message.schema.json", notification()), IsEmpty());
  EXPECT_THAT(check("message.schema.json", digest(3)), IsEmpty());
  EXPECT_THAT(check("message.schema.json", shared_notification("C1")), IsEmpty());
}

TEST(SchemaTest, RefusesWhatIsNoMessage) {
  const auto broken = [](const char* pointer, json value) {
    auto document = notification();
    document[json::json_pointer(pointer)] = std::move(value);
    return check("message.schema.json", document);
  };
  EXPECT_THAT(broken("/version", 2), Not(IsEmpty()));
  EXPECT_THAT(broken("/kind", "letter"), Not(IsEmpty()));
  EXPECT_THAT(broken("/items", json::array()), Not(IsEmpty()));
  EXPECT_THAT(broken("/items", {notification()["items"][0], notification()["items"][0]}), Not(IsEmpty()));
  EXPECT_THAT(broken("/items/0/title", ""), Not(IsEmpty()));
  EXPECT_THAT(broken("/items/0/labels", {{"a", 1}}), Not(IsEmpty()));
  EXPECT_THAT(broken("/destination/audience", "everyone"), Not(IsEmpty()));
  EXPECT_THAT(check("message.schema.json", json::object()), Not(IsEmpty()));
  EXPECT_THAT(broken("/new_member", "is allowed"), IsEmpty());
}

TEST(SchemaTest, Receipts) {
  EXPECT_THAT(check("receipt.schema.json", json::object()), IsEmpty());
  EXPECT_THAT(check("receipt.schema.json", {{"id", "1"}, {"url", "https://a"}, {"data", {{"ts", "1.2"}}}}), IsEmpty());
  EXPECT_THAT(check("receipt.schema.json", {{"id", 1}}), Not(IsEmpty()));
  EXPECT_THAT(check("receipt.schema.json", {{"ts", "1.2"}}), Not(IsEmpty()));
}

}  // namespace
}  // namespace belfry::testkit
