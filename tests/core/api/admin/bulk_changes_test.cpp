#include "core/api/operator_fixture.hpp"

namespace belfry::api {
namespace {

using nlohmann::json;

class BulkChangesApiTest : public OperatorFixture {
 protected:
  net::ServerResponse retry(const json& body) { return call("POST", "/api/v1/deliveries/retry", body.dump()); }
  net::ServerResponse discard(const json& body) { return call("POST", "/api/v1/deliveries/discard", body.dump()); }

  static json ids(std::size_t count) {
    auto all = json::array();
    for (std::size_t i = 0; i < count; ++i) all.push_back("0199b0c8-0000-7000-8000-" + std::to_string(100'000'000'000 + i));
    return all;
  }
};

TEST_F(BulkChangesApiTest, ChangesTheNamedDeliveries) {
  changed_ = store::Changed{.changed = {"d1"}, .unchanged = {{"d2", "is in flight"}}};
  const auto response = retry({{"ids", {"d1", "d2"}}, {"reason", "Slack is back"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body).at("changed"), json::array({"d1"}));
  EXPECT_EQ(ids_.size(), 2U);
  EXPECT_EQ(by_.reason, "Slack is back");
  changed_->changed.clear();
  EXPECT_EQ(retry({{"ids", {"d1", "d2"}}}).status, 409);
  EXPECT_EQ(retry({{"ids", ids(1000)}}).status, 409) << "1,000 are allowed";
}

TEST_F(BulkChangesApiTest, TooManyIdsAreToldTheWayOut) {
  for (const std::size_t count : {1001, 10'000}) {
    const auto response = retry({{"ids", ids(count)}});
    EXPECT_EQ(response.status, 413);
    EXPECT_NE(error_of(response).find("send at most 1000 per request, or select the deliveries with a filter"), std::string::npos);
  }
  EXPECT_FALSE(action_);
}

TEST_F(BulkChangesApiTest, AFilterStartsAJob) {
  const auto response = retry({{"filter", {{"state", "dead"}, {"sink", "slack"}, {"since", "1d"}}}});
  EXPECT_EQ(response.status, 202);
  const auto job = json::parse(response.body);
  EXPECT_EQ(job.at("id"), "j1");
  EXPECT_EQ(job.at("state"), "running");
  EXPECT_EQ(filter_->sink, "slack");
  begun_ = base::fail(base::ErrorCode::unavailable, "the bulk retry j1 is running");
  EXPECT_EQ(retry({{"filter", {{"state", "dead"}}}}).status, 409);
  EXPECT_EQ(call("GET", "/api/v1/jobs/j1").status, 200);
  EXPECT_EQ(call("GET", "/api/v1/jobs/j2").status, 404);
}

TEST_F(BulkChangesApiTest, ADryRunOnlyCounts) {
  EXPECT_EQ(json::parse(discard({{"filter", {{"state", "held"}}}, {"dry_run", true}}).body), json({{"count", 7}, {"complete", false}}));
  EXPECT_EQ(json::parse(retry({{"ids", {"d1", "d2", "d1"}}, {"dry_run", true}}).body), json({{"count", 2}, {"complete", true}}));
  EXPECT_FALSE(action_);
}

TEST_F(BulkChangesApiTest, RefusesASelectionThatIsNotClear) {
  struct Case {
    json body;
    std::string why;
  };
  const json dead = {{"state", "dead"}};
  for (const auto& c : std::vector<Case>{{json::object(), "selects no deliveries; write either ids"},
                                         {{{"ids", {"d1"}}, {"filter", dead}}, "selects by ids and by a filter"},
                                         {{{"ids", json::array()}}, "ids is empty"},
                                         {{{"ids", "d1"}}, "ids is a string; write an array of strings"},
                                         {{{"ids", {"d1", 7}}}, "ids[1] is a number; write a string"},
                                         {{{"ids", {""}}}, "ids[0] has 0 bytes; write 1 to 256"},
                                         {{{"ids", {"a\nb"}}}, "ids[0] contains a control character"},
                                         {{{"filter", "dead"}}, "filter is a string; send an object"},
                                         {{{"filter", json::object()}}, "filter.state is missing; write dead"},
                                         {{{"filter", {{"state", "waiting"}}}}, "filter.state is waiting; write dead"},
                                         {{{"filter", {{"state", 7}}}}, "filter.state is a number; write a string"},
                                         {{{"filter", {{"stat", "dead"}}}}, "filter has the unknown member \"stat\""},
                                         {{{"filter", {{"state", "dead"}, {"sink", "teams"}}}}, "the sinks are email and slack"},
                                         {{{"filter", dead}, {"dry_run", "yes"}}, "dry_run is a string; write true or false"}}) {
    const auto response = retry(c.body);
    EXPECT_EQ(response.status, 400) << c.body;
    EXPECT_NE(error_of(response).find(c.why), std::string::npos) << response.body;
  }
  EXPECT_EQ(discard({{"ids", {"d1"}}}).status, 400) << "a discard without a reason";
  EXPECT_EQ(discard({{"filter", {{"state", "delivered"}}}, {"reason", "x"}}).status, 400);
  EXPECT_EQ(discard({{"filter", {{"state", "in_flight"}}}, {"reason", "x"}}).status, 400);
  EXPECT_FALSE(action_);
}

}  // namespace
}  // namespace belfry::api
