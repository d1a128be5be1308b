#include "api/web/sessions.hpp"

#include <gtest/gtest.h>

#include <set>

namespace belfry::api::web {
namespace {

class SessionsTest : public testing::Test {
 protected:
  base::ManualClock clock_{base::Timestamp(std::chrono::hours(24))};
  Sessions sessions_{clock_};
};

TEST_F(SessionsTest, IdsAndCsrfTokensAreLongAndDifferent) {
  std::set<std::string> seen{sessions_.csrf_without_session()};
  for (int i = 0; i < 50; ++i) {
    const auto session = sessions_.begin(base::Secret("token"));
    EXPECT_EQ(session.id.size(), 64U);
    EXPECT_EQ(session.csrf.size(), 64U);
    seen.insert(session.id);
    seen.insert(session.csrf);
  }
  EXPECT_EQ(seen.size(), 101U);
}

TEST_F(SessionsTest, FindsASessionUntilItEnds) {
  const auto session = sessions_.begin(base::Secret("token"));
  const auto found = sessions_.find(session.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->csrf, session.csrf);
  EXPECT_EQ(found->token.reveal(), "token");
  EXPECT_FALSE(sessions_.find(session.csrf));
  EXPECT_FALSE(sessions_.find(""));
  sessions_.end(session.id);
  EXPECT_FALSE(sessions_.find(session.id));
}

TEST_F(SessionsTest, EndsWithoutRequestsAndAtItsMaximumAge) {
  const auto idle = sessions_.begin(base::Secret("token"));
  clock_.advance(Sessions::kMaxIdle);
  EXPECT_FALSE(sessions_.find(idle.id));

  const auto busy = sessions_.begin(base::Secret("token"));
  for (base::Millis age{}; age < Sessions::kMaxAge; age += std::chrono::hours(1)) {
    EXPECT_TRUE(sessions_.find(busy.id)) << age.count();
    clock_.advance(std::chrono::hours(1));
  }
  EXPECT_FALSE(sessions_.find(busy.id));
}

TEST_F(SessionsTest, TheLongestUnusedMakesRoom) {
  const auto begin = [&](const std::string& token) {
    clock_.advance(base::Millis(1));
    return sessions_.begin(base::Secret(token));
  };
  const auto first = begin("token 0");
  const auto second = begin("token 1");
  for (std::size_t i = 2; i < Sessions::kMaxSessions; ++i) static_cast<void>(begin("token " + std::to_string(i)));
  clock_.advance(base::Millis(1));
  EXPECT_TRUE(sessions_.find(first.id));
  static_cast<void>(begin("another token"));
  EXPECT_TRUE(sessions_.find(first.id));
  EXPECT_FALSE(sessions_.find(second.id));
}

TEST_F(SessionsTest, OneTokenTakesThePlacesOfItsOwnSessionsOnly) {
  const auto other = sessions_.begin(base::Secret("ada's"));
  clock_.advance(base::Millis(1));
  const auto oldest = sessions_.begin(base::Secret("eve's"));
  for (std::size_t i = 0; i < 2 * Sessions::kMaxSessions; ++i) {
    clock_.advance(base::Millis(1));
    static_cast<void>(sessions_.begin(base::Secret("eve's")));
  }
  EXPECT_TRUE(sessions_.find(other.id));
  EXPECT_FALSE(sessions_.find(oldest.id));
}

TEST_F(SessionsTest, TheLoginPageHasACsrfTokenOfItsOwn) { EXPECT_NE(sessions_.login_csrf(), sessions_.csrf_without_session()); }

}  // namespace
}  // namespace belfry::api::web
