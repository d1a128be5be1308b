#include "model/names.hpp"

namespace belfry::model {
namespace {

template <class Enum>
void expect_words(std::initializer_list<std::pair<Enum, std::string_view>> words) {
  for (const auto& [value, word] : words) {
    EXPECT_EQ(to_string(value), word);
    EXPECT_EQ(from_string<Enum>(word), value);
  }
  for (const auto* other : {"", "Delivered", "delivered ", "unknown", "0"}) EXPECT_EQ(from_string<Enum>(other), std::nullopt) << other;
}

// Databases, metrics and scripts use these names: a change here breaks them.
TEST(Names, WordsAndBack) {
  expect_words<OutcomeCode>({{OutcomeCode::delivered, "delivered"},
                             {OutcomeCode::retry, "retry"},
                             {OutcomeCode::rate_limited, "rate_limited"},
                             {OutcomeCode::rejected, "rejected"},
                             {OutcomeCode::misconfigured, "misconfigured"}});
  expect_words<LimitScope>({{LimitScope::none, "none"},
                            {LimitScope::recipient, "recipient"},
                            {LimitScope::method, "method"},
                            {LimitScope::credential, "credential"}});
  expect_words<Audience>({{Audience::direct, "direct"}, {Audience::shared, "shared"}});
  expect_words<DeliveryState>({{DeliveryState::waiting, "waiting"},
                               {DeliveryState::in_flight, "in_flight"},
                               {DeliveryState::delivered, "delivered"},
                               {DeliveryState::rejected, "rejected"},
                               {DeliveryState::expired, "expired"},
                               {DeliveryState::discarded, "discarded"}});
  expect_words<DeliveryKind>({{DeliveryKind::notification, "notification"}, {DeliveryKind::digest, "digest"}});
}

TEST(Names, AValueOutsideTheSetHasAWord) { EXPECT_EQ(to_string(static_cast<OutcomeCode>(77)), "unknown"); }

TEST(Names, CheckedReason) {
  EXPECT_EQ(checked_reason("channel_not_found"), "channel_not_found");
  EXPECT_EQ(checked_reason(std::string(40, 'a')), std::string(40, 'a'));
  for (const auto& wrong : {std::string(), std::string(41, 'a'), std::string("Http"), std::string("a b"), std::string("http_500"),
                            std::string("a\nb"), std::string("\xc3\xa4"), std::string("a\0b", 3)}) {
    EXPECT_EQ(checked_reason(wrong), "unspecified") << wrong;
  }
}

TEST(Names, DestinationKey) {
  EXPECT_EQ((Destination{Audience::direct, "a@b"}.key()), "direct:a@b");
  EXPECT_EQ((Destination{Audience::shared, "C1"}.key()), "shared:C1");
  EXPECT_NE((Destination{Audience::direct, "x"}.key()), (Destination{Audience::shared, "x"}.key()));
}

}  // namespace
}  // namespace belfry::model
