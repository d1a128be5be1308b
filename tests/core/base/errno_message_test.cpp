#include "base/errno_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belfry::base {
namespace {

using testing::HasSubstr;

TEST(SystemReason, SaysWhatToDoOnAFullDisk) {
  EXPECT_EQ(errno_message(ENOSPC), "No space left on device; free some space there");
  EXPECT_THAT(errno_message(EDQUOT), HasSubstr("raise the quota, or free some space"));
  EXPECT_THAT(errno_message(EFBIG), HasSubstr("raise the file size limit"));
}

TEST(SystemReason, IsTheWordsAloneWhereThereIsNothingToAdvise) { EXPECT_EQ(errno_message(EACCES), "Permission denied"); }

TEST(SystemReason, IsOfTheCallThatFailedLast) {
  errno = ENOENT;
  EXPECT_EQ(errno_message(), "No such file or directory");
}

}  // namespace
}  // namespace belfry::base
