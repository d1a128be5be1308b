#include <algorithm>
#include <set>

#include "api/admin/documents.hpp"
#include "api/admin/json_object.hpp"
#include "api/admin/operations.hpp"
#include "api/operators/filter_text.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

constexpr std::size_t kMaxIds = 1000;
constexpr std::size_t kMaxBulkBody = 1024UL * 1024;

struct BulkRequest {
  BulkAction action = BulkAction::retry;
  std::vector<std::string> ids;
  std::optional<store::Filter> filter;  // instead of ids
  bool dry_run = false;
  std::string reason;
};

std::unexpected<net::ServerResponse> refused(int status, std::string why) { return std::unexpected(api_error(status, std::move(why))); }

// The states of deliveries that the action can change.
base::Result<void> check_state(BulkAction action, std::optional<store::ListedState> state) {
  using enum store::ListedState;
  const auto found = state ? "filter.state is " + std::string(store::to_string(*state)) : std::string("filter.state is missing");
  if (action == BulkAction::retry) {
    if (state == dead) return {};
    return invalid_input(found + "; write dead, since only dead letters can be retried in bulk");
  }
  for (const auto ended : {dead, waiting, backoff, held})
    if (state == ended) return {};
  return invalid_input(found + "; write dead, waiting, backoff or held");
}

base::Result<store::Filter> read_bulk_filter(const OperatorBackend& operators, BulkAction action, const JsonObject& body) {
  const auto object = body.object("filter", {"state", "sink", "to", "event", "since"});
  if (!object) return std::unexpected(object.error());
  FilterText text;
  for (const auto& [name, into] :
       {std::pair{"state", &text.state}, {"sink", &text.sink}, {"to", &text.to}, {"event", &text.event}, {"since", &text.since}}) {
    auto value = object->line(name, kMaxId);
    if (!value) return std::unexpected(value.error());
    *into = *std::move(value);
  }
  auto filter = read_filter(text, operators.sinks(), operators.now());
  if (!filter) return filter;
  if (auto allowed = check_state(action, filter->state); !allowed) return std::unexpected(allowed.error());
  return filter;
}

std::expected<BulkRequest, net::ServerResponse> read_request(const OperatorBackend& operators, BulkAction action, const Call& call) {
  const auto body = JsonObject::of_body(call.request, {"ids", "filter", "reason", "dry_run"});
  if (!body) return std::unexpected(body.error());
  BulkRequest out{.action = action};
  const auto dry_run = body->flag("dry_run");
  if (!dry_run) return std::unexpected(api_error(dry_run.error()));
  out.dry_run = *dry_run;
  const auto reason = body->line("reason", kMaxReason);
  if (!reason) return std::unexpected(api_error(reason.error()));
  out.reason = reason->value_or("");
  if (action == BulkAction::discard && out.reason.empty() && !out.dry_run)
    return refused(400, "a discard needs a reason; add \"reason\": \"the workspaces no longer exist\" to the body");
  if (body->has("ids") == body->has("filter"))
    return refused(400, "the body selects " + std::string(body->has("ids") ? "by ids and by a filter" : "no deliveries") +
                            "; write either ids (an array of delivery ids) or filter (such as {\"state\": \"dead\"})");
  if (body->has("filter")) {
    auto filter = read_bulk_filter(operators, action, *body);
    if (!filter) return std::unexpected(api_error(filter.error()));
    out.filter = *std::move(filter);
    return out;
  }
  auto ids = body->texts("ids", kMaxId);
  if (!ids) return std::unexpected(api_error(ids.error()));
  if (ids->empty()) return refused(400, "ids is empty; write 1 to " + std::to_string(kMaxIds) + " delivery ids");
  if (ids->size() > kMaxIds)
    return refused(413, "ids has " + std::to_string(ids->size()) + " entries; send at most " + std::to_string(kMaxIds) +
                            " per request, or select the deliveries with a filter");
  out.ids = *std::move(ids);
  return out;
}

void change_by_ids(const SharedOperators& operators, BulkRequest wanted, std::string by, net::Reply reply) {
  if (wanted.dry_run) {
    const std::set<std::string> distinct(wanted.ids.begin(), wanted.ids.end());
    return reply(json_response(200, {{"count", distinct.size()}, {"complete", true}}));
  }
  operators->change(wanted.action, std::move(wanted.ids), {std::move(by), std::move(wanted.reason)},
                    [reply = std::move(reply)](const base::Result<store::Changed>& changed) mutable {
                      if (!changed) return reply(api_error(changed.error()));
                      reply(json_response(changed->changed.empty() ? 409 : 200, document(*changed)));
                    });
}

void change_by_filter(const SharedOperators& operators, BulkRequest wanted, std::string by, net::Reply reply) {
  if (wanted.dry_run) {
    return operators->count(*wanted.filter, [reply = std::move(reply)](const base::Result<BulkCount>& counted) mutable {
      reply(counted ? json_response(200, {{"count", counted->count}, {"complete", counted->complete}}) : api_error(counted.error()));
    });
  }
  const auto job = operators->begin_job(wanted.action, *std::move(wanted.filter), {std::move(by), std::move(wanted.reason)});
  reply(job ? json_response(202, document(*job)) : api_error(409, job.error().message));
}

Endpoints::Handler bulk_change(const SharedOperators& operators, BulkAction action) {
  return [operators, action](Call call, net::Reply reply) {
    auto wanted = read_request(*operators, action, call);
    if (!wanted) return reply(std::move(wanted.error()));
    const auto change = wanted->filter ? change_by_filter : change_by_ids;
    change(operators, *std::move(wanted), std::move(call.by), std::move(reply));
  };
}

}  // namespace

void add_bulk_changes(Endpoints& endpoints, const SharedOperators& operators) {
  endpoints.add({"POST"}, "deliveries/retry", {}, bulk_change(operators, BulkAction::retry), kMaxBulkBody);
  endpoints.add({"POST"}, "deliveries/discard", {}, bulk_change(operators, BulkAction::discard), kMaxBulkBody);
  endpoints.add({"GET"}, "jobs/{id}", {}, [operators](const Call& call, net::Reply reply) {
    const auto id = call.request.path_parameter("id");
    const auto job = operators->job(id);
    reply(job ? json_response(200, document(*job))
              : api_error(404, "there is no job " + in_quotes(id) + "; a job is kept for ten minutes after its end"));
  });
}

}  // namespace belfry::api
