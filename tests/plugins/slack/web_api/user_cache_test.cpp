#include "slack/web_api/user_cache.hpp"

#include <gtest/gtest.h>

namespace belfry::slack {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Millis kAddedAt = Millis(1'700'000'000'000);

UserCache directory() { return UserCache(hours(24), minutes(10)); }

TEST(NormalEmail, IsLowerCaseWithoutBlanks) {
  EXPECT_EQ(normalize_email(" Bobby+X@Example.COM\n"), "bobby+x@example.com");
  EXPECT_EQ(normalize_email(""), "");
  EXPECT_EQ(normalize_email(" \t"), "");
  EXPECT_EQ(normalize_email("JOSÉ@x.y"), "josÉ@x.y") << "ASCII only, because mail systems disagree about the rest";
}

TEST(Directory, RemembersForItsTime) {
  UserCache d = directory();
  EXPECT_EQ(d.find("a@b", kAddedAt), std::nullopt);
  d.add_found("a@b", "U1", kAddedAt);
  d.add_missing("c@d", kAddedAt);
  EXPECT_EQ(d.find("a@b", kAddedAt + hours(24) - Millis(1))->user, "U1");
  EXPECT_EQ(d.find("a@b", kAddedAt + hours(24)), std::nullopt);
  EXPECT_EQ(d.find("c@d", kAddedAt + minutes(10) - Millis(1))->user, "");
  EXPECT_EQ(d.find("c@d", kAddedAt + minutes(10)), std::nullopt);
}

TEST(Directory, BelievesNothingFromBeforeTheClockWasSetBack) {
  UserCache d = directory();
  d.add_found("a@b", "U1", kAddedAt);
  d.add_missing("c@d", kAddedAt);
  EXPECT_EQ(d.find("a@b", kAddedAt - Millis(1)), std::nullopt);
  EXPECT_EQ(d.find("c@d", kAddedAt - hours(240)), std::nullopt) << "otherwise the address would not be looked up for ten days";
}

TEST(Directory, LaterAnswersReplaceEarlierOnes) {
  UserCache d = directory();
  d.add_missing("a@b", kAddedAt);
  d.add_found("a@b", "U1", kAddedAt);
  EXPECT_EQ(d.find("a@b", kAddedAt)->user, "U1");
  d.forget("a@b");
  EXPECT_EQ(d.find("a@b", kAddedAt), std::nullopt);
  d.forget("a@b");
}

TEST(Directory, SurvivesARestart) {
  UserCache before = directory();
  const std::string kept = UserCache::keep(before.add_found("a@b", "W9", kAddedAt));
  UserCache after = directory();
  after.restore("a@b", kept, kAddedAt + hours(23));
  EXPECT_EQ(after.find("a@b", kAddedAt + hours(23)), (UserCache::Entry{"W9", kAddedAt + hours(24)}));
  EXPECT_EQ(after.find("a@b", kAddedAt + hours(24)), std::nullopt);
}

TEST(Directory, ObeysTheShorterTimeOfToday) {
  UserCache before = directory();
  const std::string kept = UserCache::keep(before.add_found("a@b", "W9", kAddedAt));
  UserCache after(hours(1), minutes(10));
  after.restore("a@b", kept, kAddedAt);
  EXPECT_EQ(after.find("a@b", kAddedAt + hours(1)), std::nullopt);
}

TEST(Directory, NobodySurvivesARestartToo) {
  UserCache before = directory();
  const std::string kept = UserCache::keep(before.add_missing("a@b", kAddedAt));
  UserCache after = directory();
  after.restore("a@b", kept, kAddedAt + minutes(9));
  EXPECT_EQ(after.find("a@b", kAddedAt + minutes(9)), (UserCache::Entry{"", kAddedAt + minutes(10)}));
  UserCache late = directory();
  late.restore("a@b", kept, kAddedAt + minutes(10));
  EXPECT_EQ(late.find("a@b", kAddedAt + minutes(10)), std::nullopt);
  UserCache shorter(hours(24), minutes(1));
  shorter.restore("a@b", kept, kAddedAt);
  EXPECT_EQ(shorter.find("a@b", kAddedAt + minutes(1)), std::nullopt);
}

TEST(Directory, IgnoresWhatItCannotUse) {
  UserCache d = directory();
  for (const std::string_view kept : {"", "{", "[]", "{}", R"({"user":"U1"})", R"({"user":7,"until":9e15})", R"({"user":"U1","until":"x"})",
                                      R"({"user":"U1","until":1700000000000})", R"({"user":"U1","until":-5})"}) {
    d.restore("a@b", kept, kAddedAt);
    EXPECT_EQ(d.find("a@b", kAddedAt), std::nullopt) << kept;
  }
}

TEST(Directory, IsBounded) {
  UserCache d = directory();
  for (std::size_t i = 0; i < UserCache::kMaxEntries + 50; ++i) d.add_found(std::to_string(i), "U", kAddedAt);
  std::size_t left = 0;
  for (std::size_t i = 0; i < UserCache::kMaxEntries + 50; ++i) left += d.find(std::to_string(i), kAddedAt) ? 1 : 0;
  EXPECT_EQ(left, UserCache::kMaxEntries);
}

}  // namespace
}  // namespace belfry::slack
