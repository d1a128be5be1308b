// A history that tests fill with what a store records. Times are those of a clock in Berlin on 2026-12-01.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "why/explanation.hpp"

namespace belfry::why {

class WhyTest : public testing::Test {
 protected:
  WhyTest() {
    auto& n = history_.notification;
    n.id = "n1";
    n.source = "coder";
    n.msg_id = "m1";
    n.received_at = at("09:00:01");
    n.name = "Workspace Created";
    n.title = "SECRET TITLE";
    n.body = "SECRET BODY";
    n.recipient.email = "Ada@Example.com";
    note("routed", "route \"everyone\" chose the recipient via sink slack");
  }

  // "09:00:01", or "2026-12-02 09:00:01"; in winter, Berlin is an hour ahead of UTC.
  static base::Timestamp at(const std::string& clock) {
    const auto text = clock.size() > 8 ? clock : "2026-12-01 " + clock;
    return base::from_rfc3339(text.substr(0, 10) + "T" + text.substr(11) + "Z").value() - std::chrono::hours(1);
  }

  // A delivery to slack, accepted and due at 09:00:01, that expires a day later.
  model::Delivery& add_delivery(const std::string& id = "d1", const std::string& sink = "slack") {
    model::Delivery delivery;
    delivery.id = id;
    delivery.notification_id = "n1";
    delivery.sink = sink;
    delivery.destination = {model::Audience::direct, "ada@example.com"};
    delivery.route = "everyone";
    delivery.created_at = at("09:00:01");
    delivery.due_at = at("09:00:01");
    delivery.expires_at = at("2026-12-02 09:00:01");
    history_.deliveries.push_back(std::move(delivery));
    return history_.deliveries.back();
  }

  // Adds to the delivery that was added last.
  void note(const std::string& event, const std::string& detail) { note_at("09:00:01", event, detail, ""); }
  void note_at(const std::string& time, const std::string& event, const std::string& detail, const std::string& delivery = "d1") {
    history_.decisions.push_back({.at = at(time), .notification_id = "n1", .delivery_id = delivery, .event = event, .detail = detail});
  }
  void attempt(std::uint32_t number, const std::string& began, const std::string& ended, model::Outcome outcome) {
    history_.attempts.push_back({"d1", number, at(began), at(ended), std::move(outcome), false});
  }
  void open_attempt(std::uint32_t number, const std::string& began) {
    history_.attempts.push_back({"d1", number, at(began), {}, {}, false});
  }

  static model::Outcome timeout(bool maybe_delivered = false) {
    return {.code = model::OutcomeCode::retry, .maybe_delivered = maybe_delivered, .reason = "timeout", .detail = "no response within 10s"};
  }
  static model::Outcome accepted() { return {.code = model::OutcomeCode::delivered, .reason = "delivered"}; }

  // The delivery "d1" ends as delivered.
  void deliver(const std::string& time, const std::string& how = "attempt 1") {
    auto& delivery = history_.deliveries.front();
    delivery.state = model::DeliveryState::delivered;
    delivery.finished_at = at(time);
    delivery.receipt = R"({"id":"1700.1","data":{"channel":"D123"}})";
    note_at(time, "delivered", kTarget + how);
  }
  void reject(const std::string& time, const std::string& why = "user_not_found: nobody has this address") {
    auto& delivery = history_.deliveries.front();
    delivery.state = model::DeliveryState::rejected;
    delivery.dead_letter = true;
    delivery.finished_at = at(time);
    note_at(time, "rejected", kTarget + why);
  }

  // The paragraph after the sentences about receipt and route.
  std::string rest_at(const std::string& now) {
    context_.now = at(now);
    const auto text = explain(history_, context_);
    EXPECT_TRUE(text.starts_with(kOpening)) << text;
    EXPECT_EQ(text.find("SECRET"), std::string::npos) << text;
    return text.size() > kOpening.size() ? text.substr(kOpening.size() + 1) : std::string();
  }

  const std::string kOpening = "Received from coder on 2026-12-01 at 09:00:01 CET. Route \"everyone\" chose the recipient via sink slack.";
  const std::string kTarget = "slack direct:ada@example.com: ";
  const std::string kDeadLetter =
      "It is a dead letter: fix the cause, then send it again with `belfry deliveries retry d1`, or end it with "
      "`belfry deliveries discard d1 --reason TEXT`.";
  const std::string kExpiry = " It expires on 2026-12-02 at 09:00:01.";

  store::History history_;
  Context context_{.zone = base::TimeZone::find("Europe/Berlin").value()};
};

}  // namespace belfry::why
