#include <algorithm>
#include <array>
#include <utility>

#include "api/admin/json_object.hpp"
#include "api/admin/operations.hpp"
#include "api/operators/responses.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api {
namespace {

using base::LogLevel;

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
    {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}}};

net::ServerResponse level_document(LogLevel level) {
  const auto* found = std::ranges::find(kLevels, level, [](const auto& entry) { return entry.second; });
  return json_response(200, {{"level", found->first}});
}

void change_level(const OperatorBackend& operators, Call call, net::Reply reply) {
  const auto body = JsonObject::of_body(call.request, {"level", "reason"});
  if (!body) return reply(body.error());
  const auto name = body->line("level", kMaxId);
  if (!name) return reply(api_error(name.error()));
  const auto reason = body->line("reason", kMaxReason);
  if (!reason) return reply(api_error(reason.error()));
  const auto* found = std::ranges::find(kLevels, name->value_or(""), [](const auto& entry) { return entry.first; });
  if (found == kLevels.end())
    return reply(
        api_error(400, (*name ? "level is " + in_quotes(**name) : std::string("level is missing")) + "; write debug, info, warn or error"));
  operators.change_log_level(found->second, {std::move(call.by), reason->value_or("")});
  reply(level_document(found->second));
}

}  // namespace

void add_log_level(Endpoints& endpoints, const SharedOperators& operators) {
  endpoints.add({"GET", "PUT"}, "log-level", {}, [operators](Call call, net::Reply reply) {
    if (call.request.method == "PUT") return change_level(*operators, std::move(call), std::move(reply));
    reply(level_document(operators->log_level()));
  });
}

}  // namespace belfry::api
