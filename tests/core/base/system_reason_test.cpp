#include "base/system_reason.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::base {
namespace {

using testing::HasSubstr;

TEST(SystemReason, SaysWhatToDoOnAFullDisk) {
  EXPECT_EQ(system_reason(ENOSPC), "No space left on device; free some space there");
  EXPECT_THAT(system_reason(EDQUOT), HasSubstr("raise the quota, or free some space"));
  EXPECT_THAT(system_reason(EFBIG), HasSubstr("raise the limit of file size"));
}

TEST(SystemReason, IsTheWordsAloneWhereThereIsNothingToAdvise) { EXPECT_EQ(system_reason(EACCES), "Permission denied"); }

TEST(SystemReason, IsOfTheCallThatFailedLast) {
  errno = ENOENT;
  EXPECT_EQ(system_reason(), "No such file or directory");
}

}  // namespace
}  // namespace belfry::base
