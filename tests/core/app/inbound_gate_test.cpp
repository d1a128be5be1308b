#include "app/inbound_gate.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <utility>

namespace belfry::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr std::size_t kLarge = InboundGate::kSmallBody + 1;

// Requests are named by their path. The handler keeps those named "keep..." and replies to the others at once.
class InboundGateTest : public ::testing::Test {
 protected:
  ~InboundGateTest() override { drop_kept(); }
  void pass(const std::string& name, std::size_t bytes = kLarge) {
    auto reply = [this, name](const net::ServerResponse& response) { replies_.push_back(name + " " + std::to_string(response.status)); };
    gate_->pass({.method = "POST", .path = name, .body = std::string(bytes, 'x')}, std::move(reply),
                [this](const net::ServerRequest& request, net::Reply answer) {
                  passed_.push_back(request.path);
                  if (request.path.starts_with("throw")) throw std::runtime_error("thrown by the test");
                  if (request.path.starts_with("keep")) return kept_.push_back(std::move(answer));
                  answer({.status = 401});
                });
  }
  void reply_to_first() {
    auto reply = std::move(kept_.front());
    kept_.erase(kept_.begin());
    reply({.status = 200});
  }

  // A dropped reply frees its slot, so the handler may keep the next one meanwhile.
  void drop_kept() {
    while (!kept_.empty()) const auto dropped = std::exchange(kept_, {});
  }

  base::ManualClock clock_{base::Timestamp(1h)};
  const std::shared_ptr<InboundGate> gate_ = std::make_shared<InboundGate>(clock_);
  std::vector<std::string> passed_;
  std::vector<std::string> replies_;
  std::vector<net::Reply> kept_;
};

TEST_F(InboundGateTest, SmallRequestsOvertakeLargeOnes) {
  for (int i = 1; i <= 50; ++i) pass("keep" + std::to_string(i));
  EXPECT_THAT(passed_, ElementsAre("keep1", "keep2")) << "two of fifty";
  pass("click", InboundGate::kSmallBody);
  EXPECT_THAT(passed_, ElementsAre("keep1", "keep2", "click"));
  EXPECT_THAT(replies_, ElementsAre("click 401"));
  reply_to_first();
  EXPECT_THAT(passed_, ElementsAre("keep1", "keep2", "click", "keep3"));
  EXPECT_THAT(replies_, ElementsAre("click 401", "keep1 200"));
}

TEST_F(InboundGateTest, TheOrderOfLargeOnesIsKept) {
  for (const std::string name : {"keep1", "keep2", "a", "b", "keep3", "c"}) pass(name);
  EXPECT_THAT(passed_, ElementsAre("keep1", "keep2"));
  reply_to_first();
  EXPECT_THAT(passed_, ElementsAre("keep1", "keep2", "a", "b", "keep3"));
  drop_kept();
  EXPECT_EQ(passed_.back(), "c");
}

TEST_F(InboundGateTest, ManyThatAreRefusedAtOnceDoNotRecurse) {
  for (const std::string name : {"keep1", "keep2"}) pass(name);
  for (int i = 0; i < 20'000; ++i) pass("refused");
  drop_kept();
  EXPECT_EQ(replies_.size(), 20'000U);
}

TEST_F(InboundGateTest, AHandlerThatThrowsFreesItsSlot) {
  for (int i = 0; i < 5; ++i) pass("throws");
  pass("last");
  EXPECT_EQ(passed_.size(), 6U);
  EXPECT_THAT(replies_, ElementsAre("last 401"));
}

TEST_F(InboundGateTest, ARequestThatHasWaitedTooLongIsNotVerified) {
  for (const std::string name : {"keep1", "keep2", "late1", "late2"}) pass(name);
  clock_.advance(InboundGate::kMaxWait + 1ms);
  pass("fresh");
  drop_kept();
  EXPECT_THAT(replies_, ElementsAre("late1 503", "late2 503", "fresh 401"));
  EXPECT_THAT(passed_, ElementsAre("keep1", "keep2", "fresh"));
}

}  // namespace
}  // namespace belfry::app
