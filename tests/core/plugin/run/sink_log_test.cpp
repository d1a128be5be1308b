// The parts of an instance that need no plugin: its log, and its secrets.
#include <belfry/plugin.h>
#include <gtest/gtest.h>

#include <fstream>

#include "plugin/run/sink_log.hpp"
#include "plugin/run/sink_secrets.hpp"
#include "support/plugin_rig.hpp"

namespace belfry::plugin {
namespace {

class SinkParts : public belfry::testing::PluginRig {
 protected:
  SinkParts() {
    sink_.name = "work";
    sink_.secrets = std::make_shared<SecretTable>();
  }
  const InstanceParts parts_{net_,    clock_,  log_,    scrubber_, kv_,     recipients_, metrics_,
                             nullptr, nullptr, nullptr, nullptr,   nullptr, limits_};
  CheckedSink sink_;
  SinkLog sink_log_{parts_, "work"};
  const SinkSecrets secrets_{sink_, *scrubber_, sink_log_};
};

TEST_F(SinkParts, WithoutAnAccountTheSinkIsOne) {
  for (const auto scope : {BELFRY_SCOPE_SINK, BELFRY_SCOPE_ACCOUNT}) {
    EXPECT_EQ(secrets_.kv_scope(scope), "sink:work");
    EXPECT_EQ(secrets_.bucket_owner(scope), "sink:work");
  }
}

TEST_F(SinkParts, SinksOfAnAccountShareIt) {
  sink_.account = sink_.secrets->add("work", "/token", "xoxb-secret");
  const auto account = "credential:" + SecretTable::fingerprint(base::Secret("xoxb-secret"));
  EXPECT_EQ(secrets_.kv_scope(BELFRY_SCOPE_ACCOUNT), account);
  EXPECT_EQ(secrets_.bucket_owner(BELFRY_SCOPE_ACCOUNT), account);
  EXPECT_EQ(secrets_.kv_scope(BELFRY_SCOPE_SINK), "sink:work");
  EXPECT_EQ(secrets_.bucket_owner(BELFRY_SCOPE_SINK), "sink:work");
}

TEST_F(SinkParts, AnAccountThatChangesKeepsItsBucketsButNotItsState) {
  const auto file = state_.path() / "token";
  std::ofstream(file) << "xoxb-second";
  sink_.account = sink_.secrets->add("work", "/token", "xoxb-first", {file, [] { return base::Result<std::string>("xoxb-second"); }});
  EXPECT_EQ(secrets_.kv_scope(BELFRY_SCOPE_ACCOUNT), "credential:" + SecretTable::fingerprint(base::Secret("xoxb-second")));
  EXPECT_EQ(secrets_.bucket_owner(BELFRY_SCOPE_ACCOUNT), "credential:" + SecretTable::fingerprint(base::Secret("xoxb-first")));
}

TEST_F(SinkParts, AnUnknownScopeIsNone) {
  EXPECT_FALSE(secrets_.kv_scope(2));
  EXPECT_FALSE(secrets_.bucket_owner(0xFFFFFFFF));
}

TEST_F(SinkParts, ALineOverTheBoundIsCutAndCounted) {
  const std::string longest(BELFRY_MAX_LOG_LINE_BYTES, 'x');
  sink_log_.write(BELFRY_LOG_INFO, longest);
  sink_log_.write(4711, "of an unknown level");
  EXPECT_EQ(metrics_.value("bad_argument"), 0);
  sink_log_.write(BELFRY_LOG_INFO, longest + "y");
  EXPECT_EQ(lines_.count(longest + " sink=work"), 2U);
  EXPECT_EQ(lines_.count("of an unknown level sink=work"), 1U);
  EXPECT_EQ(metrics_.value("bad_argument"), 1);
}

TEST_F(SinkParts, ViolationsAreCountedAndScrubbed) {
  scrubber_->add_secret("xoxb-1234567890");
  sink_log_.violation("bad_argument", "it is xoxb-1234567890");
  EXPECT_EQ(metrics_.value("bad_argument"), 1);
  EXPECT_EQ(lines_.count("sink=work kind=bad_argument what=\"it is ***\""), 1U) << lines_.all();
}

}  // namespace
}  // namespace belfry::plugin
