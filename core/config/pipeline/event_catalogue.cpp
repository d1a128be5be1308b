#include "config/pipeline/event_catalogue.hpp"

#include <algorithm>

#include "config/pipeline/shipped_events.hpp"

namespace belfry::config {
namespace {

constexpr SectionKeys kCatalogueKeys{"", "events", ""};
constexpr SectionKeys kEventKeys{"events[]", "id name also group labels", ""};

std::vector<std::string> texts(const Value& written, std::string_view form) {
  std::vector<std::string> out;
  for (const auto& entry : written.entries(form)) {
    if (auto text = entry.text(form)) out.push_back(*std::move(text));
  }
  return out;
}

void read_event(const Value& written, EventCatalogue& out) {
  const Section section(written, kEventKeys);
  CatalogueEvent event;
  if (const auto id = section.get("id")) {
    constexpr std::string_view kForm = "the id of Coder's template, a UUID in lower case";
    assign(event.id, id->text(kForm));
    if (!event.id.empty() && !is_template_id(event.id)) id->expected(kForm);
  }
  if (const auto name = section.require("name", "name: Workspace Deleted")) assign(event.name, name->text("the name of the event"));
  if (const auto also = section.get("also")) event.aliases = texts(*also, "a list of other names");
  if (const auto group = section.get("group")) assign(event.group, group->text("the name of a group"));
  if (const auto labels = section.get("labels")) event.labels = texts(*labels, "a list of labels, such as [workspace, reason]");
  if (!event.name.empty()) out.add(std::move(event));
}

}  // namespace

void EventCatalogue::add(CatalogueEvent event) {
  const auto same = [&](const CatalogueEvent& other) { return event.id.empty() ? event.name == other.name : event.id == other.id; };
  if (const auto found = std::ranges::find_if(events_, same); found != events_.end()) {
    *found = std::move(event);
  } else {
    events_.push_back(std::move(event));
  }
}

const CatalogueEvent* EventCatalogue::by_id(std::string_view id) const {
  const auto found = id.empty() ? events_.end() : std::ranges::find(events_, id, &CatalogueEvent::id);
  return found == events_.end() ? nullptr : &*found;
}

const CatalogueEvent* EventCatalogue::by_name(std::string_view name) const {
  const auto has = [&](const CatalogueEvent& event) {
    return event.name == name || std::ranges::find(event.aliases, name) != event.aliases.end();
  };
  const auto found = std::ranges::find_if(events_, has);
  return found == events_.end() ? nullptr : &*found;
}

void read_catalogue(const Value& written, EventCatalogue& out) {
  constexpr std::string_view kForm = "[{ id: 281fdf73-c6d6-4cbb-8ff5-888baf8a2fff, name: Workspace Created, labels: [workspace] }]";
  if (written.node().kind != yaml::Node::Kind::map) {
    written.context().report.error(written.at(), "a catalogue is not a mapping; write events: " + std::string(kForm));
    return;
  }
  const Section section(written, kCatalogueKeys);
  const auto events = section.get("events");
  if (!events) {
    if (!section.may_contain("events"))
      written.context().report.error(written.at(), "a catalogue without events; write events: " + std::string(kForm));
    return;
  }
  constexpr std::size_t kLimit = 1000;
  for (const auto& event : events->entries("a list of events, such as " + std::string(kForm))) {
    if (out.events().size() == kLimit) return event.error("is one of more than " + std::to_string(kLimit) + " events; write fewer");
    read_event(event, out);
  }
}

const EventCatalogue& shipped_catalogue() {
  static const EventCatalogue kCatalogue = [] {
    Report report("coder-events.yaml");
    const Environment environment{[](const std::string&) { return std::optional<std::string>(); }};
    const References references(environment);
    const Context context{report, references, environment};
    EventCatalogue out;
    if (const auto tree = yaml::parse(kShippedEvents, report)) read_catalogue(Value(context, *tree, "", tree->at), out);
    return out;
  }();
  return kCatalogue;
}

bool is_template_id(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::ranges::equal(text, kShape, [&](char c, char shape) { return shape == '-' ? c == '-' : hex(c); });
}

}  // namespace belfry::config
