#include "source/passcodes.hpp"

namespace belfry::source {
namespace {

using namespace std::chrono_literals;

model::Notification applied(model::Notification n) {
  mark_passcodes(n);
  return n;
}

TEST(Builtin, AnyOneSignOfAPasscodeIsEnough) {
  for (const auto& n : {model::Notification{.template_id = "62f86a30-2330-4b61-a26d-311ff3b608cf"},
                        model::Notification{.name = "One-Time Passcode"}, model::Notification{.labels = {{"one_time_passcode", ""}}}}) {
    const auto out = applied(n);
    EXPECT_TRUE(out.sensitive);
    EXPECT_EQ(out.max_age, 10min);
  }
}

TEST(Builtin, OtherNotificationsStayAsTheyAre) {
  const model::Notification other{.name = "Workspace Deleted",
                                  .template_id = "f517da0b-cdc9-410f-ab89-a86107c420ed",
                                  .title = "One-Time Passcode",
                                  .labels = {{"name", "one_time_passcode"}}};
  EXPECT_EQ(applied(other), other);
}

TEST(Builtin, OnlyShortensTheAge) {
  EXPECT_EQ(applied({.name = "One-Time Passcode", .max_age = 1min}).max_age, 1min);
  EXPECT_EQ(applied({.name = "One-Time Passcode", .max_age = 24h}).max_age, 10min);
}

}  // namespace
}  // namespace belfry::source
