#include "api/admin/documents.hpp"

#include "api/operators/filter_text.hpp"
#include "model/names.hpp"
#include "model/untrusted_json.hpp"

namespace belfry::api {
namespace {

using nlohmann::json;

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json time_or_null(base::Timestamp time) { return time == base::Timestamp{} ? json() : json(base::to_rfc3339(time)); }

json receipt_or_null(const std::string& receipt) {
  if (receipt.empty()) return {};
  auto parsed = model::parse_untrusted(receipt);
  return parsed.is_discarded() ? json() : parsed;
}

json notification_document(const model::Notification& n, bool erased) {
  const bool hidden = n.sensitive || erased;
  return {{"id", n.id},
          {"source", n.source},
          {"msg_id", n.msg_id},
          {"received_at", base::to_rfc3339(n.received_at)},
          {"event", text_or_null(n.name)},
          {"title", hidden ? json() : json(n.title)},
          {"body", hidden ? json() : json(n.body)},
          {"severity", text_or_null(n.severity)},
          {"to", text_or_null(n.recipient.email)},
          {"name", n.sensitive ? json() : text_or_null(n.recipient.name)},
          {"labels", n.sensitive ? json::object() : json(n.labels)},
          {"sensitive", n.sensitive},
          {"erased", erased}};
}

json attempt_document(const model::Attempt& attempt) {
  const auto& outcome = attempt.outcome;
  return {{"delivery", attempt.delivery_id},
          {"number", attempt.number},
          {"started_at", base::to_rfc3339(attempt.started_at)},
          {"finished_at", attempt.finished_at ? json(base::to_rfc3339(*attempt.finished_at)) : json()},
          {"outcome", outcome ? json(model::to_string(outcome->code)) : json()},
          {"reason", outcome ? text_or_null(outcome->reason) : json()},
          {"detail", outcome ? text_or_null(outcome->detail) : json()},
          {"late", attempt.late}};
}

json decision_document(const model::Decision& decision) {
  return {{"at", base::to_rfc3339(decision.at)},
          {"delivery", text_or_null(decision.delivery_id)},
          {"event", decision.event},
          {"detail", decision.detail}};
}

template <class T>
json array_of(const std::vector<T>& list, json (*written)(const T&)) {
  auto all = json::array();
  for (const auto& one : list) all.push_back(written(one));
  return all;
}

std::string_view name_of(BulkJob::State state) {
  switch (state) {
    case BulkJob::State::running: return "running";
    case BulkJob::State::done: return "done";
    case BulkJob::State::failed: return "failed";
  }
  return "failed";
}

}  // namespace

json document(const store::ListedDelivery& listed) {
  const auto& d = listed.delivery;
  return {{"id", d.id},
          {"notification", d.notification_id},
          {"source", listed.source},
          {"msg_id", listed.msg_id},
          {"event", text_or_null(listed.event)},
          {"to", text_or_null(listed.email)},
          {"sink", d.sink},
          {"destination", {{"audience", model::to_string(d.destination.audience)}, {"address", d.destination.address}}},
          {"route", text_or_null(d.route)},
          {"state", to_string(listed.state)},
          {"digest", d.kind == model::DeliveryKind::digest},
          {"sensitive", d.sensitive},
          {"created_at", base::to_rfc3339(d.created_at)},
          {"due_at", base::to_rfc3339(d.due_at)},
          {"expires_at", base::to_rfc3339(d.expires_at)},
          {"ended_at", time_or_null(d.finished_at)},
          {"attempts", d.attempts},
          {"reason", text_or_null(d.last_reason)},
          {"detail", text_or_null(d.last_detail)},
          {"receipt", receipt_or_null(d.receipt)},
          {"possible_duplicate", d.possible_duplicate},
          {"fallback_of", text_or_null(d.fallback_of)}};
}

json document(const store::DeliveryPage& page) {
  return {{"deliveries", array_of(page.deliveries, document)}, {"next", page.next == 0 ? json() : json(write_cursor('d', page.next))}};
}

json document(const ShownNotification& shown) {
  return {{"notification", notification_document(shown.notification, shown.erased)},
          {"deliveries", array_of(shown.deliveries, document)},
          {"attempts", array_of(shown.attempts, attempt_document)},
          {"decisions", array_of(shown.decisions, decision_document)},
          {"explanation", shown.explanation}};
}

json document(const store::Changed& changed) {
  auto unchanged = json::array();
  for (const auto& one : changed.unchanged) unchanged.push_back({{"id", one.delivery_id}, {"why", one.why}});
  return {{"changed", changed.changed}, {"unchanged", std::move(unchanged)}};
}

json document(const BulkJob& job) {
  return {{"id", job.id},
          {"action", to_string(job.action)},
          {"state", name_of(job.state)},
          {"changed", job.changed},
          {"unchanged", job.unchanged},
          {"reasons", job.reasons},
          {"error", text_or_null(job.error)}};
}

json document(const WhyAnswer& answer) {
  auto explanations = json::array();
  for (const auto& one : answer.explanations)
    explanations.push_back({{"notification", one.notification},
                            {"source", one.source},
                            {"msg_id", one.msg_id},
                            {"received_at", base::to_rfc3339(one.received_at)},
                            {"event", text_or_null(one.event)},
                            {"text", one.text}});
  auto heard = json::array();
  for (const auto& source : answer.heard)
    heard.push_back({{"source", source.source}, {"at", base::to_rfc3339(source.at)}, {"msg_id", source.msg_id}});
  return {
      {"explanations", std::move(explanations)}, {"more", answer.more}, {"heard", std::move(heard)}, {"text", text_or_null(answer.text)}};
}

json document(const store::OperatorAction& action) {
  return {{"id", action.id},
          {"at", base::to_rfc3339(action.at)},
          {"action", action.action},
          {"by", action.by},
          {"reason", text_or_null(action.reason)},
          {"subject", text_or_null(action.subject)},
          {"deliveries", action.deliveries}};
}

}  // namespace belfry::api
