// The events that sources are known to send. For messages only: what is not in it is routed like everything else. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"

namespace belfry::config {

struct CatalogueEvent {
  std::string id;                 // of Coder's template; empty: not known
  std::string name;               // as Coder writes it today
  std::vector<std::string> also;  // what other versions call it
  std::string group;
  std::vector<std::string> labels;

  bool operator==(const CatalogueEvent&) const = default;
};

class Catalogue {
 public:
  // The one with the same id, without an id the one with the same name, gives way.
  void add(CatalogueEvent event);

  // Null when there is none.
  [[nodiscard]] const CatalogueEvent* by_id(std::string_view id) const;
  // Old names count.
  [[nodiscard]] const CatalogueEvent* by_name(std::string_view name) const;
  [[nodiscard]] const std::vector<CatalogueEvent>& events() const { return events_; }

 private:
  std::vector<CatalogueEvent> events_;
};

// Adds the events of a file in the form of config/coder-events.yaml, and reports what is wrong with it.
void read_catalogue(const Value& written, Catalogue& out);

// What is built in.
[[nodiscard]] const Catalogue& shipped_catalogue();

// A UUID in lower case, the form in which Coder writes it.
[[nodiscard]] bool is_template_id(std::string_view text);

}  // namespace belfry::config
