#include "cli/schema_listing.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace belfry::cli {
namespace {

std::string listed(const char* schema) {
  std::ostringstream out;
  print_keys(out, nlohmann::json::parse(schema), "");
  return out.str();
}

TEST(SchemaListing, EachKindOfValue) {
  struct Case {
    const char* property;
    const char* shown;
  };
  for (const auto& [property, shown] : {
           Case{R"({"type": "string"})", "k  (string)\n"},
           Case{R"({})", "k  (any value)\n"},
           Case{R"(true)", ""},
           Case{R"({"enum": ["a", "b", 3]})", "k  (one of \"a\", \"b\" or 3)\n"},
           Case{R"({"type": "string", "enum": ["only"]})", "k  (\"only\")\n"},
           Case{R"({"const": 5})", "k  (5)\n"},
           Case{R"({"type": ["string", "integer"], "default": 1})", "k  (string or integer, default 1)\n"},
           Case{R"({"type": "array"})", "k  (list)\n"},
           Case{R"({"type": "array", "items": {"enum": ["x", "y"]}})", "k  (list of one of \"x\" or \"y\")\n"},
           Case{R"({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})", "k  (string or list of string)\n"},
           Case{R"({"oneOf": [{"$ref": "#/definitions/d"}, {"type": "null"}]})", "k  (number or null)\n"},
           Case{R"({"$ref": "#/definitions/d"})", "k  (number)\n    a number\n"},
           Case{R"({"$ref": "#/definitions/none"})", "k  (any value)\n"},
           Case{R"({"$ref": "#odd"})", "k  (any value)\n"},
           Case{R"({"$ref": "#/definitions/loop"})", "k  (any value)\n"},
           Case{R"({"type": "string", "x-secret": true, "x-account": true})", "k  (secret, identifies the account)\n"},
           Case{R"({"oneOf": [{"type": "string"}], "x-secret": true})", "k  (secret)\n"},
           Case{R"({"type": "string", "x-destination": true})", "k  (string, a route may override it)\n"},
           Case{R"({"type": "object", "additionalProperties": {"type": "integer"}})", "k  (map)\n  *  (integer)\n"},
           Case{R"({"patternProperties": {"^x": {"type": "string", "description": "a header"}}})",
                "k  (map)\n  /^x/  (string)\n      a header\n"},
           Case{R"({"type": "array", "items": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}})",
                "k  (list of map)\n  a  (string, required)\n"},
       }) {
    const std::string schema = R"({"type": "object", "properties": {"k": )" + std::string(property) +
                               R"(}, "definitions": {"d": {"type": "number", "description": "a number"},
                                  "loop": {"$ref": "#/definitions/loop"}}})";
    EXPECT_EQ(listed(schema.c_str()), shown) << property;
  }
}

TEST(SchemaListing, ASchemaThatRefersToItselfEnds) {
  const auto text = listed(R"({"properties": {"child": {"$ref": "#"}}})");
  EXPECT_TRUE(text.starts_with("child  (map)\n  child  (map)\n")) << text;
  EXPECT_LT(text.size(), 2000U);
}

}  // namespace
}  // namespace belfry::cli
