// The pages that change something, and those that lead to them.
#include <algorithm>

#include "api/operators/text_rules.hpp"
#include "api/web/page_context.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxIds = 1'000;
constexpr std::size_t kMaxShownChanges = 100;
constexpr const char* kFilterFields[] = {"sink", "to", "event", "since"};

std::string dead_letters(const Fields& fields) {
  Fields filter;
  for (const auto* name : kFilterFields) filter.set(name, fields.get(name));
  return address("/dead-letters", filter);
}

std::string deliveries(std::uint64_t count) { return counted(count, "delivery", "deliveries"); }
std::string dead_letters(std::uint64_t count) { return counted(count, "dead letter", "dead letters"); }

const char* past_of(BulkAction action) { return action == BulkAction::retry ? "Returned to the queue" : "Discarded"; }

std::string delivery_address(const std::string& id) { return address("/delivery", {{"id", id}}); }

PageContent result_of(const store::Changed& changed, BulkAction action) {
  json done = json::array();
  for (const auto& id : changed.changed) {
    if (done.size() == kMaxShownChanges) break;
    done.push_back({{"id", id}, {"href", delivery_address(id)}});
  }
  json left = json::array();
  for (const auto& [id, why] : changed.unchanged) left.push_back({{"id", id}, {"why", why}, {"href", delivery_address(id)}});
  return {changed.changed.empty() ? "Nothing was changed" : std::string(past_of(action)),
          {{"summary", std::string(past_of(action)) + ": " + deliveries(changed.changed.size())},
           {"any_changed", !done.empty()},
           {"changed", std::move(done)},
           {"any_unchanged", !left.empty()},
           {"unchanged", std::move(left)},
           {"back", "/dead-letters"},
           {"back_label", "Dead letters"}}};
}

// "Retry 12 dead letters that match: sink slack, recipient ada@example.com?"
std::string question(BulkAction action, const BulkCount& found, const Fields& filter) {
  if (found.count == 0) return "No dead letter matches.";
  std::string conditions;
  for (const auto& [name, label] : {std::pair{"sink", "sink "}, {"to", "recipient "}, {"event", "event "}, {"since", "since "}})
    if (const auto value = filter.get(name); !value.empty()) conditions += (conditions.empty() ? "" : ", ") + std::string(label) + value;
  return std::string(action == BulkAction::retry ? "Retry " : "Discard ") + (found.complete ? "" : "at least ") +
         dead_letters(found.count) + (conditions.empty() ? "" : " that match: " + conditions) + "?";
}

PageContent confirmation(BulkAction action, const BulkCount& found, const Fields& filter) {
  json hidden = json::array();
  for (const auto& [name, value] : filter.list()) hidden.push_back({{"name", name}, {"value", value}});
  return {action == BulkAction::retry ? "Retry all" : "Discard all",
          {{"question", question(action, found, filter)},
           {"any", found.count > 0},
           {"action", std::string(to_string(action))},
           {"filter", std::move(hidden)},
           {"required", action == BulkAction::discard},
           {"button", (action == BulkAction::retry ? "Retry " : "Discard ") + dead_letters(found.count)},
           {"back", dead_letters(filter)}}};
}

PageContent job_page(const BulkJob& job) {
  json reasons = json::array();
  for (const auto& [why, count] : job.reasons) reasons.push_back({{"why", why}, {"count", std::to_string(count)}});
  const bool running = job.state == BulkJob::State::running;
  const bool failed = job.state == BulkJob::State::failed;
  return {job.action == BulkAction::retry ? "Retrying dead letters" : "Discarding dead letters",
          {{"state", running  ? "running"
                     : failed ? "failed"
                              : "done"},
           {"tone", running  ? "wait"
                    : failed ? "bad"
                             : "good"},
           {"summary",
            std::string(past_of(job.action)) + ": " + deliveries(job.changed) + ". Left unchanged: " + deliveries(job.unchanged) + "."},
           {"error", failed ? job.error + "; the deliveries counted here have been changed; run it again for the rest" : ""},
           {"any_reasons", !reasons.empty()},
           {"reasons", std::move(reasons)},
           {"running", running},
           {"href", address("/job", {{"id", job.id}})}}};
}

}  // namespace

