#include "config/document/merge_includes.hpp"

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

struct Merged {
  yaml::NodePtr tree;
  std::string lines;
};

// The files are named main.yaml, 1.yaml, 2.yaml, ...
Merged merged(std::string_view main, const std::vector<std::string_view>& others, bool complete = true) {
  Report report("main.yaml");
  const auto root = yaml::parse(main, report);
  std::vector<yaml::NodePtr> trees;
  for (const auto text : others) {
    const auto file = report.add_file(std::to_string(trees.size() + 1) + ".yaml");
    trees.push_back(yaml::parse(text, report, file));
  }
  Merged out{merge_includes(root, trees, complete, report), {}};
  for (const auto& problem : report.take()) out.lines += problem.to_string() + "\n";
  return out;
}

const yaml::Node& node_at(const yaml::NodePtr& tree, std::string_view section, std::string_view key) {
  return *tree->find(section)->value->find(key)->value;
}

std::string names(const yaml::Node& list) {
  std::string out;
  for (const auto& item : list.items) out += item->kind == yaml::Node::Kind::map ? item->find("name")->value->text + " " : item->text + " ";
  return out;
}

std::string keys(const yaml::Node& map) {
  std::string out;
  for (const auto& member : map.members) out += member.key + " ";
  return out;
}

constexpr std::string_view kMain = "pipeline: { routes: [{ name: first, when: { name: a } }, { name: default }] }";

TEST(Merge, PutsRoutesBeforeTheDefaultOfTheMainFileInTheOrderOfTheFiles) {
  const auto [tree, lines] =
      merged(kMain, {"pipeline: { routes: [{ name: one }, { name: two }] }", "pipeline: { routes: [{ name: three }] }"});
  EXPECT_EQ(names(node_at(tree, "pipeline", "routes")), "first one two three default ");
  EXPECT_EQ(lines, "");
}

TEST(Merge, AppendsRoutesWhenTheMainFileEndsWithACondition) {
  const auto [tree, lines] = merged("pipeline: { routes: [{ name: first, when: { name: a } }] }",
                                    {"pipeline: { routes: [{ name: one }] }", "pipeline: { routes: [{ name: two }] }"});
  EXPECT_EQ(names(node_at(tree, "pipeline", "routes")), "first one two ") << "only the default of the main file stays last";
}

TEST(Merge, TakesRoutesFromIncludedFilesAlone) {
  const auto [tree, lines] = merged("version: 1", {"pipeline: { routes: [{ name: one }] }", "pipeline: { routes: [{ name: two }] }"});
  EXPECT_EQ(names(node_at(tree, "pipeline", "routes")), "one two ");
}

TEST(Merge, JoinsOtherListsAndUnitesOtherMappingsOfThePipeline) {
  const auto [tree, lines] = merged("pipeline: { steps: [a, b], words: { x: 1 } }\nplugins: { directories: [/a] }",
                                    {"pipeline: { steps: [c], words: { y: 2 }, more: [d] }\nplugins: { directories: [/b] }"});
  EXPECT_EQ(names(node_at(tree, "pipeline", "steps")), "a b c ");
  EXPECT_EQ(keys(node_at(tree, "pipeline", "words")), "x y ");
  EXPECT_EQ(names(node_at(tree, "pipeline", "more")), "d ");
  EXPECT_EQ(names(node_at(tree, "plugins", "directories")), "/a /b ");
  EXPECT_EQ(lines, "");
}

TEST(Merge, KeepsTheFileOfEveryNode) {
  const auto [tree, lines] = merged("sinks: { slack: {} }", {"", "\nsinks:\n  mail: { plugin: smtp }"});
  const auto& sinks = *tree->find("sinks")->value;
  EXPECT_EQ(keys(sinks), "slack mail ");
  EXPECT_EQ(sinks.at, (Mark{1, 8, 0}));
  EXPECT_EQ(sinks.find("mail")->key_at, (Mark{3, 3, 2}));
  EXPECT_EQ(sinks.find("mail")->value->find("plugin")->value->at, (Mark{3, 19, 2}));
}

TEST(Merge, RefusesWhatIsThereTwiceAndKeepsTheFirst) {
  const auto [tree, lines] = merged("sinks: { a: first }\npipeline: { words: { x: 1 }, one: 1 }",
                                    {"sinks:\n  a: second\n  b: second", "sinks: { b: third }\npipeline: { words: { x: 2 }, one: 2 }"});
  EXPECT_EQ(lines,
            "1.yaml:2:3: error: sinks.a is defined twice, first at main.yaml:1; keep one\n"
            "2.yaml:1:10: error: sinks.b is defined twice, first at 1.yaml:3; keep one\n"
            "2.yaml:2:22: error: pipeline.words.x is defined twice, first at main.yaml:2; keep one\n"
            "2.yaml:2:30: error: pipeline.one is defined twice, first at main.yaml:2; keep one\n");
  EXPECT_EQ(node_at(tree, "sinks", "a").text, "first");
  EXPECT_EQ(node_at(tree, "sinks", "b").text, "second");
}

TEST(Merge, RefusesTwoFormsOfOneThing) {
  const auto [tree, lines] = merged("pipeline: { routes: { name: x } }", {"pipeline: { routes: [{ name: one }] }"});
  EXPECT_EQ(lines, "1.yaml:1:21: error: pipeline.routes is a list, but a mapping at main.yaml:1; write both the same way\n");
}

TEST(Merge, SaysWhenANameMayBeMissing) {
  EXPECT_FALSE(merged("sinks: { a: {} }", {"sinks: { b: {} }"}).tree->find("sinks")->value->incomplete);
  EXPECT_TRUE(merged("sinks: { a: {} }", {"sinks: { b: {}, 1: {} }"}).tree->find("sinks")->value->incomplete);
  EXPECT_TRUE(merged("sinks: { a: {} }", {}, false).tree->find("sinks")->value->incomplete);
  EXPECT_TRUE(merged("sinsk: { a: {} }", {"sinks: { b: {} }"}).tree->find("sinks")->value->incomplete);
}

}  // namespace
}  // namespace belfry::config
