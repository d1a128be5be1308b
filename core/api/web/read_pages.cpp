// The read-only pages.
#include "api/operators/filter_text.hpp"
#include "api/operators/text_rules.hpp"
#include "api/web/overview.hpp"
#include "api/web/page_context.hpp"
#include "api/web/timeline.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr std::size_t kPageSize = 100;
constexpr const char* kDefaultSince = "2d";

json option(const std::string& value, const std::string& label, const std::string& chosen) {
  return {{"value", value}, {"label", label}, {"selected", value == chosen}};
}

json sink_options(const Visit& visit) {
  const auto chosen = visit.query.get("sink");
  json out = json::array({option("", "all", chosen)});
  for (const auto& sink : visit.context->parts.operators->sinks()) out.push_back(option(sink, sink, chosen));
  return out;
}

json state_options(const Visit& visit) {
  const auto chosen = visit.query.get("state");
  json out = json::array({option("", "all", chosen)});
  for (const auto state : listed_states()) out.push_back(option(std::string(store::to_string(state)), state_model(state)["label"], chosen));
  return out;
}

std::string bulk_address(const Visit& visit, BulkAction action) {
  Fields fields{{"action", std::string(to_string(action))}};
  for (const auto* name : {"sink", "to", "event", "since"}) fields.set(name, visit.query.get(name));
  return address("/deliveries/bulk", fields);
}

// The page with the filter as it was written, and no deliveries yet.
json list_model(const Visit& visit, bool dead_only) {
  return {{"path", visit.path},
          {"show_states", !dead_only},
          {"states", state_options(visit)},
          {"sinks", sink_options(visit)},
          {"filter", {{"to", visit.query.get("to")}, {"event", visit.query.get("event")}, {"since", visit.query.get("since")}}},
          {"error", nullptr},
          {"listed", false},
          {"can_change", dead_only},
          {"retry_all", bulk_address(visit, BulkAction::retry)},
          {"discard_all", bulk_address(visit, BulkAction::discard)},
          {"nothing", dead_only ? "No dead letter matches." : "No delivery matches."}};
}

void show_list(Visit visit, const std::string& title, bool dead_only) {
  if (!visit.has_only({"state", "sink", "to", "event", "since", "cursor"})) return;
  auto model = list_model(visit, dead_only);
  const auto refused = [&](const base::Error& error) {
    model["error"] = error.message;
    visit.show("deliveries", {title, std::move(model)}, 400);
  };
  const auto filter = filter_of(visit, visit.query, dead_only ? "dead" : "");
  if (!filter) return refused(filter.error());
  store::PageRequest page{kPageSize, 0};
  if (const auto cursor = visit.query.get("cursor"); !cursor.empty()) {
    const auto before = read_cursor('d', cursor);
    if (!before) return refused(before.error());
    page.before = *before;
  }
  const auto context = visit.context;
  context->parts.operators->list(
      *filter, page, [visit = std::move(visit), model = std::move(model), title](base::Result<store::DeliveryPage> found) mutable {
        if (!found) return visit.refuse(found.error());
        const auto times = visit.context->times();
        json rows = json::array();
        for (const auto& listed : found->deliveries) rows.push_back(delivery_model(listed, times));
        auto next = visit.query;
        if (found->next != 0) next.set("cursor", write_cursor('d', found->next));
        model["listed"] = true;
        model["any_deliveries"] = !rows.empty();
        model["deliveries"] = std::move(rows);
        model["next"] = found->next == 0 ? json() : json(address(visit.path, next));
        visit.show("deliveries", {title, std::move(model)});
      });
}

json answer_model(const WhyAnswer& answer, const TimeText& times) {
  json explanations = json::array();
  for (const auto& one : answer.explanations) {
    explanations.push_back({{"number", std::to_string(explanations.size())},
                            {"href", address("/delivery", {{"id", one.notification}})},
                            {"event", one.event.empty() ? "(no name)" : one.event},
                            {"source", one.source},
                            {"received", times(one.received_at)},
                            {"text", one.text}});
  }
  json heard = json::array();
  for (const auto& source : answer.heard) heard.push_back({{"source", source.source}, {"at", times(source.at)}});
  const bool none = answer.explanations.empty();
  return {{"explanations", std::move(explanations)},
          {"more", answer.more},
          {"answer", none ? answer.text : std::string()},
          {"any_heard", !heard.empty()},
          {"heard", std::move(heard)}};
}

