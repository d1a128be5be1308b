#include "config/document/yaml.hpp"

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

using Kind = yaml::Node::Kind;

struct Parsed {
  yaml::NodePtr tree;
  std::string lines;
};

Parsed parse(std::string_view text) {
  Report report("f");
  auto tree = yaml::parse(text, report);
  std::string lines;
  for (const auto& problem : report.take()) lines += problem.to_string() + "\n";
  return {tree, lines};
}

const yaml::Node& value_at(const Parsed& parsed, std::string_view key) { return *parsed.tree->find(key)->value; }

TEST(Yaml, RemembersWhereThingsAreWritten) {
  const auto parsed = parse("a: one\nb:\n  - two\n  - {c: \"three\"}\nd:\n");
  ASSERT_TRUE(parsed.tree);
  EXPECT_EQ(parsed.lines, "");
  EXPECT_EQ(parsed.tree->find("a")->key_at, (Mark{1, 1}));
  EXPECT_EQ(value_at(parsed, "a").at, (Mark{1, 4}));
  EXPECT_EQ(value_at(parsed, "b").items[0]->at, (Mark{3, 5}));
  const auto& map = *value_at(parsed, "b").items[1];
  EXPECT_EQ(map.members[0].key_at, (Mark{4, 6}));
  EXPECT_EQ(map.members[0].value->at, (Mark{4, 9}));
  EXPECT_EQ(value_at(parsed, "d").kind, Kind::null);
  EXPECT_EQ(value_at(parsed, "d").at, (Mark{5, 1})) << "an empty value has the location of its key";
}

TEST(Yaml, PlacesSurviveByteOrderMarkAndWindowsLines) {
  const auto parsed = parse(
      "\xEF\xBB\xBF"
      "a: \"x\"\r\nb: 'y'\r\n");
  ASSERT_TRUE(parsed.tree) << parsed.lines;
  EXPECT_EQ(parsed.tree->find("a")->key_at, (Mark{1, 1}));
  EXPECT_EQ(parsed.tree->find("b")->key_at, (Mark{2, 1}));
  EXPECT_EQ(value_at(parsed, "b").text, "y");
}

TEST(Yaml, KnowsWhatWasQuoted) {
  const auto parsed = parse("a: 1\nb: \"1\"\nc: '1'\nd: |\n  1\ne: >-\n  1\n");
  EXPECT_TRUE(value_at(parsed, "a").plain);
  for (const auto* key : {"b", "c", "d", "e"}) EXPECT_FALSE(value_at(parsed, key).plain) << key;
  EXPECT_EQ(value_at(parsed, "d").text, "1\n");
  EXPECT_EQ(value_at(parsed, "e").text, "1");
}

TEST(Yaml, AliasesAreTheSameNode) {
  const auto parsed = parse("a: &x [1, 2]\nb: *x\nc: &n\nd: *n\ne: &t text\nf: *t\n");
  ASSERT_TRUE(parsed.tree) << parsed.lines;
  EXPECT_EQ(parsed.tree->find("a")->value, parsed.tree->find("b")->value);
  EXPECT_EQ(value_at(parsed, "d").kind, Kind::null);
  EXPECT_EQ(value_at(parsed, "f").text, "text");
  EXPECT_EQ(parsed.tree->nodes, 1 + 6 + 3 + 3 + 2 + 2);
}

TEST(Yaml, AnAnchorMayBeGivenAgain) {
  const auto parsed = parse("a: &x one\nb: *x\nc: &x two\nd: *x\n");
  ASSERT_TRUE(parsed.tree) << parsed.lines;
  EXPECT_EQ(value_at(parsed, "b").text, "one");
  EXPECT_EQ(value_at(parsed, "d").text, "two");
}

TEST(Yaml, OfDuplicateKeysTheFirstStays) {
  const auto parsed = parse("a: 1\na: 2\n\"a\": 3\n");
  ASSERT_TRUE(parsed.tree);
  ASSERT_EQ(parsed.tree->members.size(), 1U);
  EXPECT_EQ(value_at(parsed, "a").text, "1");
  EXPECT_EQ(parsed.lines,
            "f:2:1: error: the key \"a\" is defined twice, first at line 1; keep one\n"
            "f:3:1: error: the key \"a\" is defined twice, first at line 1; keep one\n");
}

