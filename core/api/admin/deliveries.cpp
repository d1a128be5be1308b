#include "api/admin/documents.hpp"
#include "api/admin/json_object.hpp"
#include "api/admin/operations.hpp"
#include "api/operators/filter_text.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kDefaultListLimit = 100;

void list(const SharedOperators& operators, const Call& call, net::Reply reply) {
  const auto& query = call.query;
  const auto filter = read_filter({query.get("state"), query.get("sink"), query.get("to"), query.get("event"), query.get("since")},
                                  operators->sinks(), operators->now());
  if (!filter) return reply(api_error(filter.error()));
  const auto limit = query.number("limit", kDefaultListLimit, 1, store::PageRequest::kMaxLimit);
  if (!limit) return reply(api_error(limit.error()));
  store::PageRequest page{.limit = static_cast<std::size_t>(*limit)};
  if (const auto cursor = query.get("cursor")) {
    const auto before = read_cursor('d', *cursor);
    if (!before) return reply(api_error(before.error()));
    page.before = *before;
  }
  operators->list(*filter, page, [reply = std::move(reply)](base::Result<store::DeliveryPage> found) mutable {
    reply(found ? json_response(200, document(*found)) : api_error(found.error()));
  });
}

void show(const SharedOperators& operators, const Call& call, net::Reply reply) {
  operators->show(call.request.path_parameter("id"),
                  [reply = std::move(reply)](base::Result<std::vector<ShownNotification>> shown) mutable {
                    if (!shown) return reply(api_error(shown.error()));
                    auto matches = nlohmann::json::array();
                    for (const auto& match : *shown) matches.push_back(document(match));
                    reply(json_response(200, {{"matches", std::move(matches)}}));
                  });
}

// 404 if there is no such delivery, 409 if it stayed as it was.
net::ServerResponse one_changed(const std::string& id, const base::Result<store::Changed>& changed) {
  if (!changed) return api_error(changed.error());
  if (!changed->changed.empty()) return json_response(200, document(*changed));
  if (!changed->unchanged.empty() && changed->unchanged.front().why.starts_with(store::kDoesNotExist))
    return api_error(404, "there is no delivery " + in_quotes(id) + "; list the deliveries to find its id");
  return json_response(409, document(*changed));
}

Endpoints::Handler change_one(const SharedOperators& operators, BulkAction action) {
  return [operators, action](Call call, net::Reply reply) {
    const auto body = JsonObject::of_body(call.request, {"reason"});
    if (!body) return reply(body.error());
    auto reason = body->line("reason", kMaxReason);
    if (!reason) return reply(api_error(reason.error()));
    if (action == BulkAction::discard && !*reason)
      return reply(api_error(400, "a discard needs a reason; send a body such as {\"reason\": \"the workspace no longer exists\"}"));
    const auto id = call.request.path_parameter("id");
    operators->change(
        action, {id}, {std::move(call.by), reason->value_or("")},
        [id, reply = std::move(reply)](const base::Result<store::Changed>& changed) mutable { reply(one_changed(id, changed)); });
  };
}

}  // namespace

void add_deliveries(Endpoints& endpoints, const SharedOperators& operators) {
  endpoints.add({"GET"}, "deliveries", {"state", "sink", "to", "event", "since", "limit", "cursor"},
                [operators](const Call& call, net::Reply reply) { list(operators, call, std::move(reply)); });
  endpoints.add({"GET"}, "deliveries/{id}", {},
                [operators](const Call& call, net::Reply reply) { show(operators, call, std::move(reply)); });
  endpoints.add({"POST"}, "deliveries/{id}/retry", {}, change_one(operators, BulkAction::retry));
  endpoints.add({"POST"}, "deliveries/{id}/discard", {}, change_one(operators, BulkAction::discard));
}

}  // namespace belfry::api
