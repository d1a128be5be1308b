#include "api/operators/filter_text.hpp"

#include <gtest/gtest.h>

namespace belfry::api {
namespace {

const auto kNoon = *base::from_rfc3339("2026-01-31T12:00:00Z");
const std::vector<std::string> kSinks{"email", "slack"};

TEST(FilterText, ReadsEveryMember) {
  const auto filter = read_filter({"dead", "slack", "ada@example.com", "Workspace Deleted", "2d"}, kSinks, kNoon);
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_EQ(filter->state, store::ListedState::dead);
  EXPECT_EQ(filter->sink, "slack");
  EXPECT_EQ(filter->email, "ada@example.com");
  EXPECT_EQ(filter->event, "Workspace Deleted");
  EXPECT_EQ(base::to_rfc3339(*filter->since), "2026-01-29T12:00:00.000Z");
  const auto all = read_filter({}, kSinks, kNoon);
  EXPECT_FALSE(all->state || all->since);
}

TEST(FilterText, NamesTheValuesThatAreValid) {
  const auto why = [](const FilterText& text) { return read_filter(text, kSinks, kNoon).error().message; };
  EXPECT_EQ(why({.state = "lost"}),
            "state is \"lost\"; the states are waiting, in_flight, backoff, held, delivered, rejected, expired, "
            "discarded and dead");
  EXPECT_EQ(why({.sink = "teams"}), "there is no sink \"teams\"; the sinks are email and slack");
  EXPECT_EQ(why({.to = "ada"}), "to is \"ada\"; write the recipient's e-mail address");
  EXPECT_EQ(why({.to = "ada x@example.com"}),
            "to is \"ada x@example.com\"; write the recipient's e-mail address, in a URL with %2B for a plus sign");
  EXPECT_EQ(why({.event = std::string(201, 'x')}), "event has 201 bytes; write the name of a notification, at most 200");
  EXPECT_TRUE(why({.since = "yesterday"}).starts_with("since is \"yesterday\"; write how long ago, such as 2d"));
}

TEST(Since, IsATimeOrHowLongAgo) {
  struct Case {
    const char *text, *time;
  };
  for (const auto& c : std::vector<Case>{{"30s", "2026-01-31T11:59:30.000Z"},
                                         {"90m", "2026-01-31T10:30:00.000Z"},
                                         {"36h", "2026-01-30T00:00:00.000Z"},
                                         {"2d", "2026-01-29T12:00:00.000Z"},
                                         {"0d", "2026-01-31T12:00:00.000Z"},
                                         {"999999999999d", "1970-01-01T00:00:00.000Z"},
                                         {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"},
                                         {"1801-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"}}) {
    const auto since = read_since(c.text, kNoon);
    ASSERT_TRUE(since) << c.text;
    EXPECT_EQ(base::to_rfc3339(*since), c.time) << c.text;
  }
  for (const auto* wrong :
       {"", "d", "2", "2w", "-2d", "2 d", "2d3h", "1.5h", "2026-01-01", "2026-01-01T00:00:00+01:00", "9999999999999999999999d"})
    EXPECT_FALSE(read_since(wrong, kNoon)) << wrong;
}

TEST(Cursor, IsOfOneListingAndOneVersion) {
  EXPECT_EQ(write_cursor('d', 4711), "d1-4711");
  EXPECT_EQ(read_cursor('d', "d1-4711"), 4711U);
  for (const auto* wrong : {"", "d1-", "d1-0", "d2-4711", "a1-4711", "4711", "d1-4711x", "d1- 4711", "d1--1", "d1-+1", "D1-4711",
                            "d1-99999999999999999999", "d1-9223372036854775808"}) {
    const auto cursor = read_cursor('d', wrong);
    ASSERT_FALSE(cursor) << wrong;
    EXPECT_NE(cursor.error().message.find("comes from another version or another listing; list again from the start"), std::string::npos);
  }
}

}  // namespace
}  // namespace belfry::api
