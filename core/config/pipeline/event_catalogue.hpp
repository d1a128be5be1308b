// Catalogue of the events that sources are known to send. Used for messages only: unknown events are routed like all others. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/document/value.hpp"

namespace belfry::config {

struct CatalogueEvent {
  std::string id;                    // of Coder's template; empty: unknown
  std::string name;                  // as Coder writes it today
  std::vector<std::string> aliases;  // names in other versions of Coder
  std::string group;
  std::vector<std::string> labels;

  bool operator==(const CatalogueEvent&) const = default;
};

class EventCatalogue {
 public:
  // Replaces the event with the same id, or, for an event without an id, the event with the same name.
  void add(CatalogueEvent event);

  // Both return null when there is no such event.
  [[nodiscard]] const CatalogueEvent* by_id(std::string_view id) const;
  // Searches the aliases as well.
  [[nodiscard]] const CatalogueEvent* by_name(std::string_view name) const;
  [[nodiscard]] const std::vector<CatalogueEvent>& events() const { return events_; }

 private:
  std::vector<CatalogueEvent> events_;
};

// Adds the events of a file in the form of config/coder-events.yaml to `out`, and reports its problems.
void read_catalogue(const Value& written, EventCatalogue& out);

// The built-in catalogue.
[[nodiscard]] const EventCatalogue& shipped_catalogue();

// Whether `text` is a UUID in lower case, the form in which Coder writes template ids.
[[nodiscard]] bool is_template_id(std::string_view text);

}  // namespace belfry::config
