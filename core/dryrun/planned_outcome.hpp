// The deliveries that a configuration would make of one notification, as far as an administrator sees them. The running gateway computes
// them with its own rules, and `belfry plan` with those of another configuration, to compare the two.
// Thread rule: values, and pure functions.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "delivery/planner.hpp"

namespace belfry::dryrun {

// How a delivery is made, apart from its destination.
struct DeliveryDetails {
  std::string route;
  nlohmann::json overrides = nlohmann::json::object();
  std::vector<std::string> fallback;
  std::string timing;   // in words, the same for every recipient
  std::string text;     // the fingerprint of title and body
  std::string buttons;  // that of the buttons
  std::optional<store::DedupeKey> dedupe;

  bool operator==(const DeliveryDetails&) const = default;
};

struct PlannedOutcome {
  using Target = std::pair<std::string, std::string>;  // sink and key of the destination

  std::string dropped;  // by which processor, and why; empty: not dropped
  std::map<Target, DeliveryDetails> deliveries;

  bool operator==(const PlannedOutcome&) const = default;
};

// `notification`: as the source sent it (model/original.hpp). Planned for the time when it was received.
[[nodiscard]] PlannedOutcome planned_outcome(const delivery::Planner& planner, const model::Notification& notification);

// {"dropped", "deliveries": [{"sink", "destination", "route", "overrides", "fallback", "timing", "text", "buttons", "dedupe"}]}
[[nodiscard]] nlohmann::json document_of(const PlannedOutcome& outcome);
// The inverse. ErrorCode::failed: the document has another shape.
[[nodiscard]] base::Result<PlannedOutcome> planned_outcome_from(const nlohmann::json& document);

}  // namespace belfry::dryrun
