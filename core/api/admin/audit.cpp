#include "api/admin/documents.hpp"
#include "api/admin/operations.hpp"
#include "api/operators/filter_text.hpp"
#include "api/operators/responses.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kDefaultAuditLimit = 100;
constexpr std::size_t kMaxAuditLimit = 1000;

nlohmann::json audit_page(const std::vector<store::OperatorAction>& actions, std::size_t limit) {
  auto all = nlohmann::json::array();
  for (const auto& action : actions) all.push_back(document(action));
  const bool full = actions.size() >= limit;
  return {{"actions", std::move(all)},
          {"next", full ? nlohmann::json(write_cursor('a', static_cast<std::uint64_t>(actions.back().id))) : nlohmann::json()}};
}

}  // namespace

void add_audit(Endpoints& endpoints, const SharedOperators& operators) {
  endpoints.add({"GET"}, "audit", {"limit", "cursor"}, [operators](const Call& call, net::Reply reply) {
    const auto limit = call.query.number("limit", kDefaultAuditLimit, 1, kMaxAuditLimit);
    if (!limit) return reply(api_error(limit.error()));
    std::int64_t before = 0;
    if (const auto cursor = call.query.get("cursor")) {
      const auto position = read_cursor('a', *cursor);
      if (!position) return reply(api_error(position.error()));
      before = static_cast<std::int64_t>(*position);
    }
    operators->audit(before, static_cast<std::size_t>(*limit),
                     [limit = static_cast<std::size_t>(*limit),
                      reply = std::move(reply)](const base::Result<std::vector<store::OperatorAction>>& actions) mutable {
                       reply(actions ? json_response(200, audit_page(*actions, limit)) : api_error(actions.error()));
                     });
  });
}

}  // namespace belfry::api
