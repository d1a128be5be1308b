// belfry.schema.json and the parser have the same keys.
#include "config/document/section_keys.hpp"
#include "config/document/suggest.hpp"
#include "support.hpp"

namespace belfry::config {
namespace {

using nlohmann::json;
using Keys = std::set<std::string, std::less<>>;

json schema() { return json::parse(test::read(test::source_directory() / "config/belfry.schema.json")); }

const json& resolved(const json& root, const json& node) {
  if (node.contains("allOf")) return resolved(root, node.at("allOf").front());
  return node.contains("$ref") ? root.at(json::json_pointer(node.at("$ref").get<std::string>().substr(1))) : node;
}

// The schema of a section: "sinks.*.delivery" goes through additionalProperties, "pipeline.routes[]" through items.
const json& section(const json& root, std::string_view path) {
  const json* at = &root;
  std::string steps(path);
  for (char& c : steps) c = c == '.' ? ' ' : c;
  for (auto step : split_words(steps)) {
    const bool entries = step.ends_with("[]");
    if (entries) step.remove_suffix(2);
    at = &resolved(root, step == "*" ? at->at("additionalProperties") : at->at("properties").at(std::string(step)));
    if (entries) at = &resolved(root, at->at("items"));
  }
  return *at;
}

Keys keys_of(const json& object) {
  Keys out;
  for (const auto& [key, ignored] : object.at("properties").items()) out.insert(key);
  return out;
}

Keys words(std::string_view list) {
  Keys out;
  for (const auto word : split_words(list)) out.emplace(word);
  return out;
}

std::size_t count_objects_with_keys(const json& node) {
  std::size_t out = node.is_object() && node.contains("properties") && node["properties"].is_object() ? 1 : 0;
  for (const auto& child : node) {
    if (child.is_structured()) out += count_objects_with_keys(child);
  }
  return out;
}

TEST(Schema, KnowsTheKeysOfEverySectionAndNoOthers) {
  const auto root = schema();
  for (const auto& vocabulary : kAllSections) {
    const auto& object = section(root, vocabulary.section);
    EXPECT_EQ(keys_of(object), words(vocabulary.keys)) << vocabulary.section;
    EXPECT_EQ(object.at("additionalProperties"), false) << vocabulary.section;
  }
}

TEST(Schema, KnowsTheKeysOfIncludedFiles) {
  Keys allowed;
  const auto root = schema();
  for (const auto& key : root.at("else").at("propertyNames").at("enum")) allowed.insert(key.get<std::string>());
  EXPECT_EQ(allowed, words(kIncludedKeys));
}

TEST(Schema, KnowsThePathsAndOperatorsOfConditions) {
  const auto definitions = schema().at("definitions");
  auto paths = words(kPaths);
  paths.merge(words(kNesting));
  EXPECT_EQ(keys_of(definitions.at("condition")), paths);
  EXPECT_EQ(keys_of(definitions.at("operators")), words(kOperators));
}

TEST(Schema, HasNoSectionThatTheParserDoesNotKnow) {
  EXPECT_EQ(count_objects_with_keys(schema()), kAllSections.size() + 4)
      << "condition, operators, redaction, and the requirements of a main file without includes";
}

// Every key reaches a reader: a value of an absurd type is refused, but not as an unknown key.
TEST(Schema, EveryKeyIsRead) {
  for (const auto& vocabulary : kAllSections) {
    for (const auto key : split_words(vocabulary.keys)) {
      // The plugin's schema checks the options of a plugin.
      std::string text = std::string(key) + ": " + (key == "config" ? "[]" : "[[{ absurd: [] }]]");
      std::string steps(vocabulary.section);
      for (char& c : steps) c = c == '.' ? ' ' : c;
      auto path = split_words(steps);
      for (auto step = path.rbegin(); step != path.rend(); ++step) {
        std::string name = *step == "*" ? "some" : std::string(*step);
        const bool entries = name.ends_with("[]");
        if (entries) name.resize(name.size() - 2);
        text = name + ": " + (entries ? "[{ " + text + " }]" : "{ " + text + " }");
      }
      const auto loaded = test::load("{ " + text + " }");
      const auto all = test::lines(loaded);
      EXPECT_EQ(all.find("unknown key \"" + std::string(key) + "\""), std::string::npos) << all;
      const auto about = [&](const Diagnostic& problem) {
        return problem.text.find(std::string(key)) != std::string::npos &&
               problem.text.find("has no " + std::string(key)) == std::string::npos;
      };
      EXPECT_TRUE(std::ranges::any_of(loaded.problems, about)) << text << "\n" << all;
    }
  }
}

}  // namespace
}  // namespace belfry::config
