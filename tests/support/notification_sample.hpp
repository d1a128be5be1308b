// A notification with a value in every field that conditions and templates can read.
#pragma once
#include "model/notification.hpp"

namespace belfry::test {

inline model::Notification sample() {
  model::Notification n;
  n.id = "01";
  n.source = "coder";
  n.name = "Workspace Deleted";
  n.template_id = "f517da0b-cdc9-410f-ab89-a86107c420ed";
  n.title = "Workspace \"castle\" deleted";
  n.body = "Hi Quasimodo,\nyour workspace castle is gone.";
  n.recipient = {.id = "user-7", .email = "Quasi.Modo@Example.com", .name = "Quasimodo", .username = "quasi"};
  n.labels = {{"reason", "autodeleted due to dormancy"}, {"hours", "24"}, {"a.b", "dotted"}, {"blank", ""}};
  n.data = {{"owner", {{"email", "esme@example.com"}}},
            {"failed", 4},
            {"ratio", 0.5},
            {"urgent", true},
            {"nothing", nullptr},
            {"list", {1, 2}},
            {"big", 18446744073709551615ULL}};
  return n;
}

}  // namespace belfry::test
