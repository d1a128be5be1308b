#include "core/api/operator_fixture.hpp"

namespace belfry::api {
namespace {

using nlohmann::json;

class DeliveriesApiTest : public OperatorFixture {};

TEST_F(DeliveriesApiTest, ListsAPage) {
  listed_ = store::DeliveryPage{.deliveries = {delivery("d2"), delivery("d1")}, .next = 17};
  const auto response = call("GET", "/api/v1/deliveries?state=dead&sink=slack&to=Ada%40example.com&since=2d&limit=2&cursor=d1-40");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(filter_->state, store::ListedState::dead);
  EXPECT_EQ(filter_->sink, "slack");
  EXPECT_EQ(filter_->email, "Ada@example.com");
  EXPECT_EQ(base::to_rfc3339(*filter_->since), "2026-01-29T12:00:00.000Z");
  EXPECT_EQ(page_->limit, 2U);
  EXPECT_EQ(page_->before, 40U);
  const auto document = json::parse(response.body);
  EXPECT_EQ(document.at("next"), "d1-17");
  const auto& first = document.at("deliveries").at(0);
  EXPECT_EQ(first.at("id"), "d2");
  EXPECT_EQ(first.at("state"), "dead");
  EXPECT_EQ(first.at("receipt"), json({{"id", "1700.1"}}));
  EXPECT_EQ(first.at("created_at"), "2026-01-31T09:00:00.000Z");
  EXPECT_TRUE(first.at("ended_at").is_null());
  EXPECT_TRUE(first.at("event").is_null());
}

TEST_F(DeliveriesApiTest, TheLastPageHasNoCursor) {
  listed_ = store::DeliveryPage{};
  EXPECT_EQ(json::parse(call("GET", "/api/v1/deliveries").body), json({{"deliveries", json::array()}, {"next", nullptr}}));
  EXPECT_EQ(page_->limit, 100U);
}

TEST_F(DeliveriesApiTest, RefusesAListingThatItDoesNotUnderstand) {
  struct Case {
    const char *query, *why;
  };
  for (const auto& c : std::vector<Case>{{"state=lost", "the states are waiting, "},
                                         {"sink=teams", "the sinks are email and slack"},
                                         {"limit=0", "a whole number from 1 to 1000"},
                                         {"limit=1001", "a whole number from 1 to 1000"},
                                         {"cursor=x", "list again from the start"},
                                         {"cursor=d9-1", "comes from another version"},
                                         {"states=dead", "the parameters are state, sink, to, event, since, limit and cursor"}}) {
    const auto response = call("GET", std::string("/api/v1/deliveries?") + c.query);
    EXPECT_EQ(response.status, 400) << c.query;
    EXPECT_NE(error_of(response).find(c.why), std::string::npos) << response.body;
  }
  EXPECT_FALSE(filter_) << "the store was asked";
}

TEST_F(DeliveriesApiTest, ShowsEverythingAboutAnId) {
  ShownNotification match;
  match.notification.id = "n1";
  match.notification.title = "<script>alert(1)</script>\x1b[31m";
  match.deliveries = {delivery("d1")};
  match.attempts = {{.delivery_id = "d1", .number = 1}};
  match.explanation = "Received from coder.";
  shown_ = std::vector{match};
  const auto response = call("GET", "/api/v1/deliveries/a%2Fb");
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(id_, "a/b");
  EXPECT_EQ(response.body.find('\x1b'), std::string::npos) << "a control character reached the client raw";
  const auto document = json::parse(response.body).at("matches").at(0);
  EXPECT_EQ(document.at("notification").at("title"), match.notification.title);
  EXPECT_EQ(document.at("attempts").at(0).at("number"), 1);
  EXPECT_TRUE(document.at("attempts").at(0).at("outcome").is_null());
  EXPECT_EQ(document.at("explanation"), "Received from coder.");
  shown_ = base::fail(base::ErrorCode::not_found, "no delivery has that id");
  EXPECT_EQ(call("GET", "/api/v1/deliveries/x").status, 404);
}

TEST_F(DeliveriesApiTest, SensitiveTextIsNeverShown) {
  ShownNotification match;
  match.notification.title = "Your code is 123456";
  match.notification.body = "123456";
  match.notification.labels = {{"code", "123456"}};
  match.notification.sensitive = true;
  shown_ = std::vector{match};
  EXPECT_EQ(call("GET", "/api/v1/deliveries/n1").body.find("123456"), std::string::npos);
}

TEST_F(DeliveriesApiTest, RetriesAndDiscardsOne) {
  changed_ = store::Changed{.changed = {"d1"}};
  EXPECT_EQ(call("POST", "/api/v1/deliveries/d1/retry").status, 200);
  EXPECT_EQ(action_, BulkAction::retry);
  EXPECT_EQ(ids_, std::vector<std::string>{"d1"});
  EXPECT_NE(by_.name.find("uid " + std::to_string(::getuid())), std::string::npos) << by_.name;
  const auto discarded = call("POST", "/api/v1/deliveries/d1/discard", R"({"reason":"the workspace is gone"})");
  EXPECT_EQ(json::parse(discarded.body), json({{"changed", {"d1"}}, {"unchanged", json::array()}}));
  EXPECT_EQ(action_, BulkAction::discard);
  EXPECT_EQ(by_.reason, "the workspace is gone");
}

TEST_F(DeliveriesApiTest, WhatStaysAsItWasIsAConflict) {
  changed_ = store::Changed{.unchanged = {{"d1", "is in flight"}}};
  const auto conflict = call("POST", "/api/v1/deliveries/d1/retry");
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(json::parse(conflict.body).at("unchanged"), json::array({{{"id", "d1"}, {"why", "is in flight"}}}));
  changed_ = store::Changed{.unchanged = {{"d1", std::string(store::kDoesNotExist)}}};
  EXPECT_EQ(call("POST", "/api/v1/deliveries/d1/retry").status, 404);
}

TEST_F(DeliveriesApiTest, RefusesABadBodyWithoutAChange) {
  const std::string path = "/api/v1/deliveries/d1/discard";
  struct Case {
    std::string body, why;
  };
  for (const auto& c : std::vector<Case>{{"", "a discard needs a reason"},
                                         {"{}", "a discard needs a reason"},
                                         {R"({"reason":"  "})", "a discard needs a reason"},
                                         {R"({"reason":7})", "reason is a number; write a string"},
                                         {R"({"reason":"a\nb"})", "reason contains a control character"},
                                         {R"({"reason":"\u001b[31m"})", "reason contains a control character"},
                                         {R"({"reason":")" + std::string(501, 'x') + "\"}", "reason has 501 bytes; write at most 500"},
                                         {R"({"raeson":"x"})", "unknown member \"raeson\"; the members are reason"},
                                         {"[]", "the body is an array; send an object"},
                                         {"{", "not valid JSON"},
                                         {std::string("{}\0", 3), "not valid JSON"}}) {
    const auto response = call("POST", path, c.body);
    EXPECT_EQ(response.status, 400) << c.body;
    EXPECT_NE(error_of(response).find(c.why), std::string::npos) << response.body;
  }
  content_type_ = "text/plain";
  EXPECT_EQ(call("POST", path, R"({"reason":"x"})").status, 415);
  content_type_ = "application/x-www-form-urlencoded";
  EXPECT_EQ(call("POST", path, "reason=x").status, 415);
  EXPECT_FALSE(action_);
}

}  // namespace
}  // namespace belfry::api
