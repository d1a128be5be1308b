#include "cli/suggested_commands.hpp"

#include <gtest/gtest.h>

namespace belfry::cli {
namespace {

TEST(SuggestedCommandsTest, EachCommandNamesTheConfiguration) {
  const auto added = [](const std::string& text) { return with_config(text, "new.yaml"); };
  EXPECT_EQ(added("run: belfry reload"), "run: belfry reload --config new.yaml");
  EXPECT_EQ(added("with `belfry deliveries retry d1`, or `belfry deliveries discard d1 --reason TEXT`."),
            "with `belfry deliveries retry --config new.yaml d1`, or `belfry deliveries discard --config new.yaml d1 --reason TEXT`.");
  EXPECT_EQ(added("belfry check && belfry reload"), "belfry check --config new.yaml && belfry reload --config new.yaml");
  EXPECT_EQ(added("sudo belfry doctor"), "sudo belfry doctor --config new.yaml");
  for (const std::string command : {"audit", "backup", "check", "config test", "deliveries list", "deliveries show", "explain", "log-level",
                                    "plan", "plugins list", "plugins show", "render", "send", "serve", "sinks release", "status", "why"})
    EXPECT_EQ(added("belfry " + command + " x"), "belfry " + command + " --config new.yaml x");
}

TEST(SuggestedCommandsTest, OtherTextStays) {
  for (const std::string text : {"", "belfry", "belfry ", "belfry commands cannot reach it", "belfry deliveries", "belfry deliveries shown",
                                 "belfry slack manifest", "belfry config schema", "belfry init", "belfry statuses",
                                 "systemctl reload belfry", "belfry.service", "/run/belfry check", "a-belfry check", "belfry-check"})
    EXPECT_EQ(with_config(text, "new.yaml"), text);
  EXPECT_EQ(with_config("belfry status", ""), "belfry status") << "the operator named none";
  EXPECT_EQ(with_config("belfry status --config other.yaml", "new.yaml"), "belfry status --config other.yaml") << "it names one";
}

TEST(SuggestedCommandsTest, TheNameIsOneWordOfAShell) {
  EXPECT_EQ(with_config("belfry status", "/etc/belfry/b_1.yaml"), "belfry status --config /etc/belfry/b_1.yaml");
  EXPECT_EQ(with_config("belfry status", "/a b/it's.yaml"), "belfry status --config '/a b/it'\\''s.yaml'");
  EXPECT_EQ(with_config("belfry status", "$(id)"), "belfry status --config '$(id)'");
  EXPECT_EQ(with_config("belfry status", "belfry check"), "belfry status --config 'belfry check'") << "not read again";
}

}  // namespace
}  // namespace belfry::cli
