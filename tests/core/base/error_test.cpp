#include "base/error.hpp"

namespace belfry::base {
namespace {

TEST(Error, ContextGoesInFrontAndTheCodeStays) {
  const Error inner{ErrorCode::not_found, "no such file"};
  EXPECT_EQ(with_context("reload", with_context("belfry.yaml:3:1", inner)),
            (Error{ErrorCode::not_found, "reload: belfry.yaml:3:1: no such file"}));
}

TEST(Error, Fail) {
  const Result<int> result = fail("broken");
  EXPECT_EQ(result.error(), (Error{ErrorCode::failed, "broken"}));
  EXPECT_EQ((Result<int>(fail(ErrorCode::timeout, "late")).error().code), ErrorCode::timeout);
}

}  // namespace
}  // namespace belfry::base
