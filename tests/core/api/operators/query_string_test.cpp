#include "api/operators/query_string.hpp"

#include <gtest/gtest.h>

namespace belfry::api {
namespace {

const std::vector<std::string_view> kAllowed{"state", "to", "limit"};

TEST(QueryString, Decodes) {
  const auto query = QueryString::parse("state=dead&to=ada%2Btest%40example.com&&limit=", kAllowed);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->get("state"), "dead");
  EXPECT_EQ(query->get("to"), "ada+test@example.com");
  EXPECT_EQ(query->get("limit"), std::nullopt) << "an empty value counts as absent";
  EXPECT_EQ(query->get("other"), std::nullopt);
  EXPECT_EQ(QueryString::parse("to=Workspace+Deleted", kAllowed)->get("to"), "Workspace Deleted")
      << "as browsers and most clients write it";
  EXPECT_EQ(QueryString::parse("to=a=b", kAllowed)->get("to"), "a=b");
  EXPECT_TRUE(QueryString::parse("", {}));
}

TEST(QueryString, RefusesWhatItDoesNotKnow) {
  struct Case {
    const char *query, *why;
  };
  for (const auto& c : std::vector<Case>{
           {"sate=dead", "unknown parameter \"sate\"; the parameters are state, to and limit"},
           {"State=dead", "unknown parameter \"State\""},
           {"=", "unknown parameter \"\""},
           {"%1b[31m=1", "unknown parameter \"?[31m\""},
           {"%=1", "unknown parameter \"%\""},
           {"state=dead&state=held", "the parameter state occurs twice"},
           {"state=%4", "the parameter state has a % without two hexadecimal digits"},
           {"state=a%00b", "the parameter state contains a control character"},
           {"state=a%0Ab", "the parameter state contains a control character"},
           {"state=%ff", "the parameter state is not UTF-8 text"},
       }) {
    const auto query = QueryString::parse(c.query, kAllowed);
    ASSERT_FALSE(query) << c.query;
    EXPECT_EQ(query.error().code, base::ErrorCode::invalid);
    EXPECT_TRUE(query.error().message.starts_with(c.why)) << query.error().message;
  }
  EXPECT_EQ(QueryString::parse("x=1", {}).error().message, "this request takes no parameters, and has \"x\"");
}

TEST(QueryString, ReadsNumbers) {
  const auto number = [](const std::string& value) {
    return QueryString::parse("limit=" + value, kAllowed)->number("limit", 100, 1, 1000);
  };
  EXPECT_EQ(number("1"), 1U);
  EXPECT_EQ(number("1000"), 1000U);
  EXPECT_EQ(number(""), 100U);
  for (const auto* wrong : {"0", "1001", "-1", "1.5", "1x", "x", " 1", "+1", "99999999999999999999999"}) {
    const auto read = number(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_NE(read.error().message.find("write a whole number from 1 to 1000"), std::string::npos) << read.error().message;
  }
}

}  // namespace
}  // namespace belfry::api
