#include "api/web/page_context.hpp"

#include <algorithm>

#include "api/operators/filter_text.hpp"
#include "api/operators/text_rules.hpp"

namespace belfry::api::web {
namespace {

std::optional<std::string> filled(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

TimeText PageContext::times() const { return {parts.operators->now(), zone}; }

void Visit::show(std::string_view page, PageContent content, int status) {
  reply(context->writer.page(status, page, std::move(content), visitor, path, context->times()));
}

void Visit::refuse(int status, const std::string& message) { reply(context->writer.error(status, message, visitor, context->times())); }

void Visit::refuse(const base::Error& error) {
  refuse(error.code == base::ErrorCode::invalid ? 400 : error.code == base::ErrorCode::not_found ? 404 : 503, error.message);
}

bool Visit::has_only(const std::vector<std::string_view>& parameters) {
  for (const auto& [name, value] : query.list()) {
    if (std::ranges::find(parameters, name) != parameters.end()) continue;
    refuse(400, "the address has the unknown parameter \"" + name + "\"; open the page from the navigation");
    return false;
  }
  return true;
}

base::Result<store::Filter> filter_of(const Visit& visit, const Fields& fields, const std::string& state) {
  for (const auto* name : {"sink", "to", "event", "since"}) {
    if (const auto problem = text_problem(fields.get(name)); !problem.empty())
      return base::fail(base::ErrorCode::invalid, std::string(name) + " " + problem);
  }
  const FilterText text{filled(state.empty() ? fields.get("state") : state), filled(fields.get("sink")), filled(fields.get("to")),
                        filled(fields.get("event")), filled(fields.get("since"))};
  return read_filter(text, visit.context->parts.operators->sinks(), visit.context->times().now);
}

base::Result<std::string> reason_of(const Fields& form, BulkAction action) {
  auto reason = form.get("reason");
  if (const auto problem = text_problem(reason); !problem.empty()) return base::fail(base::ErrorCode::invalid, "the reason " + problem);
  if (reason.size() > kMaxReason)
    return base::fail(base::ErrorCode::invalid,
                      "the reason has " + std::to_string(reason.size()) + " bytes; write at most " + std::to_string(kMaxReason));
  if (reason.empty() && action == BulkAction::discard)
    return base::fail(base::ErrorCode::invalid, "a discard needs a reason, and nothing was changed; go back and write one");
  return reason;
}

base::Result<BulkAction> action_of(const Fields& fields) {
  const auto action = fields.get("action");
  if (action == to_string(BulkAction::retry)) return BulkAction::retry;
  if (action == to_string(BulkAction::discard)) return BulkAction::discard;
  return base::fail(base::ErrorCode::invalid, "the action is \"" + action + "\"; it can be retry or discard");
}

}  // namespace belfry::api::web
