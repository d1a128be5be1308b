#include "model/codec.hpp"

#include <limits>

namespace belfry::model {
namespace {

using nlohmann::json;

Notification full() {
  Notification n;
  n.id = "0190-id";
  n.source = "coder";
  n.msg_id = "m-1";
  n.received_at = base::Timestamp(base::Millis(1'700'000'000'123));
  n.name = "Workspace Deleted";
  n.template_id = "f517";
  n.title = "T \"quoted\" \n\t 🎉";
  n.title_markdown = "**T**";
  n.body = "B";
  n.body_markdown = "*B*";
  n.recipient = {.id = "u", .email = "a@b", .name = "Ä", .username = "a"};
  n.actions = {{"View", "https://x/<no value>"}, {"", ""}};
  n.labels = {{"", "empty name"}, {"k", ""}, {"a.b", "c"}};
  n.data = {{"n", nullptr},
            {"i", std::numeric_limits<std::int64_t>::min()},
            {"u", std::numeric_limits<std::uint64_t>::max()},
            {"f", 0.1},
            {"l", {1, {2}}}};
  n.targets = {"t1", "t2"};
  n.sensitive = true;
  n.severity = "warning";
  n.update_key = "w-1";
  n.max_age = base::Millis(600'000);
  n.original = {{"title", "the source's title"}};
  return n;
}

TEST(Codec, NotificationThereAndBack) {
  for (const auto& n : {full(), Notification{}}) {
    const auto decoded = decode_notification(encode(n));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, n);
  }
}

TEST(Codec, NoMaxAgeIsNotZero) {
  auto n = full();
  n.max_age.reset();
  EXPECT_EQ(decode_notification(encode(n))->max_age, std::nullopt);
  n.max_age = base::Millis(0);
  EXPECT_EQ(decode_notification(encode(n))->max_age, base::Millis(0));
}

TEST(Codec, ABadByteNeverLosesADelivery) {
  auto n = full();
  n.title = "bad \xff byte";
  n.labels["k"] = "cut \xe2\x82";
  n.data = {{"x", "\xc0\x80"}};
  const auto decoded = decode_notification(encode(n));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->title, "bad \ufffd byte");
  EXPECT_TRUE(decoded->labels.at("k").starts_with("cut \ufffd"));
}

TEST(Codec, Huge) {
  auto n = full();
  n.body.assign(5'000'000, 'x');
  EXPECT_EQ(*decode_notification(encode(n)), n);
}

TEST(Codec, WhatCannotBeReadIsAnError) {
  auto whole = json::parse(encode(full()));
  for (const auto* text : {"", "{", "[]", "null", "{}", "\xff"}) {
    const auto decoded = decode_notification(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_TRUE(decoded.error().message.starts_with("stored notification ")) << decoded.error().message;
  }
  for (const auto& item : whole.items()) {
    auto document = whole;
    document.erase(item.key());
    EXPECT_EQ(decode_notification(document.dump()).has_value(), item.key() == "max_age_ms" || item.key() == "before") << item.key();
    if (item.key() == "data" || item.key() == "before") continue;
    document[item.key()] = json::array({json::array()});
    EXPECT_FALSE(decode_notification(document.dump())) << item.key();
  }
}

TEST(Codec, UnknownKeysOfALaterVersionAreIgnored) {
  auto document = json::parse(encode(full()));
  document["later"] = {1, 2};
  EXPECT_EQ(*decode_notification(document.dump()), full());
}

TEST(Codec, OutcomeThereAndBack) {
  const Outcome outcomes[] = {{},
                              {.code = OutcomeCode::rate_limited,
                               .maybe_delivered = true,
                               .http_status = 429,
                               .retry_after = base::Millis(30'000),
                               .limit_scope = LimitScope::credential,
                               .reason = "ratelimited",
                               .detail = "Slack responded: slow down",
                               .receipt = R"({"ts":"1.2"})"},
                              {.code = OutcomeCode::delivered, .retry_after = base::Millis(0)}};
  for (const auto& outcome : outcomes) {
    const auto decoded = decode_outcome(encode(outcome));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, outcome);
  }
}

TEST(Codec, OutcomeOfALaterVersionIsARetry) {
  auto document = json::parse(encode(Outcome{.code = OutcomeCode::delivered}));
  document["code"] = "postponed";
  document["limit_scope"] = "planet";
  const auto decoded = decode_outcome(document.dump());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->code, OutcomeCode::retry);
  EXPECT_EQ(decoded->limit_scope, LimitScope::none);
  EXPECT_FALSE(decode_outcome("{}"));
  EXPECT_FALSE(decode_outcome("nonsense"));
}

TEST(Codec, MessageDocument) {
  Message message;
  message.delivery = {.id = "d-1",
                      .kind = DeliveryKind::digest,
                      .destination = {Audience::shared, "C1"},
                      .overrides = {{"channel", "C1"}},
                      .sensitive = true,
                      .allow_sensitive = true,
                      .possible_duplicate = true};
  message.items = {full(), Notification{.title = "second"}};
  const auto document = json::parse(message_document(message));
  EXPECT_EQ(document.at("version"), 1);
  EXPECT_EQ(document.at("kind"), "digest");
  EXPECT_EQ(document.at("delivery_id"), "d-1");
  EXPECT_EQ(document.at("destination"), (json{{"audience", "shared"}, {"address", "C1"}}));
  EXPECT_EQ(document.at("overrides"), (json{{"channel", "C1"}}));
  EXPECT_EQ(document.at("sensitive"), true);
  EXPECT_EQ(document.at("allow_sensitive"), true);
  EXPECT_EQ(document.at("possible_duplicate"), true);
  EXPECT_EQ(document.at("update_key"), "w-1");
  ASSERT_EQ(document.at("items").size(), 2U);
  EXPECT_EQ(document.at("items").at(0).at("recipient").at("email"), "a@b");
  EXPECT_EQ(document.at("items").at(0).at("labels").at("a.b"), "c");
  EXPECT_EQ(document.at("items").at(1).at("title"), "second");
  EXPECT_FALSE(document.at("items").at(0).contains("max_age_ms")) << "internal to the gateway";
}

TEST(Codec, MessageWithoutItems) { EXPECT_EQ(json::parse(message_document({})).at("update_key"), ""); }

}  // namespace
}  // namespace belfry::model