TEST(Yaml, KeysMustBeText) {
  for (const auto* text : {"1: x\n", "true: x\n", "1.5: x\n", "~: x\n", "? [a]\n: x\n", "? {a: b}\n: x\n", ": x\n"}) {
    const auto parsed = parse(text);
    EXPECT_NE(parsed.lines.find("error: "), std::string::npos) << text;
  }
  EXPECT_EQ(parse("\"1\": x\nyes: y\non: z\n").lines, "") << "YAML 1.2: yes and on are text";
  EXPECT_EQ(parse("\"<<\": x\n").lines, "") << "a quoted << is not a merge key";
  EXPECT_EQ(parse("&k a: 1\nb: *k\n").lines, "");
}

TEST(Yaml, QuotesMustBeClosed) {
  for (const auto* text : {"a: \"x\n", "a: 'x\n", "a: 'it''s\n", "a: \"x\\\"\n", "a: &b \"x\n", "a: \"x # y\n", "\"a\n"}) {
    const auto parsed = parse(text);
    EXPECT_FALSE(parsed.tree) << text;
    EXPECT_NE(parsed.lines.find("; "), std::string::npos) << text << parsed.lines;
  }
  for (const auto* text : {"a: \"x\"\n", "a: 'it''s'\n", "a: \"x\\\"\" # \"\n", "a: &b \"x\"\n", "a: &b\n  'x'\n", "a: |\n  it's\n",
                           "a: >\n  \"x\n", "a: \"x\ny\"", "a: \"\"\n", "a: ''\n"}) {
    EXPECT_EQ(parse(text).lines, "") << text;
  }
}

TEST(Yaml, MarkersOfOneDocumentAreFine) {
  EXPECT_EQ(parse("---\na: 1\n").lines, "");
  EXPECT_EQ(parse("%YAML 1.2\n---\na: 1\n...\n").lines, "");
  EXPECT_EQ(parse("---\na: 1\n---\n").lines, "f:3:1: error: a second document (---); write one document per file\n");
}

TEST(Yaml, LimitsAreExact) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(parse(nested(yaml::kMaxDepth)).lines, "");
  EXPECT_NE(parse(nested(yaml::kMaxDepth + 1)).lines, "");
  std::string many = "[";
  for (std::size_t i = 0; i < yaml::kMaxNodes - 1; ++i) many += "1,";
  EXPECT_EQ(parse(many + "]").lines, "");
  EXPECT_NE(parse(many + "1]").lines, "");
  const std::string padding(yaml::kMaxBytes - 5, ' ');
  EXPECT_EQ(parse("a: 1\n" + padding).lines, "");
  EXPECT_NE(parse("a: 1\n " + padding).lines, "");
  EXPECT_EQ(parse(std::string(yaml::kMaxKeyBytes, 'k') + ": 1\n").lines, "");
  EXPECT_NE(parse(std::string(yaml::kMaxKeyBytes + 1, 'k') + ": 1\n").lines, "");
}

TEST(Yaml, TabsAreRefusedOnlyInTheIndentation) {
  EXPECT_EQ(parse("a:\tb\n").lines, "");
  EXPECT_EQ(parse("a: \"x\ty\"\t# tab\n").lines, "");
  EXPECT_EQ(parse("a:\n\t- b\n").lines, "f:2:1: error: a tab in the indentation; use spaces\n");
  EXPECT_EQ(parse("a:\n  \t- b\n").lines, "f:2:3: error: a tab in the indentation; use spaces\n");
}

TEST(InQuotes, KeepsMessagesToOneShortLine) {
  EXPECT_EQ(in_quotes("a\nb\x1b[31m\x7f"), "\"a b [31m \"");
  const std::string longest(60, 'x');
  const std::string shorter(59, 'x');
  EXPECT_EQ(in_quotes(longest), std::string(1, '"').append(longest).append("\""));
  EXPECT_EQ(in_quotes(longest + "x"), std::string(1, '"').append(longest).append("...\""));
  EXPECT_EQ(in_quotes(shorter + "é"), std::string(1, '"').append(shorter).append("...\"")) << "no half characters";
}

}  // namespace
}  // namespace belfry::config
