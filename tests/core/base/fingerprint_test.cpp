#include "base/fingerprint.hpp"

#include <gtest/gtest.h>

namespace belfry::base {
namespace {

std::string fingerprint_of(const std::vector<std::string_view>& texts) {
  Fingerprint out;
  for (const auto text : texts) out.add(text);
  return out.text();
}

TEST(FingerprintTest, SameTextsOnly) {
  EXPECT_EQ(fingerprint_of({}), "cbf29ce484222325") << "the same in every process and version";
  EXPECT_EQ(fingerprint_of({"version: 1", "sinks:"}), fingerprint_of({"version: 1", "sinks:"}));
  EXPECT_NE(fingerprint_of({"version: 1", "sinks:"}), fingerprint_of({"version: 1sinks:", ""})) << "the boundary counts";
  EXPECT_NE(fingerprint_of({"a", "b"}), fingerprint_of({"b", "a"}));
  EXPECT_NE(fingerprint_of({"a"}), fingerprint_of({"a "}));
}

}  // namespace
}  // namespace belfry::base