void change_deliveries(Visit visit) {
  const auto action = action_of(visit.form);
  if (!action) return visit.refuse(action.error());
  auto ids = visit.form.all("id");
  if (ids.empty()) return visit.refuse(400, "no delivery was selected, and nothing was changed; go back and select some");
  if (ids.size() > kMaxIds)
    return visit.refuse(
        413, std::to_string(ids.size()) + " deliveries are selected; change at most 1,000 at a time, or all that match a filter");
  for (const auto& id : ids)
    if (const auto problem = text_problem(id); !problem.empty()) return visit.refuse(400, "an id " + problem);
  auto reason = reason_of(visit.form, *action);
  if (!reason) return visit.refuse(reason.error());
  store::Operator by{visit.visitor.name, *std::move(reason)};
  const auto context = visit.context;
  context->parts.operators->change(*action, std::move(ids), std::move(by),
                                   [visit = std::move(visit), action = *action](base::Result<store::Changed> changed) mutable {
                                     if (!changed) return visit.refuse(changed.error());
                                     visit.show("result", result_of(*changed, action), changed->changed.empty() ? 409 : 200);
                                   });
}

void show_bulk(Visit visit) {
  if (!visit.has_only({"action", "sink", "to", "event", "since"})) return;
  const auto action = action_of(visit.query);
  if (!action) return visit.refuse(action.error());
  const auto filter = filter_of(visit, visit.query, "dead");
  if (!filter) return visit.refuse(filter.error());
  // A time such as "2d" would select others by the time the form is sent.
  auto fields = visit.query;
  fields.set("action", {});
  if (filter->since) fields.set("since", base::to_rfc3339(*filter->since));
  const auto context = visit.context;
  context->parts.operators->count(
      *filter, [visit = std::move(visit), fields = std::move(fields), action = *action](base::Result<BulkCount> found) mutable {
        if (!found) return visit.refuse(found.error());
        visit.show("bulk", confirmation(action, *found, fields));
      });
}

void begin_bulk(Visit visit) {
  const auto action = action_of(visit.form);
  if (!action) return visit.refuse(action.error());
  const auto filter = filter_of(visit, visit.form, "dead");
  if (!filter) return visit.refuse(filter.error());
  auto reason = reason_of(visit.form, *action);
  if (!reason) return visit.refuse(reason.error());
  const auto job = visit.context->parts.operators->begin_job(*action, *filter, {visit.visitor.name, *std::move(reason)});
  if (!job) return visit.refuse(job.error().code == base::ErrorCode::unavailable ? 409 : 400, job.error().message);
  visit.go_to(address("/job", {{"id", job->id}}));
}

void show_job(Visit visit) {
  if (!visit.has_only({"id"})) return;
  const auto job = visit.context->parts.operators->job(visit.query.get("id"));
  if (!job)
    return visit.refuse(404, "there is no such job; it ended more than ten minutes ago, or the gateway was restarted; see the audit log");
  auto response = visit.context->writer.page(200, "job", job_page(*job), visit.visitor, "/dead-letters", visit.context->times());
  if (job->state == BulkJob::State::running) response.headers.add("Refresh", "2");
  visit.reply(std::move(response));
}

void release_sink(Visit visit) {
  const auto sink = visit.form.get("sink");
  const auto& known = visit.context->parts.releasable_sinks;
  if (std::ranges::find(known, sink) == known.end()) return visit.refuse(404, "the configuration has no sink \"" + sink + "\"");
  const auto context = visit.context;
  store::Operator by{visit.visitor.name, {}};
  context->parts.release(sink, std::move(by), [visit = std::move(visit), sink](bool done, const json& document) mutable {
    const auto detail = document.value("detail", std::string());
    json model{{"summary", detail},    {"any_changed", false}, {"changed", nullptr},      {"any_unchanged", false},
               {"unchanged", nullptr}, {"back", "/"},          {"back_label", "Overview"}};
    const bool released = document.value("released", done);
    const auto* what = released ? " tries now" : done ? " needs no release" : " cannot try now";
    visit.show("result", {"Sink " + sink + what, std::move(model)}, done ? 200 : 409);
  });
}

}  // namespace belfry::api::web
