#include "app/observe/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

namespace belfry::app {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

const base::Timestamp kNow{base::Millis(1'700'000'000'000)};

// Uses every metric once.
std::string full_text(Metrics& metrics) {
  metrics.received("coder", "accepted");
  metrics.source_heard("coder", kNow);
  metrics.attempt_ended("slack", "retry", "timeout", 1500ms);
  metrics.delivery_ended("slack", "delivered", "sent", 2s);
  metrics.possible_duplicate("slack");
  metrics.dead_letter("slack");
  metrics.violation("slack", "hung");
  metrics.counter_add("slack", "lookups_total", 2);
  metrics.gauge_set("slack", "cached_users", 7);
  metrics.committed(3ms, 12);
  metrics.operator_action("retry");
  metrics.inbound("slack", "verified");
  metrics.http_answered("server", 204);
  metrics.connection_shed("server", "refused");
  metrics.set_certificate_expiries({{"/etc/belfry/tls.crt", kNow}});
  metrics.set_store_directory("/");
  metrics.set_canary_interval(5min);
  metrics.canary_delivered(kNow, 1500ms);
  store::Stats stats;
  stats.sinks["slack"].waiting = 4;
  stats.sinks["slack"].oldest = kNow - 90s;
  stats.unrouted = 1;
  delivery::LaneStatus lane;
  lane.sink = "slack";
  lane.state = delivery::LaneState::parked;
  return metrics.text(stats, {lane}, kNow);
}

TEST(MetricsTest, TextHoldsWhatWasCounted) {
  Metrics metrics("1.2.3");
  const auto text = full_text(metrics);
  EXPECT_THAT(text, HasSubstr("belfry_build_info{version=\"1.2.3\"} 1"));
  EXPECT_THAT(text, HasSubstr("belfry_notifications_received_total{result=\"accepted\",source=\"coder\"} 1"));
  EXPECT_THAT(text, HasSubstr("belfry_delivery_attempts_total{outcome=\"retry\",reason=\"timeout\",sink=\"slack\"} 1"));
  EXPECT_THAT(text, HasSubstr("belfry_delivery_seconds_bucket{sink=\"slack\",le=\"2.5\"} 1"));
  EXPECT_THAT(text, HasSubstr("belfry_delivery_seconds_bucket{sink=\"slack\",le=\"1\"} 0"));
  EXPECT_THAT(text, HasSubstr("belfry_queue_depth{sink=\"slack\",state=\"waiting\"} 4"));
  EXPECT_THAT(text, HasSubstr("belfry_queue_oldest_seconds{sink=\"slack\"} 90"));
  EXPECT_THAT(text, HasSubstr("belfry_lane_state{sink=\"slack\",state=\"parked\"} 1"));
  EXPECT_THAT(text, HasSubstr("belfry_lane_state{sink=\"slack\",state=\"open\"} 0"));
  EXPECT_THAT(text, HasSubstr("belfry_plugin_cached_users{sink=\"slack\"} 7"));
  EXPECT_THAT(text, HasSubstr("belfry_source_last_heard_timestamp_seconds{source=\"coder\"} 1700000000\n"));
  EXPECT_THAT(text, HasSubstr("belfry_operator_actions_total{action=\"retry\"} 1"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes"));
}

TEST(MetricsTest, SeriesAreThereFromTheStart) {
  Metrics metrics("1");
  metrics.init_series({"coder"}, {"slack"});
  delivery::LaneStatus lane;
  lane.sink = "slack";
  lane.attempted_at = kNow;
  const auto before = metrics.text({}, {lane}, kNow);
  for (const auto* series :
       {R"(belfry_dead_letters_total{sink="slack"} 0)", R"(belfry_dead_letters{sink="slack"} 0)",
        R"(belfry_deliveries_total{outcome="rejected",reason="",sink="slack"} 0)",
        R"(belfry_deliveries_total{outcome="expired",reason="",sink="slack"} 0)",
        R"(belfry_delivery_attempts_total{outcome="misconfigured",reason="",sink="slack"} 0)",
        R"(belfry_notifications_received_total{result="refused",source="coder"} 0)", R"(belfry_possible_duplicates_total{sink="slack"} 0)",
        R"(belfry_plugin_violations_total{kind="hung",sink="slack"} 0)", R"(belfry_queue_depth{sink="slack",state="held"} 0)",
        R"(belfry_queue_oldest_seconds{sink="slack"} 0)", R"(belfry_delivery_stalled{sink="slack"} 0)",
        R"(belfry_delivery_seconds_count{sink="slack"} 0)", R"(belfry_attempt_seconds_count{sink="slack"} 0)", "belfry_log_dropped_total 0",
        "belfry_clock_steps_total 0", R"(belfry_inbound_requests_total{result="refused",sink="slack"} 0)",
        R"(belfry_operator_actions_total{action="discard"} 0)",
        R"(belfry_connections_shed_total{listener="admin",reason="body_memory"} 0)"})
    EXPECT_THAT(before, HasSubstr(std::string(series) + "\n"));
  metrics.dead_letter("slack");
  metrics.init_series({"coder"}, {"slack"});  // a reload
  EXPECT_THAT(metrics.text({}, {lane}, kNow), HasSubstr(R"(belfry_dead_letters_total{sink="slack"} 1)"));
}

// An objective such as "99% within a minute" is computed from the bucket of exactly that bound.
TEST(MetricsTest, DeliveryTimesHaveABucketForEachUsualObjective) {
  Metrics metrics("1");
  metrics.delivery_ended("slack", "delivered", "sent", 59s);
  metrics.delivery_ended("slack", "delivered", "sent", 61s);
  const auto text = metrics.text({}, {}, kNow);
  for (const auto* le : {"1", "5", "10", "30", "60", "300", "900", "3600"})
    EXPECT_THAT(text, HasSubstr(R"(belfry_delivery_seconds_bucket{sink="slack",le=")" + std::string(le) + "\"}"));
  EXPECT_THAT(text, HasSubstr(R"(belfry_delivery_seconds_bucket{sink="slack",le="60"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(belfry_delivery_seconds_count{sink="slack"} 2)"));
}

TEST(MetricsTest, FreeSpaceIsThatOfTheStoreDirectory) {
  Metrics metrics("1");
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_store_free_bytes"), std::string::npos) << "no directory yet";
  metrics.set_store_directory("/no/such/directory");
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_store_free_bytes"), std::string::npos) << "cannot be read";
  metrics.set_store_directory(std::filesystem::temp_directory_path());
  const auto text = metrics.text({}, {}, kNow);
  const std::regex series("\nbelfry_store_free_bytes ([0-9.e+]+)\n");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(text, found, series)) << text;
  EXPECT_GT(std::stod(found[1]), 0);
}

TEST(MetricsTest, ACanaryThatIsNotConfiguredHasNoSeries) {
  Metrics metrics("1");
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_canary"), std::string::npos);
  metrics.set_canary_interval(5min);
  EXPECT_THAT(metrics.text({}, {}, kNow), HasSubstr("belfry_canary_interval_seconds 300\n"));
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_canary_last_success"), std::string::npos) << "none has arrived yet";
  metrics.canary_delivered(kNow, 1500ms);
  EXPECT_THAT(metrics.text({}, {}, kNow), HasSubstr("belfry_canary_last_success_timestamp_seconds 1700000000\n"));
  EXPECT_THAT(metrics.text({}, {}, kNow), HasSubstr("belfry_canary_seconds 1.5\n"));
  metrics.set_canary_interval(std::nullopt);
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_canary"), std::string::npos) << "removed by a reload";
}

TEST(MetricsTest, ASourceIsUnheardUntilItsFirstNotification) {
  Metrics metrics("1");
  metrics.init_series({"coder"}, {"slack"});
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_source_last_heard_timestamp_seconds{"), std::string::npos);
}

TEST(MetricsTest, NamesThatPluginsInventAreBounded) {
  Metrics metrics("1");
  for (int i = 0; i < 20'000; ++i) {
    const auto name = "invented_" + std::to_string(i);
    for (const auto* sink : {"slack", "mail"}) {
      metrics.attempt_ended(sink, "rejected", name, 1ms);
      metrics.delivery_ended(sink, "rejected", name, std::nullopt);
      metrics.counter_add(sink, name, 1);
      metrics.gauge_set(sink, "gauge_" + name, 1);
    }
  }
  metrics.attempt_ended("slack", "rejected", "invented_7", 1ms);
  delivery::LaneStatus slack, mail;
  slack.sink = "slack";
  mail.sink = "mail";
  const auto text = metrics.text({}, {slack, mail}, kNow);
  EXPECT_LT(std::ranges::count(text, '\n'), 1'500) << "lines";
  EXPECT_THAT(text, HasSubstr("belfry_delivery_attempts_total{outcome=\"rejected\",reason=\"invented_7\",sink=\"slack\"} 2"));
  EXPECT_THAT(text, HasSubstr("belfry_delivery_attempts_total{outcome=\"rejected\",reason=\"other\",sink=\"slack\"} 19900"));
  EXPECT_THAT(text, HasSubstr("belfry_deliveries_total{outcome=\"rejected\",reason=\"other\",sink=\"mail\"} 19900"));
  EXPECT_THAT(text, HasSubstr("belfry_plugin_other{sink=\"slack\"} 19900"));
}

TEST(MetricsTest, AStateThatIsOverLeavesNoLine) {
  Metrics metrics("1");
  static_cast<void>(full_text(metrics));
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_queue_depth{"), std::string::npos);
  EXPECT_EQ(metrics.text({}, {}, kNow).find("belfry_plugin_cached_users{"), std::string::npos);
  delivery::LaneStatus orphan;
  orphan.sink = "slack";
  orphan.state = delivery::LaneState::orphaned;
  EXPECT_EQ(metrics.text({}, {orphan}, kNow).find("belfry_plugin_cached_users{"), std::string::npos);
}

TEST(MetricsTest, TheReferencePageNamesEveryMetric) {
  Metrics metrics("1");
  const auto text = full_text(metrics);
  const char* source = std::getenv("BELFRY_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/reference/metrics.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(page.empty());
  const std::regex family("# TYPE (belfry_[a-z_]+) ");
  for (std::sregex_iterator match(text.begin(), text.end(), family), end; match != end; ++match) {
    const auto name = (*match)[1].str();
    if (name.starts_with("belfry_plugin_") && name != "belfry_plugin_violations_total") continue;
    EXPECT_THAT(page, HasSubstr("`" + name + "`"));
  }
}

}  // namespace
}  // namespace belfry::app
