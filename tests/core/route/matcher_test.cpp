#include "route/matcher.hpp"

#include "support/notification_sample.hpp"

namespace belfry::route {
namespace {

using test::sample;

using model::Comparison;
using model::Condition;
using Op = Comparison::Op;

Comparison equal(std::string path, std::string text) { return {.path = std::move(path), .op = Op::equal, .text = std::move(text)}; }
Comparison regex(std::string path, std::string text) { return {.path = std::move(path), .op = Op::regex, .text = std::move(text)}; }
Comparison exists(std::string path, bool flag) { return {.path = std::move(path), .op = Op::exists, .flag = flag}; }
Comparison order(std::string path, Op op, double n) { return {.path = std::move(path), .op = op, .number = n}; }
Comparison any_of(std::string path, std::vector<Comparison> any) {
  return {.path = std::move(path), .op = Op::any_of, .any = std::move(any)};
}
Comparison not_(Comparison inner) { return {.path = inner.path, .op = Op::not_, .any = {inner}}; }
Condition when(std::vector<Comparison> comparisons) { return {.comparisons = std::move(comparisons)}; }

// One condition with its own match_cache.
struct Alone {
  explicit Alone(const Condition& condition) : matcher(Matcher::compile(condition, match_cache)) { match_cache.seal(); }
  bool matches(const model::Notification& n, std::string* why = nullptr) const {
    MatchCache::Evaluation evaluation(match_cache, n);
    return matcher->matches(evaluation, why);
  }

