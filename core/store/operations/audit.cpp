#include "store/operations/operations.hpp"

namespace belfry::store::operations {
namespace {

constexpr std::size_t kMaxActions = 1'000;  // of a page

}  // namespace

base::Result<std::vector<OperatorAction>> list_audit(Tables& tables, std::int64_t before, std::size_t limit) {
  if (limit >= 1 && limit <= kMaxActions) return tables.actions(before, limit);
  return base::fail(base::ErrorCode::invalid,
                    "the limit must be 1 to " + std::to_string(kMaxActions) + " actions, not " + std::to_string(limit));
}

}  // namespace belfry::store::operations