base::Result<WhyQuery> why_query(const Visit& visit, base::Timestamp now) {
  WhyQuery query;
  query.to = visit.query.get("to");
  query.id = visit.query.text("id");
  for (const auto* text : {&query.to, &query.id})
    if (const auto problem = text_problem(*text); !problem.empty())
      return base::fail(base::ErrorCode::invalid, "the recipient or the id " + problem);
  if (!query.to.empty() && !query.id.empty())
    return base::fail(base::ErrorCode::invalid, "both a recipient and an id are set; enter only one of them");
  if (query.to.empty()) return query;
  if (!is_email(query.to)) return base::fail(base::ErrorCode::invalid, "the recipient is \"" + query.to + "\"; write an e-mail address");
  const auto since = visit.query.get("since");
  auto start = read_since(since.empty() ? kDefaultSince : since, now);
  if (!start) return std::unexpected(start.error());
  query.since = *start;
  return query;
}

json action_model(const store::OperatorAction& action, const TimeText& times) {
  return {{"at", times(action.at)},    {"action", action.action},         {"by", action.by},
          {"subject", action.subject}, {"deliveries", action.deliveries}, {"reason", action.reason}};
}

}  // namespace

void show_overview(Visit visit) {
  if (!visit.has_only({})) return;
  const auto context = visit.context;
  context->parts.status([visit = std::move(visit)](const json& status) mutable {
    visit.show("overview", {"Overview", overview_model(status, visit.context->times())});
  });
}

void show_deliveries(Visit visit) { show_list(std::move(visit), "Deliveries", false); }
void show_dead_letters(Visit visit) { show_list(std::move(visit), "Dead letters", true); }

void show_delivery(Visit visit) {
  if (!visit.has_only({"id"})) return;
  auto id = visit.query.text("id");
  if (id.empty()) return visit.refuse(400, "the address has no id; open a delivery from the list");
  if (const auto problem = text_problem(id); !problem.empty()) return visit.refuse(400, "the id " + problem);
  const auto context = visit.context;
  context->parts.operators->show(std::move(id), [visit = std::move(visit)](base::Result<std::vector<ShownNotification>> found) mutable {
    if (!found) return visit.refuse(found.error());
    json matches = json::array();
    for (const auto& shown : *found) matches.push_back(notification_model(shown, matches.size() + 1, visit.context->times()));
    visit.show("delivery", {"Delivery", {{"matches", std::move(matches)}}});
  });
}

void show_why(Visit visit) {
  if (!visit.has_only({"to", "since", "id"})) return;
  json model{{"to", visit.query.get("to")}, {"since", visit.query.get("since")}, {"id", visit.query.get("id")}, {"error", nullptr}};
  if (visit.query.get("since").empty()) model["since"] = kDefaultSince;
  const auto title = "Why did somebody not get a message?";
  const auto query = why_query(visit, visit.context->times().now);
  if (!query) {
    model["error"] = query.error().message;
    return visit.show("why", {title, std::move(model)}, 400);
  }
  if (query->to.empty() && query->id.empty()) return visit.show("why", {title, std::move(model)});
  const auto context = visit.context;
  context->parts.operators->why(
      *query, [visit = std::move(visit), model = std::move(model), title](base::Result<WhyAnswer> answer) mutable {
        if (!answer) {
          model["error"] = answer.error().message;
          return visit.show("why", {title, std::move(model)}, answer.error().code == base::ErrorCode::not_found ? 404 : 503);
        }
        model.update(answer_model(*answer, visit.context->times()));
        visit.show("why", {title, std::move(model)});
      });
}

void show_audit(Visit visit) {
  if (!visit.has_only({"cursor"})) return;
  std::uint64_t before = 0;
  if (const auto cursor = visit.query.get("cursor"); !cursor.empty()) {
    const auto position = read_cursor('a', cursor);
    if (!position) return visit.refuse(position.error());
    before = *position;
  }
  const auto context = visit.context;
  context->parts.operators->audit(static_cast<std::int64_t>(before), kPageSize,
                                  [visit = std::move(visit)](base::Result<std::vector<store::OperatorAction>> found) mutable {
                                    if (!found) return visit.refuse(found.error());
                                    json rows = json::array();
                                    for (const auto& action : *found) rows.push_back(action_model(action, visit.context->times()));
                                    json next;
                                    if (found->size() == kPageSize) {
                                      const auto last = static_cast<std::uint64_t>(found->back().id);
                                      next = address("/audit", {{"cursor", write_cursor('a', last)}});
                                    }
                                    const bool any = !rows.empty();
                                    visit.show("audit", {"Audit log", {{"any_actions", any}, {"actions", rows}, {"next", next}}});
                                  });
}

}  // namespace belfry::api::web