  MatchCache match_cache;
  base::Result<Matcher> matcher;
};

bool fits(const Condition& condition, const model::Notification& n = sample()) {
  const Alone alone(condition);
  EXPECT_TRUE(alone.matcher) << alone.matcher.error().message;
  return alone.matcher && alone.matches(n);
}

std::string why(const Condition& condition, const model::Notification& n = sample()) {
  std::string text;
  EXPECT_FALSE(Alone(condition).matches(n, &text));
  return text;
}

TEST(Matcher, Table) {
  const struct {
    Comparison comparison;
    bool wanted;
  } rows[] = {
      {equal("name", "Workspace Deleted"), true},
      {equal("name", "workspace deleted"), false},
      {equal("name", "Workspace"), false},
      {equal("name", ""), false},
      {equal("labels.blank", ""), true},
      {equal("labels.none", ""), false},
      {equal("labels.hours", "24"), true},
      {equal("labels.hours", "24.0"), false},
      {equal("data.failed", "4"), true},
      {equal("data.failed", "4.0"), true},
      {equal("data.failed", "four"), false},
      {equal("data.failed", "\"4\""), false},
      {equal("data.ratio", "0.5"), true},
      {equal("data.big", "18446744073709551615"), true},
      {equal("data.big", "18446744073709551614"), false},
      {equal("data.urgent", "true"), true},
      {equal("data.urgent", "false"), false},
      {equal("data.nothing", "null"), false},
      {equal("data.owner", "{}"), false},
      {equal("sensitive", "false"), true},
      {regex("name", "Deleted"), true},
      {regex("name", "^Deleted"), false},
      {regex("name", "(?i)^WORKSPACE"), true},
      {regex("body", "^your"), false},
      {regex("body", "(?m)^your"), true},
      {regex("name", ""), true},
      {regex("labels.none", ""), false},
      {regex("data.failed", "^4$"), true},
      {regex("data.urgent", "^true$"), true},
      {regex("data.list", "1"), false},
      {exists("labels.reason", true), true},
      {exists("labels.reason", false), false},
      {exists("labels.none", false), true},
      {exists("labels.blank", true), true},
      {exists("data.nothing", false), true},
      {exists("data.owner", true), true},
      {order("data.failed", Op::gt, 3), true},
      {order("data.failed", Op::gt, 4), false},
      {order("data.failed", Op::ge, 4), true},
      {order("data.failed", Op::lt, 4), false},
      {order("data.failed", Op::le, 4), true},
      {order("labels.hours", Op::gt, 23.5), true},
      {order("labels.reason", Op::gt, 0), false},
      {order("labels.blank", Op::le, 0), false},
      {order("labels.none", Op::lt, 1), false},
      {order("data.urgent", Op::gt, 0), false},
      {any_of("name", {equal("name", "x"), regex("name", "Del")}), true},
      {any_of("name", {equal("name", "x"), equal("name", "y")}), false},
      {any_of("name", {}), false},
      {not_(equal("labels.reason", "canceled")), true},
      {not_(equal("labels.none", "canceled")), true},
      {not_(regex("name", "Deleted")), false},
      {not_(any_of("name", {equal("name", "Workspace Deleted")})), false},
      {not_(order("labels.none", Op::gt, 1)), true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(fits(when({row.comparison})), row.wanted) << row.comparison.path << " op " << static_cast<int>(row.comparison.op) << " '"
                                                        << row.comparison.text << "' " << row.comparison.number;
  }
}

TEST(Matcher, TextsThatAreNoNumber) {
  auto n = sample();
  for (const auto* text : {"24h", " 24", "24 ", "inf", "nan", "1e999", "0x18", "+24", ""}) {
    n.labels["hours"] = text;
    EXPECT_FALSE(fits(when({order("labels.hours", Op::ge, -1e300)}), n)) << text;
  }
  n.labels["hours"] = "-1.5e2";
  EXPECT_TRUE(fits(when({order("labels.hours", Op::lt, -149)}), n));
}

TEST(Matcher, Combinations) {
  const auto yes = when({equal("source", "coder")});
  const auto no = when({equal("source", "other")});
  EXPECT_TRUE(fits({}));
  EXPECT_TRUE(fits(when({equal("source", "coder"), regex("name", "Del")})));
  EXPECT_FALSE(fits(when({equal("source", "coder"), regex("name", "Created")})));
  EXPECT_TRUE(fits({.all = {yes, yes}}));
  EXPECT_FALSE(fits({.all = {yes, no}}));
  EXPECT_TRUE(fits({.any = {no, yes}}));
  EXPECT_FALSE(fits({.any = {no, no}}));
  EXPECT_TRUE(fits({.none = {no, no}}));
  EXPECT_FALSE(fits({.none = {no, yes}}));
  EXPECT_FALSE(fits({.comparisons = yes.comparisons, .any = {no}}));
  EXPECT_TRUE(fits({.all = {{.any = {no, {.none = {no}}}}}}));
}

TEST(Matcher, SaysWhy) {
  EXPECT_EQ(why(when({regex("name", "Failed")})), R"(name is "Workspace Deleted", wanted /Failed/)");
  EXPECT_EQ(why(when({equal("labels.none", "x")})), R"(labels.none is missing, wanted "x")");
  EXPECT_EQ(why(when({not_(equal("labels.hours", "24"))})), R"(labels.hours is "24", wanted not "24")");
  EXPECT_EQ(why(when({any_of("source", {equal("source", "a"), regex("source", "b")})})), R"(source is "coder", wanted one of "a", /b/)");
  EXPECT_EQ(why(when({exists("labels.reason", false)})), R"(labels.reason is "autodeleted due to dormancy", wanted none)");
  EXPECT_EQ(why(when({exists("labels.none", true)})), "labels.none is missing, wanted any value");
  EXPECT_EQ(why(when({order("data.failed", Op::gt, 5)})), "data.failed is 4, wanted more than 5.0");
  EXPECT_EQ(why(when({equal("data.owner", "x")})), R"(data.owner is an object or array, wanted "x")");
  EXPECT_EQ(why(when({equal("sensitive", "true")})), R"(sensitive is false, wanted "true")");
  EXPECT_EQ(why({.all = {when({equal("source", "x")})}}), R"(source is "coder", wanted "x")");
  EXPECT_EQ(why({.any = {when({equal("source", "x")})}}), "no part of `any` holds");
  EXPECT_EQ(why({.none = {when({equal("source", "x")}), {}}}), "part 2 of `none` holds");
}

TEST(Matcher, WhyIsCutBetweenCharacters) {
  auto n = sample();
  n.title.clear();
  for (int i = 0; i < 50; ++i) n.title += "ü€";
  const auto text = why(when({equal("title", "x")}), n);
  EXPECT_LT(text.size(), 120U);
  EXPECT_NO_THROW(static_cast<void>(nlohmann::json(text).dump())) << "no longer UTF-8";
}

TEST(Matcher, WhyKeepsSensitiveTextToItself) {
  auto n = sample();
  n.sensitive = true;
  for (const auto* path : {"labels.reason", "title", "body", "data.owner.email"}) {
    EXPECT_EQ(why(when({equal(path, "x")}), n), std::string(path) + " is (sensitive), wanted \"x\"");
  }
  EXPECT_EQ(why(when({equal("name", "x")}), n), R"(name is "Workspace Deleted", wanted "x")");
}

TEST(Matcher, WrongConditions) {
  const auto error = [](const Condition& condition) { return Alone(condition).matcher.error().message; };
  EXPECT_TRUE(error(when({equal("nam", "x")})).starts_with("unknown path \"nam\""));
  EXPECT_EQ(error(when({regex("name", "(")})), "name: the pattern /(/ is wrong: missing ): (");
  EXPECT_TRUE(error(when({not_(regex("name", "a{2000}"))})).starts_with("name: the pattern /a{2000}/ is wrong: "));
  EXPECT_EQ(error(when({{.path = "name", .op = Op::not_}})), "name: `not` takes exactly one value");
  EXPECT_TRUE(error({.any = {{.none = {when({equal("x", "")})}}}}).starts_with("unknown path \"x\""));
}

TEST(Matcher, PatternsTakeLinearTime) {
  auto n = sample();
  n.body.assign(1'000'000, 'a');
  EXPECT_FALSE(fits(when({regex("body", "(a*)*b")}), n));
}

// Many patterns on one path are searched at once, with the same results as one by one.
TEST(Matcher, ManyPatternsAnswerLikeEachAlone) {
  MatchCache match_cache;
  std::vector<std::pair<std::string, Matcher>> matchers;
  for (const std::string pattern : {"Deleted", "^Work", "deleted", "(?i)DELETED", "^$", "e.e", "Workspace Deleted$", "x|y", "\\bDel"}) {
    for (const auto* path : {"name", "data.failed", "data.urgent", "labels.none", "labels.blank", "data.owner"}) {
      auto compiled = Matcher::compile(when({regex(path, pattern)}), match_cache);
      ASSERT_TRUE(compiled);
      matchers.emplace_back(std::string(path) + " /" + pattern + "/", std::move(*compiled));
    }
  }
  match_cache.seal();
  const auto n = sample();
  MatchCache::Evaluation evaluation(match_cache, n);
  std::size_t next = 0;
  for (const std::string pattern : {"Deleted", "^Work", "deleted", "(?i)DELETED", "^$", "e.e", "Workspace Deleted$", "x|y", "\\bDel"}) {
    for (const auto* path : {"name", "data.failed", "data.urgent", "labels.none", "labels.blank", "data.owner"}) {
      const auto& [what, matcher] = matchers[next++];
      EXPECT_EQ(matcher.matches(evaluation), fits(when({regex(path, pattern)}))) << what;
    }
  }
}

}  // namespace
}  // namespace belfry::route
