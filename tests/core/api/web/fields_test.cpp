#include "api/web/fields.hpp"

#include <gtest/gtest.h>

namespace belfry::api::web {
namespace {

TEST(Fields, ReadsWhatABrowserSends) {
  const auto fields = Fields::parse("to=ada%2Bx%40example.com&reason=+Slack+was+down+&id=1&id=2&empty=&flag");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->get("to"), "ada+x@example.com");
  EXPECT_EQ(fields->get("reason"), "Slack was down");
  EXPECT_EQ(fields->text("reason"), " Slack was down ");
  EXPECT_EQ(fields->all("id"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(fields->get("empty"), "");
  EXPECT_EQ(fields->get("flag"), "");
  EXPECT_EQ(fields->get("absent"), "");
}

TEST(Fields, RefusesMalformedInput) {
  for (const auto* wrong : {"a=%", "a=%2", "a=%zz", "a=%FF", "a=%00", "%=1"}) {
    const auto fields = Fields::parse(wrong);
    ASSERT_FALSE(fields) << wrong;
    EXPECT_EQ(fields.error().code, base::ErrorCode::invalid) << wrong;
  }
}

TEST(Fields, IsBounded) {
  std::string many;
  for (std::size_t i = 0; i <= Fields::kMaxFields; ++i) many += "a=1&";
  EXPECT_FALSE(Fields::parse(many));
  many.resize(many.size() - 4);
  EXPECT_TRUE(Fields::parse(many));
}

TEST(Fields, WritesAddressesThatItReads) {
  const Fields fields{{"event", "Workspace \"a&b\" ü"}, {"to", "a+b@example.com"}};
  const auto written = address("/deliveries", fields);
  EXPECT_EQ(written, "/deliveries?event=Workspace%20%22a%26b%22%20%C3%BC&to=a%2Bb%40example.com");
  EXPECT_EQ(Fields::parse(written.substr(written.find('?') + 1)), fields);
  EXPECT_EQ(address("/why", {}), "/why");
}

TEST(Fields, ReplacesAValue) {
  Fields fields{{"a", "1"}, {"a", "2"}, {"b", "3"}};
  fields.set("a", "4");
  EXPECT_EQ(fields.encode(), "b=3&a=4");
  fields.set("a", "");
  EXPECT_EQ(fields.encode(), "b=3");
}

}  // namespace
}  // namespace belfry::api::web
