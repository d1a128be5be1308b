// A pasted payload: the rules that match it, and the messages that the sinks would send.
#include <algorithm>

#include "api/web/message_preview.hpp"
#include "api/web/page_context.hpp"

namespace belfry::api::web {
namespace {

using nlohmann::json;

constexpr const char* kPreviewTitle = "Preview";

json form_model(const Visit& visit) {
  const auto sources = visit.context->parts.preview.sources();
  json options = json::array();
  for (const auto& source : sources) options.push_back({{"value", source}, {"selected", source == visit.form.get("source")}});
  return {{"many_sources", sources.size() > 1},
          {"sources", std::move(options)},
          {"payload", visit.form.text("payload")},
          {"error", nullptr},
          {"shown", false}};
}

json rules_of(const json& explanation) {
  constexpr std::size_t kDeepestIndent = 3;  // the deepest indentation of the style sheet
  json out = json::array();
  for (const auto& entry : explanation.value("trace", json::array())) {
    const auto verdict = string_at(entry, "verdict");
    out.push_back({{"name", string_at(entry, "name")},
                   {"kind", string_at(entry, "kind")},
                   {"verdict", verdict},
                   {"tone", verdict == "matched" ? "good" : "plain"},
                   {"why", string_at(entry, "why")},
                   {"location", string_at(entry, "where")},
                   {"depth", std::to_string(std::min(entry.value("depth", std::size_t{0}), kDeepestIndent))}});
  }
  return out;
}

// "direct message to ada@example.com, due 2026-01-31 10:00:00 CET"
std::string destination_of(const json& delivery, const TimeText& times) {
  auto out = string_at(delivery, "audience") == "shared" ? "to " + string_at(delivery, "recipient")
                                                         : "direct message to " + string_at(delivery, "recipient");
  const auto digest = times.of(delivery.value("digest_due_at", json()));
  const auto due = digest.is_object() ? digest : times.of(delivery.value("due_at", json()));
  if (due.is_object()) out += (digest.is_object() ? ", in a digest due " : ", due ") + string_at(due, "text");
  return out;
}

json messages_of(const Preview& preview, const TimeText& times) {
  json out = json::array();
  const auto planned = preview.explanation.value("deliveries", json::array());
  for (std::size_t i = 0; i < planned.size() && i < preview.messages.size(); ++i) {
    const auto& message = preview.messages[i];
    auto blocks = message_blocks(message.requests);
    out.push_back(
        {{"number", std::to_string(i)},
         {"sink", string_at(planned[i], "sink")},
         {"route", string_at(planned[i], "route")},
         {"destination", destination_of(planned[i], times)},
         {"timing", string_at(planned[i], "timing")},
         {"problem", message.problem},
         {"any_blocks", !blocks.empty()},
         {"blocks", std::move(blocks)},
         {"requests", message.requests.is_array() ? json(message.requests.dump(2, ' ', false, json::error_handler_t::replace)) : json()}});
  }
  return out;
}

json preview_notes(const json& explanation) {
  json out = json::array();
  for (const auto& note : explanation.value("notes", json::array()))
    if (const auto what = string_at(note, "what"); what != "routed" && what != "dropped")
      out.push_back(what + ": " + string_at(note, "detail"));
  return out;
}

json shown_model(const Preview& preview, const TimeText& times) {
  auto rules = rules_of(preview.explanation);
  auto notes = preview_notes(preview.explanation);
  auto messages = messages_of(preview, times);
  const bool dropped = preview.explanation.value("dropped", json()).is_string();
  const auto reason = string_at(preview.explanation, "dropped");
  return {{"shown", true},
          {"dropped", !dropped         ? std::string()
                      : reason.empty() ? "by a processor"
                                       : reason},
          {"any_rules", !rules.empty()},
          {"rules", std::move(rules)},
          {"any_notes", !notes.empty()},
          {"notes", std::move(notes)},
          {"any_messages", !messages.empty()},
          {"messages", std::move(messages)}};
}

}  // namespace

void show_preview(Visit visit) {
  if (!visit.has_only({})) return;
  auto model = form_model(visit);
  visit.show("preview", {kPreviewTitle, std::move(model)});
}

void run_preview(Visit visit) {
  auto model = form_model(visit);
  PreviewRequest request{visit.form.text("payload"), visit.form.get("source")};
  const auto context = visit.context;
  context->parts.preview.run(
      std::move(request), [visit = std::move(visit), model = std::move(model)](base::Result<Preview> preview) mutable {
        if (!preview) {
          model["error"] = preview.error().message;
          return visit.show("preview", {kPreviewTitle, std::move(model)}, preview.error().code == base::ErrorCode::unavailable ? 503 : 400);
        }
        model.update(shown_model(*preview, visit.context->times()));
        visit.show("preview", {kPreviewTitle, std::move(model)});
      });
}

}  // namespace belfry::api::web
